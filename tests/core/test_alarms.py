"""What the admins must hear of: one alarm however many processes sound it, one telling however often it is sounded."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from core.adapters.redis import Store, connect
from core.services.alarms import REMEMBERED_FOR, AlarmKind, Alarms
from tests.core.samples import NOON, TurnedClock

STRAY, STUCK = AlarmKind.STRAY, AlarmKind.ORDER_STUCK
CY = "U0CY"
SHORT = timedelta(milliseconds=1)


@pytest.fixture
async def alarms(store: Store, clock: TurnedClock) -> Alarms:
    return Alarms(store, clock)


@pytest.fixture
async def elsewhere(redis_url: str, clock: TurnedClock) -> AsyncIterator[Alarms]:
    """The same alarms as another process has them."""
    made = Store(connect(redis_url))
    yield Alarms(made, clock)
    await made.aclose()


async def told(alarms: Alarms, *admins: str) -> list[tuple[str, str]]:
    """Tells what is untold; returns what that was."""
    untold = await alarms.untold(admins or (CY,))
    for alarm, admin in untold:
        await alarms.told(alarm, admin)
    return [(alarm.key, admin) for alarm, admin in untold]


async def test_what_several_processes_sound_is_one_alarm(alarms: Alarms, elsewhere: Alarms) -> None:
    await asyncio.gather(*((alarms, elsewhere)[n % 2].sound(STRAY, "i-1", {"n": "same"}) for n in range(8)))
    [alarm] = await elsewhere.standing()
    assert (alarm.kind, alarm.subject, alarm.since, alarm.facts) == (STRAY, "i-1", NOON, {"n": "same"})


async def test_each_admin_is_told_once_however_often_it_sounds(
    alarms: Alarms, elsewhere: Alarms, clock: TurnedClock
) -> None:
    await alarms.sound(STRAY, "i-1", {"price": "1"})
    assert await told(alarms, CY) == [("stray:i-1", CY)]
    clock.turn(hours=2)
    await elsewhere.sound(STRAY, "i-1", {"price": "2"})
    assert await told(elsewhere, CY, "U0ADA") == [("stray:i-1", "U0ADA")]
    [alarm] = await alarms.standing()
    assert alarm.facts == {"price": "2"}
    assert alarm.since == NOON
    assert set(alarm.told) == {CY, "U0ADA"}


async def test_facts_that_are_renewed_during_a_telling_do_not_undo_it(alarms: Alarms, store: Store) -> None:
    await alarms.sound(STRAY, "i-1", {"price": "1"})
    [(alarm, _)] = await alarms.untold([CY])
    await alarms.told(alarm, CY)
    await store.save_alarm(alarm.model_copy(update={"facts": {"price": "2"}}))
    assert await alarms.untold([CY]) == []


@pytest.mark.parametrize(
    ("away", "is_told_again"), [(SHORT, False), (REMEMBERED_FOR - SHORT, False), (REMEMBERED_FOR, True)]
)
@pytest.mark.parametrize("tidied", [True, False])
async def test_one_that_comes_back_within_the_hour_is_the_same_one(
    alarms: Alarms, clock: TurnedClock, away: timedelta, *, is_told_again: bool, tidied: bool
) -> None:
    await alarms.sound(STRAY, "i-1")
    await told(alarms)
    await alarms.quiet(STRAY, "i-1")
    assert await alarms.standing() == []
    clock.instant += away
    if tidied:
        await alarms.forget()
    await alarms.sound(STRAY, "i-1")
    assert bool(await told(alarms)) is is_told_again
    assert [alarm.since for alarm in await alarms.standing()] == [clock.now() if is_told_again else NOON]


async def test_an_end_that_is_said_again_is_no_later_one(alarms: Alarms, clock: TurnedClock) -> None:
    """Or what is quieted at each look would be remembered for ever, and never be told again."""
    await alarms.sound(STRAY, "i-1")
    await told(alarms)
    await alarms.quiet(STRAY, "i-1")
    clock.instant += REMEMBERED_FOR
    await alarms.quiet(STRAY, "i-1")
    await alarms.settle(STRAY, {})
    await alarms.sound(STRAY, "i-1")
    assert await told(alarms) == [("stray:i-1", CY)]


async def test_what_stands_is_shown_the_oldest_first(alarms: Alarms, clock: TurnedClock) -> None:
    for subject in ("b", "c", "a"):
        await alarms.sound(STRAY, subject)
        clock.turn(seconds=1)
    assert [alarm.subject for alarm in await alarms.standing()] == ["b", "c", "a"]


async def test_what_is_over_is_told_to_nobody(alarms: Alarms) -> None:
    await alarms.sound(STRAY, "i-1")
    await alarms.quiet(STRAY, "i-1")
    assert await told(alarms) == []


async def test_an_end_says_nothing_of_other_alarms(alarms: Alarms) -> None:
    for kind, subject in ((STRAY, "i-1"), (STRAY, "i-2"), (STUCK, "i-1")):
        await alarms.sound(kind, subject)
    await alarms.quiet(STRAY, "i-1")
    assert {alarm.key for alarm in await alarms.standing()} == {"stray:i-2", "order_stuck:i-1"}


async def test_to_settle_a_kind_sounds_what_stands_and_ends_the_rest_of_it(alarms: Alarms) -> None:
    for kind, subject in ((STRAY, "i-1"), (STRAY, "i-2"), (STUCK, "i-1")):
        await alarms.sound(kind, subject)
    await alarms.settle(STRAY, {"i-2": {"n": "2"}, "i-3": {"n": "3"}})
    standing = {alarm.key: alarm.facts for alarm in await alarms.standing()}
    assert standing == {"stray:i-2": {"n": "2"}, "stray:i-3": {"n": "3"}, "order_stuck:i-1": {}}


async def test_what_is_long_over_leaves_nothing_behind(alarms: Alarms, clock: TurnedClock, redis_url: str) -> None:
    await alarms.sound(STRAY, "i-1")
    await told(alarms)
    await alarms.quiet(STRAY, "i-1")
    clock.instant += REMEMBERED_FOR
    await alarms.forget()
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        assert await redis.keys("{gpu}:*") == ["{gpu}:looked"]


async def test_one_that_cannot_be_read_hides_no_other(alarms: Alarms, redis_url: str) -> None:
    async with Redis.from_url(redis_url) as redis:
        await redis.hset("{gpu}:alarms", "stray:i-0", '{"kind": "of a later version"}')
    await alarms.sound(STRAY, "i-1")
    assert [alarm.subject for alarm in await alarms.standing()] == ["i-1"]


async def test_of_two_processes_one_tells_it_now(alarms: Alarms, elsewhere: Alarms) -> None:
    await alarms.sound(STRAY, "i-1")
    [(alarm, _)] = await alarms.untold([CY])
    assert await alarms.claim(alarm, CY)
    assert not await elsewhere.claim(alarm, CY)
    assert await elsewhere.claim(alarm, "U0ADA")
    await alarms.not_told(alarm, CY)
    assert await elsewhere.claim(alarm, CY)
