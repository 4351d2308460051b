"""A background task that stands still is heard of: at its edges, and through the alarms."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.adapters.redis import Store, connect
from core.services.alarms import AlarmKind, Alarms
from core.services.overdue import LATE_AFTER, TaskWatch, overdue
from tests.core.samples import NOON, TurnedClock

MOMENT = timedelta(seconds=1)
SHORT, LONG = timedelta(seconds=10), timedelta(minutes=10)


@pytest.mark.parametrize(
    ("every", "succeeded", "began", "is_late"),
    [
        (SHORT, NOON - LATE_AFTER, NOON - LONG, False),
        (SHORT, NOON - LATE_AFTER - MOMENT, NOON - LONG, True),
        (SHORT, None, NOON - LATE_AFTER, False),
        (SHORT, None, NOON - LATE_AFTER - MOMENT, True),
        (SHORT, NOON - timedelta(days=3), NOON - LATE_AFTER, False),
        (SHORT, NOON - timedelta(days=3), NOON - LATE_AFTER - MOMENT, True),
        (LONG, NOON - 3 * LONG, NOON - 9 * LONG, False),
        (LONG, NOON - 3 * LONG - MOMENT, NOON - 9 * LONG, True),
    ],
)
def test_a_task_is_late_after_five_minutes_or_three_intervals_in_which_somebody_could_have_done_it(
    every: timedelta, succeeded: datetime | None, began: datetime, is_late: bool
) -> None:
    successes = {} if succeeded is None else {"look": succeeded}
    late = overdue({"look": every}, successes, began, NOON)
    assert late == ({"look": max(succeeded or began, began)} if is_late else {})


async def test_admins_hear_of_a_task_that_stands_still_until_it_succeeds_again(redis_url: str) -> None:
    clock = TurnedClock()
    store = Store(connect(redis_url))
    alarms, intervals = Alarms(store, clock), {"look": SHORT, "tend": SHORT}
    watch = TaskWatch(alarms, store, clock.now())
    clock.turn(minutes=5, seconds=1)
    await store.note_success("tend", clock.now())
    await watch.look(intervals, clock.now())
    assert await alarms.standing() == []
    await watch.look(intervals, clock.now())
    assert [(each.kind, each.subject) for each in await alarms.standing()] == [(AlarmKind.TASK_OVERDUE, "look")]
    await store.note_success("look", clock.now())
    await watch.look(intervals, clock.now())
    assert await alarms.standing() == []
    await store.aclose()
