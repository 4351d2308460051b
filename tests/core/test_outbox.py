"""The outbox, on a real Redis, with notifiers that the tests hold in their hands."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import BaseModel
from redis.asyncio import Redis

from core.adapters.redis import Store, connect
from core.domain.events import Event, InstanceRequested, PhaseChanged
from core.domain.instance import Instance
from core.services.outbox import Dispatcher, RecordWriter, RetryLater
from tests.core.samples import NOON, TurnedClock, instance, record_with
from tests.patience import patience

Trouble = Callable[[Event], Exception | None]


class Heard(BaseModel):
    last: str = ""


class Listener:
    """A notifier that writes down what it was told, and fails when the test says so."""

    state = Heard

    def __init__(self, name: str = "slack", trouble: Trouble | None = None) -> None:
        self.name = name
        self.told: list[str] = []
        self.known: list[Heard] = []
        self.latest: list[bool] = []
        self.trouble = trouble or (lambda _: None)
        self.gate: asyncio.Event | None = None
        self.holds_at = ""
        self.is_held, self.let_go = asyncio.Event(), asyncio.Event()

    async def deliver(self, instance: Instance, event: Event, state: Heard, *, latest: bool) -> Heard:
        if self.gate is not None:
            await self.gate.wait()
        if (error := self.trouble(event)) is not None:
            raise error
        word = event.novita_status if isinstance(event, PhaseChanged) else event.type
        if word == self.holds_at:
            self.is_held.set()
            await self.let_go.wait()
        self.told.append(word)
        self.known.append(state)
        self.latest.append(latest)
        return Heard(last=self.told[-1])


class Process:
    """One process: its own store, outbox and notifiers, on the shared Redis and clock."""

    def __init__(self, url: str, clock: TurnedClock, *listeners: Listener) -> None:
        self.store = Store(connect(url))
        self.clock = clock
        self.dispatcher = Dispatcher(self.store, listeners, clock)
        self.unit_of_work = RecordWriter(self.store, self.dispatcher, clock)

    async def begin(self) -> Instance:
        return (await self.unit_of_work.begin(instance(), [InstanceRequested(at=NOON)])).instance

    async def happen(self, record: Instance, *words: str) -> Instance:
        news = [PhaseChanged(at=NOON, novita_status=word) for word in words]
        return await self.unit_of_work.update(record, lambda i: (record_with(i, novita_status=words[-1]), news))

    async def quiet(self) -> None:
        await self.dispatcher.drain(timedelta(seconds=20))


async def told(listener: Listener, count: int) -> None:
    """Returns once it has heard so many events."""
    async with patience():
        while len(listener.told) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.01)


async def noted(process: Process, record: Instance, notifier: str, cursor: int) -> None:
    """Returns once it is written down how far the notifier has come."""
    mark = f'"{notifier}":{{"cursor":{cursor},'
    async with patience():
        while mark not in await process.store.delivery(record.id):  # noqa: ASYNC110
            await asyncio.sleep(0.01)


@pytest.fixture
async def start(redis_url: str, clock: TurnedClock) -> AsyncIterator[Callable[..., Process]]:
    started: list[Process] = []

    def begin(*listeners: Listener) -> Process:
        started.append(Process(redis_url, clock, *listeners))
        return started[-1]

    yield begin
    for process in started:
        await process.store.aclose()


async def test_news_is_told_at_once_by_the_process_that_made_it_and_once(start: Callable[..., Process]) -> None:
    ear, worker_ear = Listener(), Listener()
    web, worker = start(ear), start(worker_ear)
    record = await web.begin()
    await web.happen(record, "a", "b")
    await web.quiet()
    assert await worker.dispatcher.sweep() == 0
    assert ear.told == ["instance_requested", "a", "b"]
    assert worker_ear.told == []


async def test_news_made_elsewhere_while_one_process_is_telling_is_told_by_it_in_order(
    start: Callable[..., Process],
) -> None:
    ear, worker_ear = Listener(), Listener()
    ear.gate = asyncio.Event()
    web, worker = start(ear), start(worker_ear)
    record = await web.begin()
    await worker.happen(record, "from the worker")
    ear.gate.set()
    await web.quiet()
    await worker.quiet()
    assert ear.told + worker_ear.told == ["instance_requested", "from the worker"]


async def test_a_notifier_that_is_away_delays_its_own_news_only_and_loses_none(
    start: Callable[..., Process], clock: TurnedClock
) -> None:
    away = True
    slack = Listener("slack", lambda _: RetryLater("away", timedelta(seconds=7)) if away else None)
    hook = Listener("webhook")
    web = start(slack, hook)
    record = await web.begin()
    await web.happen(record, "a")
    await web.quiet()
    assert (slack.told, hook.told) == ([], ["instance_requested", "a"])
    away = False
    clock.turn(seconds=6)
    await web.dispatcher.sweep()
    await web.quiet()
    assert slack.told == [], "it asked for seven seconds"
    clock.turn(seconds=1)
    await web.dispatcher.sweep()
    await web.quiet()
    assert slack.told == ["instance_requested", "a"]
    assert hook.told == ["instance_requested", "a"]


async def test_what_a_notifier_remembers_reaches_the_next_telling_in_another_process(
    start: Callable[..., Process],
) -> None:
    ear, worker_ear = Listener(), Listener()
    web, worker = start(ear), start(worker_ear)
    record = await web.begin()
    await web.quiet()
    await worker.happen(record, "a")
    await worker.quiet()
    assert worker_ear.known == [Heard(last="instance_requested")]
    assert json.loads(await web.store.delivery(record.id))["by"]["slack"]["memo"] == {"last": "a"}


async def test_a_notifier_that_hangs_holds_up_no_other_not_even_for_what_happens_meanwhile_elsewhere(
    start: Callable[..., Process],
) -> None:
    slack, hook = Listener("slack"), Listener("webhook")
    hook.holds_at = "instance_requested"
    web, worker = start(slack, hook), start(Listener("slack"), Listener("webhook"))
    record = await web.begin()
    await hook.is_held.wait()
    record = await web.happen(record, "from here")
    record = await worker.happen(record, "from elsewhere")
    await told(slack, 3)
    await web.happen(record, "and here again")
    await told(slack, 4)
    assert slack.told[1:] == ["from here", "from elsewhere", "and here again"]
    assert hook.told == []
    hook.let_go.set()
    await web.quiet()
    assert hook.told == slack.told


async def test_what_one_was_told_while_another_hung_is_not_told_again_after_a_death(
    start: Callable[..., Process], redis_url: str
) -> None:
    slack, hook, worker_slack, worker_hook = (Listener(name) for name in ("slack", "webhook") * 2)
    hook.holds_at = "instance_requested"
    web, worker = start(slack, hook), start(worker_slack, worker_hook)
    record = await web.begin()
    await hook.is_held.wait()
    await worker.happen(record, "a")
    await told(slack, 2)
    await noted(web, record, "slack", 2)
    async with Redis.from_url(redis_url) as redis:
        await redis.delete(f"{{gpu}}:delivering:{record.id}")  # what the hold's end does
    assert await worker.dispatcher.sweep() == 1
    await worker.quiet()
    assert (worker_slack.told, worker_hook.told) == ([], ["instance_requested", "a"])
    hook.let_go.set()
    await web.quiet()


async def test_a_story_without_end_is_told_whole_and_once_and_only_its_end_is_kept(
    start: Callable[..., Process], redis_url: str
) -> None:
    ear, other_ear = Listener(), Listener()
    web, worker = start(ear), start(other_ear)
    record = await web.begin()
    expected = ["instance_requested"]
    for number in range(45):
        words = [f"{number}:{n}" for n in range(50)]
        process = (web, worker)[number % 2]
        record = await process.happen(record, *words)
        await process.quiet()
        expected += words
    assert sorted(ear.told + other_ear.told) == sorted(expected)
    assert ear.told[-50:] == expected[-50:]
    kept = await web.store.timeline(record.id)
    assert 1000 <= len(kept) <= 2050
    assert [getattr(event, "novita_status", "") for event in kept] == expected[-len(kept) :]
    before = len(other_ear.told)
    await web.store.commit(record, [PhaseChanged(at=NOON, novita_status="untold")], NOON)
    async with Redis.from_url(redis_url) as redis:
        await redis.delete(f"{{gpu}}:delivering:{record.id}")  # it died before it told
    assert await worker.dispatcher.sweep() == 1
    await worker.quiet()
    assert other_ear.told[before:] == ["untold"]


async def test_what_nobody_could_be_told_yet_is_kept_however_much_it_is(
    start: Callable[..., Process], clock: TurnedClock
) -> None:
    away = True
    slack = Listener("slack", lambda _: RetryLater("away", timedelta(minutes=1)) if away else None)
    hook = Listener("webhook")
    web = start(slack, hook)
    record = await web.begin()
    for number in range(45):
        record = await web.happen(record, *(f"{number}:{n}" for n in range(50)))
        await web.quiet()
    assert len(await web.store.timeline(record.id)) == 1 + 45 * 50
    away = False
    clock.turn(minutes=2)
    await web.dispatcher.sweep()
    await web.quiet()
    assert slack.told == hook.told
    assert len(slack.told) == 1 + 45 * 50
    assert 1000 <= len(await web.store.timeline(record.id)) <= 2000


async def test_a_notifier_that_is_new_hears_what_happens_from_now_on(start: Callable[..., Process]) -> None:
    before, after, hook = Listener("slack"), Listener("slack"), Listener("webhook")
    old, new = start(before), start(after, hook)
    record = await old.begin()
    await old.quiet()
    await new.happen(record, "a")
    await new.quiet()
    assert (after.told, hook.told) == (["a"], ["a"])


async def test_a_worker_goes_on_where_a_dead_process_stopped(start: Callable[..., Process], redis_url: str) -> None:
    stuck, worker_ear = Listener(), Listener()
    stuck.gate = asyncio.Event()
    web, worker = start(stuck), start(worker_ear)
    record = await web.begin()
    assert await worker.dispatcher.sweep() == 0, "the lease of the dead process still runs"
    async with Redis.from_url(redis_url) as redis:
        await redis.delete(f"{{gpu}}:delivering:{record.id}")  # what the lease's end does
    assert await worker.dispatcher.sweep() == 1
    await worker.quiet()
    assert worker_ear.told == ["instance_requested"]
    stuck.gate.set()
    await web.quiet()


async def test_what_was_told_before_the_death_is_not_told_again(start: Callable[..., Process], redis_url: str) -> None:
    stuck, worker_ear = Listener(), Listener()
    stuck.holds_at = "b"
    web, worker = start(stuck), start(worker_ear)
    record = await web.begin()
    await web.happen(record, "a", "b")
    await stuck.is_held.wait()
    async with Redis.from_url(redis_url) as redis:
        await redis.delete(f"{{gpu}}:delivering:{record.id}")
    assert await worker.dispatcher.sweep() == 1
    await worker.quiet()
    assert worker_ear.told == ["b"]
    stuck.let_go.set()
    await web.quiet()


async def test_an_event_that_breaks_its_notifier_is_passed_over_in_the_end(
    start: Callable[..., Process], clock: TurnedClock
) -> None:
    ear = Listener("slack", lambda event: KeyError("defect") if event.type == "instance_requested" else None)
    web = start(ear)
    record = await web.begin()
    await web.happen(record, "a")
    for _ in range(20):
        await web.quiet()
        clock.turn(minutes=5)
        await web.dispatcher.sweep()
    await web.quiet()
    assert ear.told == ["a"]


@given(plan=st.lists(st.sampled_from(["news from 0", "news from 1", "fault", "sweep 0", "sweep 1"]), max_size=25))
async def test_whatever_fails_each_event_is_told_once_and_in_order(redis_server: str, plan: list[str]) -> None:
    clock, faults, heard = TurnedClock(), [0], Listener()

    def trouble(_: Event) -> Exception | None:
        if faults[0] > 0:
            faults[0] -= 1
            return RetryLater("away")
        return None

    heard.trouble = trouble
    processes = [Process(redis_server, clock, heard), Process(redis_server, clock, heard)]
    record = await processes[0].begin()
    expected = ["instance_requested"]
    for number, step in enumerate(plan):
        process = processes[int(step[-1])] if step[-1].isdigit() else processes[0]
        if step.startswith("news"):
            record = await process.happen(record, str(number))
            expected.append(str(number))
        elif step == "fault":
            faults[0] += 1
        else:
            clock.turn(seconds=3)
            await process.dispatcher.sweep()
    for _ in range(30):
        for process in processes:
            await process.quiet()
        clock.turn(minutes=5)
        await processes[1].dispatcher.sweep()
    for process in processes:
        await process.quiet()
        await process.store.aclose()
    assert heard.told == expected


async def test_a_notifier_that_wants_no_pause_gets_one_all_the_same_when_it_fails_again(
    start: Callable[..., Process], clock: TurnedClock
) -> None:
    tries: list[Event] = []

    def fail(event: Event) -> Exception:
        tries.append(event)
        return RetryLater("not now", timedelta())

    process = start(Listener(trouble=fail))
    await process.begin()
    await process.quiet()
    assert len(tries) == 2
    clock.turn(seconds=1)
    assert await process.dispatcher.sweep() == 1
    await process.quiet()
    assert len(tries) == 3


async def test_a_notifier_that_hangs_with_many_instances_holds_up_no_other_news(start: Callable[..., Process]) -> None:
    ear, hook = Listener(), Listener("webhook")
    hook.gate = asyncio.Event()
    process = start(ear, hook)
    for number in range(60):
        await process.unit_of_work.begin(
            instance(id=f"hung{number:06}", request_key=f"{number}"), [InstanceRequested(at=NOON)]
        )
    await told(ear, 60)
    assert hook.told == []
    assert await process.dispatcher.sweep() == 0
    hook.gate.set()
    await process.quiet()
    assert len(hook.told) == 60


async def test_a_notifier_knows_of_each_event_whether_more_stand_right_behind_it(
    start: Callable[..., Process],
) -> None:
    ear = Listener()
    process = start(ear)
    record = await process.begin()
    await process.quiet()
    await process.happen(record, "a", "b", "c")
    await process.quiet()
    assert ear.told == ["instance_requested", "a", "b", "c"]
    assert ear.latest == [True, False, False, True]


async def test_what_a_clock_that_was_ahead_has_put_off_is_told_as_soon_as_it_is_set_right(
    start: Callable[..., Process], clock: TurnedClock
) -> None:
    away: list[Exception | None] = [RetryLater("away", timedelta(minutes=2)), None]
    ear = Listener(trouble=lambda _: away.pop(0))
    web = start(ear)
    clock.turn(hours=2)
    await web.begin()
    await web.quiet()
    assert ear.told == []
    clock.turn(hours=-2)
    assert await web.dispatcher.sweep() == 1
    await web.quiet()
    assert ear.told == ["instance_requested"]


async def test_no_notifier_puts_anything_off_for_longer_than_an_hour(
    start: Callable[..., Process], clock: TurnedClock
) -> None:
    away: list[Exception | None] = [RetryLater("away", timedelta(days=1)), None]
    ear = Listener(trouble=lambda _: away.pop(0))
    web = start(ear)
    await web.begin()
    await web.quiet()
    clock.turn(hours=1)
    assert await web.dispatcher.sweep() == 1
    await web.quiet()
    assert ear.told == ["instance_requested"]
