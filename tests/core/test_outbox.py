"""The outbox, on a real Redis, with notifiers that the tests hold in their hands."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from core.events import Event, InstanceRequested, PhaseChanged
from core.models import Instance
from core.outbox import Memo, NotDelivered, Outbox
from core.store import Store, connect
from tests.core.samples import NOON, TurnedClock, instance

Trouble = Callable[[Event], Exception | None]


class Listener:
    """A notifier that writes down what it was told, and fails when the test says so."""

    def __init__(self, name: str = "slack", trouble: Trouble | None = None) -> None:
        self.name = name
        self.told: list[str] = []
        self.memos: list[Memo] = []
        self.trouble = trouble or (lambda _: None)
        self.gate: asyncio.Event | None = None
        self.holds_at = ""
        self.is_held, self.let_go = asyncio.Event(), asyncio.Event()

    async def tell(self, instance: Instance, event: Event, memo: Memo, *, latest: bool) -> Memo:
        if self.gate is not None:
            await self.gate.wait()
        if (error := self.trouble(event)) is not None:
            raise error
        word = event.novita_status if isinstance(event, PhaseChanged) else event.type
        if word == self.holds_at:
            self.is_held.set()
            await self.let_go.wait()
        self.told.append(word)
        self.memos.append(memo)
        return {**memo, "last": self.told[-1]}


class Process:
    """One process: its own store, outbox and notifiers, on the shared Redis and clock."""

    def __init__(self, url: str, clock: TurnedClock, *listeners: Listener) -> None:
        self.store = Store(connect(url))
        self.clock = clock
        self.outbox = Outbox(self.store, listeners, clock)

    async def begin(self) -> Instance:
        return await self.outbox.begin(instance(), [InstanceRequested(at=NOON)])

    async def happen(self, record: Instance, *words: str) -> Instance:
        news = [PhaseChanged(at=NOON, novita_status=word) for word in words]
        return await self.outbox.update(record, lambda i: (i.model_copy(update={"novita_status": words[-1]}), news))

    async def quiet(self) -> None:
        await self.outbox.drain(timedelta(seconds=20))


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


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
    assert await worker.outbox.sweep() == 0
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
    slack = Listener("slack", lambda _: NotDelivered("away", timedelta(seconds=7)) if away else None)
    hook = Listener("webhook")
    web = start(slack, hook)
    record = await web.begin()
    await web.happen(record, "a")
    await web.quiet()
    assert (slack.told, hook.told) == ([], ["instance_requested", "a"])
    away = False
    clock.turn(seconds=6)
    await web.outbox.sweep()
    await web.quiet()
    assert slack.told == [], "it asked for seven seconds"
    clock.turn(seconds=1)
    await web.outbox.sweep()
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
    assert worker_ear.memos == [{"last": "instance_requested"}]
    assert await web.outbox.memo(record.id, "slack") == {"last": "a"}


async def test_a_worker_goes_on_where_a_dead_process_stopped(
    start: Callable[..., Process], redis_url: str, clock: TurnedClock
) -> None:
    stuck, worker_ear = Listener(), Listener()
    stuck.gate = asyncio.Event()
    web, worker = start(stuck), start(worker_ear)
    record = await web.begin()
    assert await worker.outbox.sweep() == 0, "the lease of the dead process still runs"
    async with Redis.from_url(redis_url) as redis:
        await redis.delete(f"{{gpu}}:delivering:{record.id}")  # what the lease's end does
    assert await worker.outbox.sweep() == 1
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
    assert await worker.outbox.sweep() == 1
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
        await web.outbox.sweep()
    await web.quiet()
    assert ear.told == ["a"]


@given(plan=st.lists(st.sampled_from(["news from 0", "news from 1", "fault", "sweep 0", "sweep 1"]), max_size=25))
async def test_whatever_fails_each_event_is_told_once_and_in_order(redis_server: str, plan: list[str]) -> None:
    clock, faults, heard = TurnedClock(), [0], Listener()

    def trouble(_: Event) -> Exception | None:
        if faults[0] > 0:
            faults[0] -= 1
            return NotDelivered("away")
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
            await process.outbox.sweep()
    for _ in range(30):
        for process in processes:
            await process.quiet()
        clock.turn(minutes=5)
        await processes[1].outbox.sweep()
    for process in processes:
        await process.quiet()
        await process.store.aclose()
    assert heard.told == expected
