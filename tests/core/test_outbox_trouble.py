"""What the outbox does when news cannot be told: how long it waits, whom it calls, and how late that news is."""

from __future__ import annotations

from datetime import timedelta

import pytest
from redis.asyncio import Redis

from core.adapters.redis import Store
from core.domain.events import Event, InstanceRequested, PhaseChanged
from core.services.alarm_cleanup import tidy_alarms
from core.services.alarms import AlarmKind, Alarms
from core.services.outbox import Abandoned, RetryLater, Stuck
from tests.core.samples import NOON, TurnedClock, instance
from tests.core.test_outbox import Listener, Process

HOUR, MINUTE, MOMENT = timedelta(hours=1), timedelta(minutes=1), timedelta(milliseconds=1)
WEBHOOK = AlarmKind.WEBHOOK_REFUSED


class Trouble:
    """What a listener raises for now."""

    def __init__(self, error: Exception | None) -> None:
        self.error = error

    def __call__(self, _: Event) -> Exception | None:
        return self.error


async def another_try(process: Process, clock: TurnedClock, after: timedelta) -> None:
    clock.turn(seconds=after.total_seconds())
    await process.dispatcher.sweep()
    await process.quiet()


async def kinds(process: Process) -> list[tuple[AlarmKind, str]]:
    return [(alarm.kind, alarm.subject) for alarm in await process.store.alarms() if alarm.over_since is None]


@pytest.mark.parametrize(
    ("error", "waits"),
    [
        (RetryLater("away"), [1, 2, 4, 8, 16, 32, 64, 120, 120]),
        (RetryLater("slow down", timedelta(days=1)), [300, 300, 300]),
        (RetryLater("slow down", timedelta(seconds=301)), [300]),
        (RetryLater("slow down", timedelta(seconds=299)), [299, 299]),
        (RetryLater("moved", timedelta()), [0, 1, 1]),
        (Stuck("closed"), [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 1800, 1800]),
    ],
)
async def test_waits_grow_to_a_bound_whatever_anybody_asks(
    redis_url: str, clock: TurnedClock, error: Exception, waits: list[int]
) -> None:
    ear = Listener(trouble=Trouble(error))
    process = Process(redis_url, clock, ear)
    record = await process.begin()
    await process.quiet()
    for tries, wait in enumerate(waits, start=1):
        note = (await process.store.delivery(record.id)).replace(" ", "")
        if wait == 0:
            continue
        due = clock.now() + timedelta(seconds=wait)
        assert due.isoformat().replace("+00:00", "Z") in note, (tries, wait, note)
        await another_try(process, clock, timedelta(seconds=wait))
    await process.store.aclose()


async def test_the_news_is_due_again_when_the_first_of_those_that_wait_may_be_tried(
    redis_url: str, clock: TurnedClock
) -> None:
    later = [Listener(name, Trouble(RetryLater("away", wait))) for name, wait in (("a", MINUTE), ("b", MINUTE / 2))]
    process = Process(redis_url, clock, *later, Listener("c"))
    record = await process.begin()
    await process.quiet()
    assert await process.store.due(NOON + MINUTE / 2 - MOMENT) == []
    assert await process.store.due(NOON + MINUTE / 2) == [record.id]
    await process.store.aclose()


async def test_what_one_that_was_taken_away_had_not_heard_is_due_no_more(redis_url: str, clock: TurnedClock) -> None:
    """As when an installation's webhook is away, and its address is then taken out of the settings."""
    before = Process(redis_url, clock, Listener(), Listener("webhook", Trouble(RetryLater("away"))))
    await before.begin()
    await before.quiet()
    assert await before.store.outbox_size() == 1
    after = Process(redis_url, clock, Listener())
    await another_try(after, clock, MINUTE)
    assert await after.store.outbox_size() == 0
    for each in (before, after):
        await each.store.aclose()


async def test_what_has_been_told_begins_the_next_waits_anew(redis_url: str, clock: TurnedClock) -> None:
    trouble = Trouble(RetryLater("away"))
    process = Process(redis_url, clock, Listener(trouble=trouble))
    record = await process.begin()
    await process.quiet()
    await another_try(process, clock, timedelta(seconds=1))
    trouble.error = None
    await another_try(process, clock, timedelta(seconds=2))
    trouble.error = RetryLater("away")
    await process.happen(record, "a")
    await process.quiet()
    assert await process.store.due(clock.now() + timedelta(seconds=1) - MOMENT) == []
    assert await process.store.due(clock.now() + timedelta(seconds=1)) == [record.id]
    await process.store.aclose()


async def test_admins_are_called_while_nobody_can_be_told_and_it_is_over_when_somebody_is(
    redis_url: str, clock: TurnedClock
) -> None:
    trouble = Trouble(Stuck("the channel is closed"))
    ear = Listener(trouble=trouble)
    process = Process(redis_url, clock, ear)
    record = await process.begin()
    await process.happen(record, "a")
    await process.quiet()
    assert await kinds(process) == [(AlarmKind.NOT_TOLD, record.id)]
    [alarm] = await process.store.alarms()
    assert alarm.facts == {"name": record.request.name, "why": "the channel is closed"}
    for _ in range(20):
        await another_try(process, clock, timedelta(hours=1))
    assert ear.told == []
    trouble.error = None
    await another_try(process, clock, timedelta(hours=1))
    assert ear.told == ["instance_requested", "a"]
    assert await kinds(process) == []
    await process.store.aclose()


async def test_news_is_never_passed_over_without_the_admins_hearing(redis_url: str, clock: TurnedClock) -> None:
    ear = Listener(trouble=lambda event: KeyError("a defect") if isinstance(event, PhaseChanged) else None)
    process = Process(redis_url, clock, ear)
    record = await process.begin()
    await process.happen(record, "a")
    await process.quiet()
    for _ in range(6):
        await another_try(process, clock, timedelta(minutes=3))
    assert await kinds(process) == []
    await another_try(process, clock, timedelta(minutes=3))
    assert await kinds(process) == [(AlarmKind.PASSED_OVER, record.id)]
    assert await process.store.outbox_size() == 0
    await process.store.aclose()


@pytest.mark.parametrize("is_wished", [True, False])
async def test_an_installations_webhook_that_takes_nothing_more_is_told_to_the_admins(
    redis_url: str, clock: TurnedClock, is_wished: bool
) -> None:
    ear = Listener("webhook", trouble=Trouble(Abandoned("it answers 404", is_wished=is_wished)))
    process = Process(redis_url, clock, ear)
    await process.begin()
    await process.quiet()
    assert await kinds(process) == ([] if is_wished else [(AlarmKind.WEBHOOK_REFUSED, "webhook")])
    await process.store.aclose()


async def test_news_is_as_late_as_it_is_old_and_none_is_not_late(redis_url: str, clock: TurnedClock) -> None:
    process = Process(redis_url, clock, Listener(trouble=Trouble(Stuck("closed"))))
    assert await process.store.oldest_untold_age(clock.now()) == timedelta()
    await process.begin()
    await process.quiet()
    for minutes in (0, 7, 1500):
        clock.turn(seconds=minutes * 60)
        assert await process.store.oldest_untold_age(clock.now()) == clock.now() - NOON
    assert await process.store.oldest_untold_age(NOON - MINUTE) == timedelta()
    await process.store.aclose()


async def test_the_oldest_of_all_that_waits_says_how_late_it_is(redis_url: str, clock: TurnedClock) -> None:
    process = Process(redis_url, clock, Listener(trouble=Trouble(RetryLater("away"))))
    for minutes in (5, 9, 7):
        at = NOON - minutes * MINUTE
        await process.unit_of_work.begin(instance(), [InstanceRequested(at=at)])
    await process.quiet()
    assert await process.store.oldest_untold_age(NOON) == 9 * MINUTE
    assert await process.store.oldest_untold_age(NOON - HOUR) == timedelta(), "by a clock that is behind"
    await process.store.aclose()


async def test_what_this_program_cannot_read_is_named_with_what_can_be_made_out(redis_url: str, store: Store) -> None:
    async with Redis.from_url(redis_url) as redis:
        assert await store.unreadable() == {}
        record = instance(novita_id="n-1")
        await store.begin(record, [], NOON)
        assert await store.unreadable() == {}
        key = f"{{gpu}}:instance:{record.id}"
        whole = await redis.hget(key, "json")
        assert whole is not None
        text = whole.decode() if isinstance(whole, bytes) else whole
        await redis.hset(key, "json", text.replace('"status":"', '"status":"of the future, '))
        [facts] = (await store.unreadable()).values()
        assert {"name": record.request.name, "novita_id": "n-1"}.items() <= facts.items()
        assert facts["why"].startswith("status: ")
        await redis.hset(key, "json", "{")
        assert await store.unreadable() == {record.id: {"name": record.request.name, "why": "it is not JSON"}}
        await redis.hset(key, "json", text)
        assert await store.unreadable() == {}
        await redis.rpush(f"{{gpu}}:timeline:{record.id}", '{"type":"of the future"}')
        await redis.zadd("{gpu}:outbox", {record.id: 1})
        assert list(await store.unreadable()) == [record.id]


@pytest.mark.parametrize("kind", ["delivering", "delivery", "timeline", "instance"])
async def test_one_whose_keys_hold_something_else_keeps_no_other_waiting(
    redis_url: str, clock: TurnedClock, kind: str
) -> None:
    ear = Listener(trouble=Trouble(RetryLater("away")))
    process = Process(redis_url, clock, ear)
    odd, well = await process.begin(), await process.begin()
    await process.quiet()
    async with Redis.from_url(redis_url) as redis:
        await redis.delete(f"{{gpu}}:{kind}:{odd.id}")
        await redis.zadd("{gpu}:wrong", {"not": 1})
        await redis.rename("{gpu}:wrong", f"{{gpu}}:{kind}:{odd.id}")
    ear.trouble = Trouble(None)
    await another_try(process, clock, MINUTE)
    assert '"cursor":1' in await process.store.delivery(well.id)
    await tidy_alarms(Alarms(process.store, clock), process.store, clock)
    assert await process.store.oldest_untold_age(clock.now()) >= timedelta()
    await process.store.aclose()


async def test_a_note_that_cannot_be_read_is_begun_anew(redis_url: str, clock: TurnedClock) -> None:
    ear = Listener(trouble=Trouble(RetryLater("away")))
    process = Process(redis_url, clock, ear)
    record = await process.begin()
    await process.quiet()
    async with Redis.from_url(redis_url) as redis:
        await redis.set(f"{{gpu}}:delivery:{record.id}", '{"by": "of the future"}')
    ear.trouble = Trouble(None)
    await process.happen(record, "pulling")
    await process.quiet()
    assert ear.told == ["instance_requested", "pulling"]
    await process.store.aclose()


async def test_alarms_end_with_what_they_are_about(redis_url: str, clock: TurnedClock) -> None:
    process = Process(redis_url, clock, Listener(trouble=Trouble(Stuck("closed"))))
    record = await process.begin()
    await process.quiet()
    alarms = Alarms(process.store, clock)
    await alarms.sound(AlarmKind.PASSED_OVER, record.id)
    await alarms.sound(AlarmKind.PASSED_OVER, "forgotten")
    await alarms.sound(AlarmKind.NOT_TOLD, "forgotten")
    await alarms.sound(AlarmKind.ALL_ABSENT)
    await alarms.sound(AlarmKind.WEBHOOK_REFUSED, "webhook")
    await tidy_alarms(alarms, process.store, clock)
    lasting = [(AlarmKind.NOT_TOLD, record.id), (AlarmKind.PASSED_OVER, record.id)]
    assert sorted(await kinds(process)) == sorted([*lasting, (AlarmKind.ALL_ABSENT, ""), (WEBHOOK, "webhook")])
    clock.turn(seconds=86400)
    await tidy_alarms(alarms, process.store, clock)
    assert (WEBHOOK, "webhook") in await kinds(process)
    clock.turn(seconds=1)
    await tidy_alarms(alarms, process.store, clock)
    assert (WEBHOOK, "webhook") not in await kinds(process)
    async with Redis.from_url(redis_url) as redis:
        await redis.delete(f"{{gpu}}:instance:{record.id}")
    await tidy_alarms(alarms, process.store, clock)
    assert await kinds(process) == [(AlarmKind.ALL_ABSENT, "")]
    await process.store.aclose()
