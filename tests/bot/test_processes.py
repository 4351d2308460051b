"""Several webs and workers on one Redis: one instance, one card, one thread, and each event told once."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack

from pydantic import SecretStr

from bot.sandbox.novita import Fault as NovitaFault
from bot.sandbox.slack import Fault
from bot.wiring.base import open_base
from bot.wiring.worker import as_worker
from core.domain.instance import Status
from tests.bot.app_fixture import open_house
from tests.bot.redis_line import RedisLine
from tests.patience import patience


async def test_two_webs_and_two_workers_tell_one_story_once(redis_url: str) -> None:
    async with open_house(redis_url, webs=2, workers=2) as house:
        house.novita.out_of_stock_at_create("AS-SGP-02")
        await house.submitted("train-1")
        card = await house.card("is running")
        created, running = await house.replies(card, 2)
        assert "is created" in created
        assert "is running" in running
        assert house.slack.person("bo").messages("gpu") == [card]
        types = [str(event.type) for event in await house.base.store.timeline((await house.record(card)).id)]
        told_once = ("instance_requested", "region_refused", "instance_created", "instance_running")
        assert [types.count(each) for each in told_once] == [1, 1, 1, 1], types
    assert len(house.slack.thread(card)) == 2, "nothing came later"


async def test_many_creates_over_two_webs_and_two_workers_make_as_many_stories(redis_url: str) -> None:
    async with open_house(redis_url, webs=2, workers=2) as house:
        modals = [await house.modal(who) for who in ("ada", "bo", "cy") for _ in range(4)]
        for number, modal in enumerate(modals):  # Or all have the same name, which only one of them can have.
            await modal.fill("name", f"train-{number}")
        results = await asyncio.gather(*(modal.submit() for modal in modals))
        assert [result for result in results if not result.updated] == []
        channel = house.slack.person("ada").messages
        await house.slack.wait_until(lambda: sum("is running" in card.shown for card in channel("gpu")) == len(modals))
        for card in channel("gpu"):
            assert len(await house.replies(card, 2)) == 2
    assert len(house.novita.instances) == len(house.novita.calls_of("create")) == len(modals) == len(channel("gpu"))
    assert all(len(house.slack.thread(card)) == 2 for card in channel("gpu"))


async def test_one_submission_delivered_to_every_web_again_and_again_makes_one_instance(redis_url: str) -> None:
    async with open_house(redis_url, webs=3, workers=2) as house:
        submission = house.signed(await house.submission())
        house.novita.fail_next("create", NovitaFault.slow(0.2))
        answers = await asyncio.gather(*(house.front.send(submission, port) for port in house.ports * 3))
        assert {answer.status for answer in answers} == {200}
        card = await house.card("is running")
        assert len(await house.replies(card, 2)) == 2
    assert len(house.novita.calls_of("create")) == 1
    assert house.slack.person("bo").messages("gpu") == [card]
    assert len(house.slack.thread(card)) == 2


async def test_a_failure_is_told_once_however_many_workers_see_it(redis_url: str) -> None:
    async with open_house(redis_url, webs=2, workers=3) as house:
        house.novita.break_image("registry.example.com/team/comfy:1.4")
        await house.submitted("train-1")
        card = await house.card("*train-1* failed")
        await house.replies(card, 2)
    assert ["failed" in reply.shown for reply in house.slack.thread(card)] == [False, True]


async def test_what_a_web_could_not_tell_before_it_left_a_worker_tells_in_order(redis_url: str) -> None:
    async with open_house(redis_url, workers=1) as house:
        modal = await house.modal()
        await modal.fill("name", "train-1")
        house.slack.faults.always("chat.postMessage", Fault.server_error(503))
        async with house.another_web() as port:
            house.slack.bot_url = f"http://127.0.0.1:{port}"
            assert (await modal.submit()).updated
            await house.novita.wait_until(lambda: bool(house.novita.instances))
        assert house.slack.person("bo").messages("gpu") == []
        house.slack.faults.clear()
        card = await house.card("is running")
        created, running = await house.replies(card, 2)
        assert ("is created" in created, "is running" in running) == (True, True)
        assert (await house.record(card)).status is Status.RUNNING


async def test_a_worker_that_is_told_to_stop_while_redis_is_stuck_stops(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, open_house(redis_url, workers=0) as house, AsyncExitStack() as stack:
        settings = house.settings.model_copy(update={"redis_url": SecretStr(line.url)})
        await stack.enter_async_context(as_worker(await stack.enter_async_context(open_base(settings))))
        await house.watched()
        line.stall()
        await line.held.wait()
        closing = asyncio.create_task(stack.aclose())
        await asyncio.sleep(0)  # It has begun to stop; then what it waits for breaks.
        await line.down()
        line.resume()
        await line.up()
        async with patience():
            await closing
