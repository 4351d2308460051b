"""kill -9 of the web between every two steps of a launch, then a worker: one instance at most, on record, and told."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from bot.sandbox.novita import Fault as NovitaFault
from bot.sandbox.slack import Fault, Message
from core.domain.attempt import FailureKind
from core.domain.instance import Instance, Status
from tests.bot.app_fixture import GPU
from tests.bot.redis_line import RedisLine
from tests.e2e.stage import BotProcess, Stage, open_stage
from tests.patience import SOON_SECONDS

HONEST = Fault.slow(0)


@dataclass(frozen=True)
class Moment:
    """When the web is killed. `arrange` makes it stop there, `reached` returns when it has."""

    arrange: Callable[[Stage], object]
    reached: Callable[[Stage, RedisLine, BotProcess], Awaitable[object]]
    repeats: int = 0
    """How many posts may be read twice, because nobody can know whether they were made."""


def _know_no_template(stage: Stage) -> None:
    """So that it is asked for between the intent and the POST."""
    stage.novita.fail_all(NovitaFault.server_error(), "templates")
    stage.novita.fail_all(NovitaFault.hang(has_effect=False), "template")


def _hang_before_the_effect(stage: Stage) -> None:
    stage.novita.fail_all(NovitaFault.hang(has_effect=False), "create")


def _hang_after_the_effect(stage: Stage) -> None:
    stage.novita.fail_all(NovitaFault.hang(has_effect=True), "create")


def _take_effect_late(stage: Stage) -> None:
    def hold() -> None:
        if stage.novita.calls_of("create"):
            stage.novita.latency = 0.7

    stage.novita.subscribe(hold)


def _answer_late(stage: Stage) -> None:
    stage.novita.fail_next("create", NovitaFault.slow(0.6))


def _hang_the_card(stage: Stage) -> None:
    stage.slack.faults.next("chat.postMessage", Fault.hang())


def _hang_the_reply(stage: Stage) -> None:
    stage.slack.faults.next("chat.postMessage", HONEST, Fault.hang())


def _post_the_reply_late(stage: Stage) -> None:
    stage.slack.faults.next("chat.postMessage", HONEST, Fault.slow(0.5))


async def _template_asked_for(stage: Stage, _: RedisLine, __: BotProcess) -> None:
    await stage.novita.wait_until(lambda: bool(stage.novita.calls_of("template")))
    await _card_told(stage)


async def _post_arrived(stage: Stage, _: RedisLine, __: BotProcess) -> None:
    await stage.novita.wait_until(lambda: bool(stage.novita.calls_of("create")))
    await _card_told(stage)


async def _effect_seen(stage: Stage, _: RedisLine, __: BotProcess) -> None:
    await _made(stage)
    await _card_told(stage)


async def _answer_came(stage: Stage, line: RedisLine, web: BotProcess) -> None:
    await _effect_seen(stage, line, web)
    line.stall()
    await web.says("novita_call", lambda call: call["method"] == "POST" and call["outcome"] == "ok")
    await line.held.wait()


async def _telling_the_card(stage: Stage, _: RedisLine, web: BotProcess) -> None:
    await _posted(stage, 1)
    await web.says("instance_create")


async def _telling_the_reply(stage: Stage, _: RedisLine, web: BotProcess) -> None:
    await web.says("instance_create")
    await _posted(stage, 2)


async def _reply_on_its_way(stage: Stage, _: RedisLine, web: BotProcess) -> None:
    await web.says("instance_create")
    # The card is edited right before the reply: it is noted by then where the card stands.
    await stage.slack.wait_until(lambda: bool(stage.slack.calls_of("chat.update")))


async def _made(stage: Stage) -> None:
    await stage.novita.wait_until(lambda: bool(stage.novita.instances))


async def _posted(stage: Stage, count: int) -> None:
    await stage.slack.wait_until(lambda: len(stage.slack.calls_of("chat.postMessage")) >= count)


async def _card_told(stage: Stage) -> None:
    await stage.card("is being created")
    await stage.told()


NOTHING_MADE = {
    "before the POST": Moment(_know_no_template, _template_asked_for),
    "while the POST waits": Moment(_hang_before_the_effect, _post_arrived),
}
MADE = {
    "before the effect, which comes": Moment(_take_effect_late, _post_arrived),
    "after the effect, before the answer": Moment(_hang_after_the_effect, _effect_seen),
    "after the answer, before it is recorded": Moment(_answer_late, _answer_came),
    "while the card is posted": Moment(_hang_the_card, _telling_the_card),
    "while the reply is posted": Moment(_hang_the_reply, _telling_the_reply),
    "while the reply is on its way": Moment(_post_the_reply_late, _reply_on_its_way, repeats=1),
}


@pytest.mark.parametrize("moment", MADE.values(), ids=MADE.keys())
async def test_an_instance_that_was_made_is_adopted_and_its_story_told_to_the_end(
    tmp_path: Path, moment: Moment
) -> None:
    async with killed_at(moment, tmp_path) as (stage, record):
        await _made(stage)
        await stage.worker()
        card = await stage.card("is running")
        story = await whole_story(stage, card)
        assert 1 <= story.count("created") <= 1 + moment.repeats
        assert (story.count("running"), story[-1]) == (1, "running")
        assert await recorded(stage, record) == (Status.RUNNING, *stage.novita.instances)
        assert stage.slack.person("bo").messages("gpu") == [card]
        assert len(stage.novita.calls_of("create")) == 1


@pytest.mark.parametrize("moment", NOTHING_MADE.values(), ids=NOTHING_MADE.keys())
async def test_an_instance_that_was_not_made_is_looked_for_and_then_given_up_aloud(
    tmp_path: Path, moment: Moment
) -> None:
    async with killed_at(moment, tmp_path) as (stage, _):
        await stage.worker()
        card = await stage.card("may or may not have been made")
        [doubt] = await stage.replies(card, 1)
        assert "the bot was interrupted" in doubt
        await stage.age(await stage.record(card), minutes=11)
        card = await stage.card("was not created")
        assert "Look for the name" in (await stage.replies(card, 2))[-1]
        end = await stage.record(card)
        assert (end.status, end.failure and end.failure.kind) == (Status.FAILED, FailureKind.LOST)
        assert stage.novita.instances == {}
        assert stage.slack.person("bo").messages("gpu") == [card]
        assert len(stage.slack.thread(card)) == 2


async def test_a_killed_workers_watch_is_taken_over_by_another(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        await stage.web()
        first = await stage.worker()
        await stage.watched()
        await first.kill()
        await stage.submitted("train-1")
        await stage.outcome("Created")
        await stage.worker()
        assert await whole_story(stage, await stage.card("is running")) == ["created", "running"]


async def test_redis_killed_in_the_middle_of_a_create_is_started_again_and_nothing_is_lost(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        await stage.web()
        await stage.worker()
        await stage.watched()
        stage.novita.fail_next("create", NovitaFault.slow(0.5))
        await stage.submitted("train-1")
        await stage.card("is being created")
        os.kill(int((tmp_path / "redis" / "server.pid").read_text()), signal.SIGKILL)
        await stage.outcome("Created")
        card = await stage.card("is running")
        assert await whole_story(stage, card) == ["created", "running"]
        record = await stage.record(card)
        assert (record.status, {record.remote.id}) == (Status.RUNNING, set(stage.novita.instances))
        assert len(stage.novita.calls_of("create")) == 1


async def test_in_real_time_the_dead_are_noticed_and_the_leaving_hand_over_what_does_not_end(tmp_path: Path) -> None:
    """Nothing is turned by hand here: signs of life stop, the right to tell runs out, patience ends."""
    async with open_stage(tmp_path) as stage:
        dying = await stage.web()
        stage.slack.faults.next("chat.postMessage", HONEST, Fault.hang())
        await stage.submitted("told-by-two")
        await dying.says("instance_create")
        await _posted(stage, 2)
        _hang_before_the_effect(stage)
        await stage.submitted("never-made", who="bo")
        await _posted(stage, 3)
        await stage.worker()
        await dying.kill()
        stage.novita.clear_faults()
        leaving = await stage.web()
        stage.novita.fail_next("create", NovitaFault.hang(has_effect=True))
        await stage.submitted("unanswered", who="cy")
        assert "running" in await whole_story(stage, await stage.card("*unanswered* is running"))
        began = asyncio.get_running_loop().time()
        assert await leaving.stop() == 0
        assert 20 < asyncio.get_running_loop().time() - began < 25 + SOON_SECONDS, "a create that runs gets 25 s"
        await until_said(stage, "never-made", "may or may not have been made")
        await until_said(stage, "told-by-two", "is running")
        assert await whole_story(stage, await stage.card("*told-by-two*")) == ["created", "running"]
        assert len(stage.novita.instances) == 2
        assert len(stage.novita.calls_of("create")) == 3


@asynccontextmanager
async def killed_at(moment: Moment, folder: Path) -> AsyncIterator[tuple[Stage, Instance]]:
    """The stage after the web was killed at that moment, and the record it left; as if that had been a while ago."""
    async with open_stage(folder) as stage, RedisLine(stage.redis.url) as line:
        moment.arrange(stage)
        web = await stage.web(REDIS_URL=line.url)
        await submit(stage)
        await moment.reached(stage, line, web)
        await web.kill()
        await line.down()
        stage.novita.clear_faults()
        [record] = await stage.store.live()
        await stage.bury(record)
        yield stage, record


async def submit(stage: Stage) -> None:
    """The template was found when the web still had a list of them; it may have been restarted since."""
    modal = await stage.opened()
    await modal.choose("product_name", GPU)
    chosen = {"text": {"type": "plain_text", "text": "comfy-prod"}, "value": "107672"}
    value = {"type": "external_select", "selected_option": chosen}
    stage.slack.workspace.views.enter(modal.view, "template_id", "template_id", value)
    await modal.fill("name", "train-1")
    assert (await modal.submit()).updated


async def whole_story(stage: Stage, card: Message) -> list[str]:
    """What each reply is about, once it is told that the instance runs."""
    kinds = {"is created.": "created", "is running.": "running", "may or may not": "doubt"}

    def told() -> list[str]:
        return [
            next(kind for words, kind in kinds.items() if words in reply.shown) for reply in stage.slack.thread(card)
        ]

    await stage.slack.wait_until(lambda: "running" in told())
    return told()


async def until_said(stage: Stage, name: str, words: str) -> None:
    """Returns once the card of that instance says so; longer than the right to tell lasts, it is not waited."""

    def is_said() -> bool:
        cards = stage.slack.person("ada").messages("gpu")
        return any(f"*{name}*" in card.shown and words in card.shown for card in cards)

    await stage.slack.wait_until(is_said, 35)


async def recorded(stage: Stage, record: Instance) -> tuple[Status, str | None]:
    newest = await stage.store.get(record.id)
    assert newest is not None
    return newest.status, newest.remote.id
