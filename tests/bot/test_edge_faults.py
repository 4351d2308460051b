"""Whatever is away or slow behind the bot: each acknowledgement comes in time, no create is lost or doubled."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from bot.sandbox.novita import Fault as NovitaFault
from bot.sandbox.slack import ANY_METHOD, Ack, Fault, Modal
from core.domain.instance import Status
from tests.bot.app_fixture import GPU, House, open_house
from tests.bot.redis_line import RedisLine
from tests.patience import Stall

LATE_SECONDS = 3.0
"""When Slack gives up. What is slow or silent here is so for much longer."""


def slack_slow(house: House, _: RedisLine) -> None:
    house.slack.faults.always(ANY_METHOD, Fault.slow(2 * LATE_SECONDS))


def slack_away(house: House, _: RedisLine) -> None:
    house.slack.faults.down = True


def novita_silent(house: House, _: RedisLine) -> None:
    house.novita.fail_all(NovitaFault.hang(has_effect=False))


def novita_broken(house: House, _: RedisLine) -> None:
    house.novita.fail_all(NovitaFault.server_error())


def redis_silent(_: House, line: RedisLine) -> None:
    line.stall()


def all_silent(house: House, line: RedisLine) -> None:
    for each in (slack_slow, novita_silent, redis_silent):
        each(house, line)


FAULTS: list[Callable[[House, RedisLine], None]] = [
    slack_slow,
    slack_away,
    novita_silent,
    novita_broken,
    redis_silent,
    all_silent,
]


@pytest.mark.parametrize("break_it", FAULTS, ids=lambda fault: fault.__name__)
async def test_no_acknowledgement_is_late_while(redis_url: str, break_it: Callable[[House, RedisLine], None]) -> None:
    async with RedisLine(redis_url) as line, open_house(line.url, workers=0) as house:
        modal = await house.modal()
        break_it(house, line)
        with mended(house, line):
            async with Stall() as stall:
                acks = await everything(house, modal)
        assert [ack.failure for ack in acks if not ack.ok] == []
        assert max(ack.seconds for ack in acks) < LATE_SECONDS + stall.seconds
        # All of it goes on behind the answers; it is waited for when the house is closed.
    assert len(house.novita.creates) <= 1


@contextmanager
def mended(house: House, line: RedisLine) -> Iterator[None]:
    try:
        yield
    finally:
        house.slack.faults.clear()
        house.novita.clear_faults()
        line.resume()


async def everything(house: House, modal: Modal) -> list[Ack]:
    """All that a person can do, and how it was acknowledged."""
    bo = house.slack.person("bo")
    began = time.monotonic()
    assert await modal.search("template_id", "comfy")
    searched = Ack(200, "", time.monotonic() - began)
    lines = ("help", "create", "nonsense", "list", "offers 4090", "templates comfy", "status train-1", "stop train-1")
    typed = [await bo.command(f"/gpu {line}") for line in lines]
    chosen = [await modal.choose("gpu_num", "2"), await modal.press("reveal_advanced")]
    submitted = (await modal.submit()).ack
    return [searched, *typed, *(ack for ack in [*chosen, submitted] if ack)]


async def test_a_submit_while_redis_is_away_is_answered_in_time_and_nothing_is_created(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, open_house(line.url, workers=0) as house:
        modal = await house.modal()
        await line.down()
        async with Stall() as stall:
            ack = (await modal.submit()).ack
        assert ack is not None
        assert ack.seconds < LATE_SECONDS + stall.seconds
        assert house.novita.calls_of("create") == []
        await line.up()


async def test_a_create_begun_while_redis_was_silent_goes_on_once_it_speaks_again(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, open_house(line.url) as house:
        modal = await house.modal()
        await modal.fill("name", "train-1")
        line.stall()
        assert (await modal.submit()).updated
        assert modal.title == "Creating…"
        assert house.novita.calls_of("create") == [], "nothing is sent before the intent is recorded"
        line.resume()
        await house.outcome("Created")
        assert len(await house.replies(await house.card("is running"), 2)) == 2
        assert len(house.novita.calls_of("create")) == 1


async def test_redis_going_away_between_yes_and_the_record_loses_nothing(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, open_house(line.url) as house:
        modal = await house.modal()
        await house.watched()
        house.novita.fail_next("create", NovitaFault.slow(0.3))
        assert (await modal.submit()).updated
        await house.card("is being created")
        await line.down()
        await house.novita.wait_until(lambda: house.novita.calls_of("create")[0].status == 200)
        await line.up()
        await house.outcome("Created")
        card = await house.card("is running")
        record = await house.record(card)
        assert (record.status, {record.remote.id}) == (Status.RUNNING, set(house.novita.instances))
        assert len(house.novita.calls_of("create")) == 1


async def test_a_burst_of_commands_is_acknowledged_in_slacks_time_while_creates_run(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        house.novita.latency = 0.3
        modals = [await house.modal(who) for who in ("ada", "bo", "cy") for _ in range(4)]
        for number, modal in enumerate(modals):  # Or all have the same name, which only one of them can have.
            await modal.fill("name", f"train-{number}")
        submissions = asyncio.gather(*(modal.submit() for modal in modals))
        acks = await asyncio.gather(*(house.slack.person("ada").command("/gpu help") for _ in range(50)))
        assert [ack.failure for ack in acks if not ack.ok] == []
        assert [result for result in await submissions if not result.updated] == []
    assert len(house.novita.instances) == len(modals)
    assert {machine.product.name for machine in house.novita.instances.values()} == {GPU}
