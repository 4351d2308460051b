"""What machines report: their address, what of their words is kept, and how much of it is told."""

from __future__ import annotations

import asyncio
import unicodedata
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr
from redis.asyncio import Redis

from core.adapters.redis import Store, connect
from core.domain import transitions
from core.domain.errors import InvalidRequest, StoreUnavailable
from core.domain.events import Event, InstanceRequested, MachineReported, ReportLevel, ReportsLeftOut
from core.domain.instance import Instance, Status
from core.domain.request import ENV_LIMIT, HOOK_VARIABLE
from core.services.outbox import Dispatcher, RecordWriter, RetryLater
from core.services.reports import (
    Receipt,
    Report,
    Reports,
    new_hook,
    read_report,
    token_matches,
    with_hook,
    within_env_limit,
)
from core.services.reports.intake import WINDOW
from core.services.reports.parse import clean
from tests.core.processes import Nothing, Told
from tests.core.samples import NOON, TurnedClock, instance, request, template

FORM = "application/x-www-form-urlencoded"
JSON = "application/json"


# What is read


@pytest.mark.parametrize(
    ("body", "content_type", "text", "level"),
    [
        (b"epoch 3, loss 0.21", FORM, "epoch 3, loss 0.21", "info"),
        (b"a+b=c & 100%", FORM, "a+b=c & 100%", "info"),
        (b"text=epoch%203%2C%20loss%200.21", FORM, "epoch 3, loss 0.21", "info"),
        (b"level=done&text=all+of+it", FORM, "all of it", "done"),
        (b"text=half of & it", FORM, "text=half of & it", "info"),
        (b"text=epoch%203", "text/plain", "text=epoch%203", "info"),
        (b'{"text": "it is done", "level": "done"}', FORM, "it is done", "done"),
        (b'\xef\xbb\xbf {"text": "no", "level": "error"}', JSON, "no", "error"),
        (b'{"text": "x", "level": null, "step": 3}', JSON, "x", "info"),
        (b'{"loss": 0.21}', JSON, '{"loss": 0.21}', "info"),
        (b'{"text": "never closed', JSON, '{"text": "never closed', "info"),
        (b"[" * 16000, JSON, ("[" * 1988) + " … (clipped)", "info"),
        (b'{"a":' * 3000, JSON, None, "info"),
        ("übung 🤖 終".encode(), "text/plain", "übung 🤖 終", "info"),
        (b"latin \xe9", "text/plain", "latin \ufffd", "info"),
    ],
)
def test_a_report_is_plain_text_or_json_or_a_form_whatever_it_calls_itself(
    body: bytes, content_type: str, text: str | None, level: str
) -> None:
    report = read_report(body, content_type)
    assert report.level == level
    assert text is None or report.text == text


@pytest.mark.parametrize(
    ("body", "content_type", "says"),
    [
        (b"", FORM, "empty"),
        (b" \n\t\r\n", FORM, "empty"),
        ("\u200b\u2800\u3164\x00".encode(), FORM, "empty"),
        (b'{"text": ""}', JSON, "empty"),
        (b'{"text": 5}', JSON, "string"),
        (b'{"text": null}', JSON, "string"),
        (b'{"text": "x", "level": "fatal"}', JSON, "info, done or error"),
        (b'{"text": "x", "level": ["done"]}', JSON, "info, done or error"),
        (b"text=x&level=loud", FORM, "info, done or error"),
        (b"--x\r\n", "multipart/form-data", "not as a form"),
    ],
)
def test_what_cannot_be_told_is_answered_with_a_sentence(body: bytes, content_type: str, says: str) -> None:
    with pytest.raises(InvalidRequest, match=says):
        read_report(body, content_type)


@pytest.mark.parametrize(
    ("dirty", "shown"),
    [
        ("\x1b[31mred\x1b[0m and \x1b]0;title\x07plain", "red and plain"),
        ("10%\r50%\r100%", "10%\n50%\n100%"),
        ("a\r\n\r\n\r\n\r\nb  \n", "a\n\nb"),
        ("left \u202eright\u202c \u2066x\u2069", "left right x"),
        ("zero\u200bwidth\ufeff\u00ad", "zerowidth"),
        ("bell\x07 null\x00 \x1b", "bell null"),
        ("  step\tloss", "  step    loss"),
        ("half \ud83d of a pair", "half  of a pair"),
    ],
)
def test_nothing_invisible_or_that_moves_a_cursor_is_left_of_a_text(dirty: str, shown: str) -> None:
    assert clean(dirty) == shown


def test_a_long_text_is_clipped_and_says_so() -> None:
    assert clean("x" * 2000) == "x" * 2000
    assert len(clean("x" * 2001)) == 2000
    assert clean("x" * 2001).endswith("x … (clipped)")
    assert clean("line\n" * 500).count("\n") == 39
    assert clean("line\n" * 500).endswith("line … (clipped)")


@given(st.binary(max_size=300) | st.text(max_size=300).map(lambda text: text.encode(errors="surrogatepass")))
def test_whatever_is_sent_it_is_clean_text_or_a_sentence(body: bytes) -> None:
    for content_type in (FORM, JSON, "text/plain", ""):
        try:
            report = read_report(body, content_type)
        except InvalidRequest as error:
            assert all(error.problems.values())
            continue
        assert report.text.strip()
        assert len(report.text) <= 2000
        hidden = {unicodedata.category(letter) for letter in report.text.replace("\n", "")}
        assert not hidden & {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}
        assert clean(report.text) == report.text


# The address


def test_only_the_token_of_an_instance_opens_its_address_and_the_record_does_not_hold_it() -> None:
    hook = new_hook("https://bot.example.com/gpu", "0123456789")
    base, _, token = hook.address.rpartition("/")
    assert base == "https://bot.example.com/gpu/hooks/0123456789"
    assert len(token) * 6 >= 128
    mine = instance(hook_digest=hook.digest)
    assert token_matches(token, mine)
    assert token not in mine.model_dump_json() + repr(hook) + repr(mine)
    assert not any(token_matches(other, mine) for other in ("", token[:-1], token.swapcase(), hook.digest, "é\ud83d"))
    assert not token_matches(token, instance())
    assert not token_matches("", instance())
    assert not token_matches(token, None)


def test_the_address_gives_way_where_novita_would_not_take_so_many_variables() -> None:
    asked = request(envs={f"K{n}": SecretStr("v") for n in range(ENV_LIMIT - 1)})
    ours = with_hook(asked, new_hook("https://bot.example.com", "0123456789"))
    assert len(within_env_limit(ours, template()).envs) == ENV_LIMIT
    full = template().model_copy(update={"envs": {"ONE": SecretStr("more")}})
    assert within_env_limit(ours, full).envs == asked.envs
    assert HOOK_VARIABLE in ours.envs


# How much of it is told


@dataclass
class Desk:
    """One process that takes reports."""

    store: Store
    told: Told
    unit_of_work: RecordWriter
    dispatcher: Dispatcher
    reports: Reports
    desks: list[Desk]
    """All there are: any of them may be the one that tells."""

    async def say(self, sender: Instance, text: str = "hello", times: int = 1) -> list[Receipt]:
        """As a program does it: one after the other, each known by the record as it then is."""
        answers = []
        for _ in range(times):
            newest = await self.store.get(sender.id)
            assert newest is not None
            answers.append(await self.reports.take(newest, Report(text)))
        return answers

    async def news(self) -> list[str | int]:
        """What was told of the machine's words so far, in order."""
        for desk in (*self.desks, *self.desks):
            await desk.dispatcher.drain(timedelta(seconds=10))
        said = [each for each in self.told.events if isinstance(each, MachineReported | ReportsLeftOut)]
        return [each.text if isinstance(each, MachineReported) else each.count for each in said]


@pytest.fixture
async def desk(redis_url: str, clock: TurnedClock) -> AsyncIterator[Callable[[], Desk]]:
    made: list[Desk] = []
    told = Told()

    def another() -> Desk:
        store = Store(connect(redis_url))
        dispatcher = Dispatcher(store, [told], clock)
        writer = RecordWriter(store, dispatcher, clock)
        reports = Reports(store, store, writer, clock, audience="told")
        made.append(Desk(store, told, writer, dispatcher, reports, made))
        return made[-1]

    yield another
    for each in made:
        await each.dispatcher.drain(timedelta(seconds=10))
        await each.store.aclose()


async def begun(desk: Desk, **facts: object) -> Instance:
    return (await desk.unit_of_work.begin(instance(novita_id="n-1", **facts), [InstanceRequested(at=NOON)])).instance


async def test_twenty_a_minute_are_told_over_all_processes_and_the_rest_costs_no_record(
    desk: Callable[[], Desk],
) -> None:
    one, two = desk(), desk()
    sender = await begun(one)
    answers = [answer for _ in range(15) for each in (one, two) for answer in await each.say(sender)]
    assert answers == [Receipt.POSTED] * 20 + [Receipt.COUNTED] * 10
    record = await one.store.get(sender.id)
    assert record is not None
    assert record.version == 1 + 20
    assert await one.news() == ["hello"] * 20


async def test_the_rest_is_summed_up_when_the_minute_is_over_even_if_nothing_more_comes(
    desk: Callable[[], Desk], clock: TurnedClock
) -> None:
    web, worker = desk(), desk()
    sender = await begun(web)
    await web.say(sender, times=57)
    clock.turn(seconds=59)
    await worker.reports.sum_up()
    assert 37 not in await worker.news()
    clock.turn(seconds=1)
    await worker.reports.sum_up()
    await worker.reports.sum_up()
    assert await worker.news() == ["hello"] * 20 + [37]


async def test_several_workers_sum_up_once(desk: Callable[[], Desk], clock: TurnedClock) -> None:
    web, *workers = desk(), desk(), desk(), desk()
    sender = await begun(web)
    await web.say(sender, times=23)
    clock.turn(minutes=1)
    await asyncio.gather(*(worker.reports.sum_up() for worker in workers))
    for worker in workers:
        await worker.dispatcher.drain(timedelta(seconds=10))
    assert (await web.news())[20:] == [3]


@pytest.mark.parametrize("kind", ["reports", "instance"])
async def test_one_whose_keys_hold_something_else_keeps_no_other_from_being_summed_up(
    desk: Callable[[], Desk], clock: TurnedClock, redis_url: str, kind: str
) -> None:
    web = desk()
    odd, sender = await begun(web), await begun(web)
    await web.say(odd, times=23)
    await web.say(sender, times=23)
    async with Redis.from_url(redis_url) as redis:
        await redis.delete(f"{{gpu}}:{kind}:{odd.id}")
        await redis.set(f"{{gpu}}:{kind}:{odd.id}", "what is not ours")
    clock.turn(minutes=1)
    await web.reports.sum_up()
    await web.dispatcher.drain(timedelta(seconds=10))
    assert 3 in [event.count for event in await web.store.timeline(sender.id) if isinstance(event, ReportsLeftOut)]


async def test_the_next_minutes_first_report_comes_after_the_sum_of_the_last(
    desk: Callable[[], Desk], clock: TurnedClock
) -> None:
    web, worker = desk(), desk()
    sender = await begun(web)
    await web.say(sender, times=22)
    clock.turn(seconds=61)
    assert await web.say(sender, "next", times=21) == [Receipt.POSTED] * 20 + [Receipt.COUNTED]
    await worker.reports.sum_up()
    assert (await web.news())[20:] == [2, *["next"] * 20]
    clock.turn(seconds=61)
    await worker.reports.sum_up()
    assert (await worker.news())[-1] == 1


async def test_a_worker_that_dies_before_it_notes_the_sum_as_told_tells_it_no_second_time(
    desk: Callable[[], Desk], clock: TurnedClock
) -> None:
    web, worker = desk(), desk()
    sender = await begun(web)
    await web.say(sender, times=25)
    clock.turn(minutes=1)
    newest = await web.store.get(sender.id)
    assert newest is not None
    await web.unit_of_work.update(newest, lambda i: transitions.summed_up(i, 5, clock.now()))
    await worker.reports.sum_up()
    assert (await web.news())[20:] == [5]
    assert await worker.store.reports_left_out(clock.now(), WINDOW) == {}


async def test_reports_that_come_while_it_is_summed_up_are_not_lost(
    desk: Callable[[], Desk], clock: TurnedClock
) -> None:
    web = desk()
    sender = await begun(web)
    await web.say(sender, times=25)
    clock.turn(minutes=1)
    [(_, known)] = (await web.store.reports_left_out(clock.now(), WINDOW)).items()
    await web.say(sender, times=24)
    await web.store.reports_summed_up(sender.id, known)
    clock.turn(minutes=1)
    await web.reports.sum_up()
    assert [n for n in await web.news() if isinstance(n, int)] == [5, 4]


async def test_a_minute_counted_by_a_clock_that_was_ahead_is_over_a_minute_after_it_was_set_right(
    desk: Callable[[], Desk], clock: TurnedClock
) -> None:
    web = desk()
    sender = await begun(web)
    clock.turn(hours=2)
    await web.say(sender, times=25)
    clock.turn(hours=-2)
    assert await web.say(sender) == [Receipt.COUNTED], "it is still that minute"
    clock.turn(seconds=59)
    assert await web.say(sender) == [Receipt.COUNTED]
    clock.turn(seconds=1)
    await web.reports.sum_up()
    assert await web.say(sender) == [Receipt.POSTED]
    assert (await web.news())[20:22] == [7, "hello"]


async def test_reports_left_out_by_a_clock_that_was_ahead_are_summed_up_at_once(
    desk: Callable[[], Desk], clock: TurnedClock
) -> None:
    web = desk()
    sender = await begun(web)
    clock.turn(hours=2)
    await web.say(sender, times=25)
    clock.turn(hours=-2)
    await web.reports.sum_up()
    assert (await web.news())[20:] == [5]


async def test_a_count_that_redis_has_forgotten_does_not_swallow_later_ones(
    desk: Callable[[], Desk], clock: TurnedClock, redis_url: str
) -> None:
    web = desk()
    sender = await begun(web)
    await web.say(sender, times=30)
    clock.turn(minutes=1)
    await web.reports.sum_up()
    async with Redis.from_url(redis_url) as redis:
        await redis.delete(f"{{gpu}}:reports:{sender.id}")
    await web.say(sender, times=23)
    clock.turn(minutes=1)
    await web.reports.sum_up()
    assert [n for n in await web.news() if isinstance(n, int)] == [10, 3]


@pytest.mark.parametrize("status", [Status.DELETED, Status.FAILED])
async def test_the_address_dies_with_the_instance(desk: Callable[[], Desk], status: Status) -> None:
    web = desk()
    sender = await begun(web)
    await web.unit_of_work.update(sender, lambda i: (i.model_copy(update={"status": status, "ended_at": NOON}), []))
    assert await web.reports.take(sender, Report("late")) is Receipt.ENDED, "it was seen alive a moment ago"
    assert await web.say(sender) == [Receipt.ENDED]
    assert await web.news() == []


@pytest.mark.parametrize("status", [Status.CREATING, Status.STOPPED, Status.UNKNOWN, Status.DELETING])
async def test_until_then_it_is_open_in_every_state(desk: Callable[[], Desk], status: Status) -> None:
    web = desk()
    assert await web.say(await begun(web, status=status)) == [Receipt.POSTED]


async def test_levels_are_kept(desk: Callable[[], Desk]) -> None:
    web = desk()
    await web.reports.take(await begun(web), Report("ready", ReportLevel.DONE))
    await web.news()
    assert [each.level for each in web.told.events if isinstance(each, MachineReported)] == ["done"]


class Away:
    """A notifier that nobody answers."""

    state = Nothing

    def __init__(self, name: str) -> None:
        self.name = name

    async def deliver(self, instance: Instance, event: Event, state: Nothing, *, latest: bool) -> Nothing:
        raise RetryLater("away", timedelta(hours=1))


async def test_while_slack_is_away_reports_do_not_pile_up_in_front_of_other_news(
    redis_url: str, clock: TurnedClock
) -> None:
    assert await _minutes_of_talk(redis_url, clock, [Away("told")]) == [Receipt.POSTED] * 39


async def test_a_webhook_that_is_away_keeps_no_report_out_of_the_thread(redis_url: str, clock: TurnedClock) -> None:
    assert await _minutes_of_talk(redis_url, clock, [Told(), Away("webhook")]) == [Receipt.POSTED] * 60


async def _minutes_of_talk(redis_url: str, clock: TurnedClock, notifiers: list[Told | Away]) -> list[Receipt]:
    """What was shown of three minutes in which a machine says as much as it may."""
    store = Store(connect(redis_url))
    dispatcher = Dispatcher(store, notifiers, clock)
    writer = RecordWriter(store, dispatcher, clock)
    reports = Reports(store, store, writer, clock, audience="told")
    desk = Desk(store, Told(), writer, dispatcher, reports, [])
    sender = await begun(desk)
    answers = []
    for _ in range(3):
        answers += await desk.say(sender, times=20)
        await dispatcher.drain(timedelta(seconds=10))
        clock.turn(seconds=61)
    await store.aclose()
    return [answer for answer in answers if answer is Receipt.POSTED]


async def test_without_redis_a_report_is_refused_and_not_taken_for_told() -> None:
    clock, store = TurnedClock(), Store(connect("redis://127.0.0.1:1/0"))
    reports = Reports(store, store, RecordWriter(store, Dispatcher(store, [], clock), clock), clock, audience="told")
    with pytest.raises(StoreUnavailable):
        await reports.sender("0123456789", "token")
    with pytest.raises(StoreUnavailable):
        await reports.take(instance(), Report("hello"))
    await store.aclose()
