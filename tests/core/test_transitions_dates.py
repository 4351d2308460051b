"""What a clock that was ahead has left on a record is put right, and nothing else is touched."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.domain import transitions
from core.domain.base import Cause
from core.domain.clock import CLOSE_ENOUGH
from core.domain.instance import Billed, Status
from core.domain.order import Order, Verb
from core.domain.order_timing import LONGEST_PAUSE
from tests.core.samples import ADA, NOON, flat_value, instance

HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)
AHEAD = NOON + 2 * HOUR


@pytest.mark.parametrize(
    "name",
    [
        "created_at",
        "launched_at",
        "running_at",
        "stopped_at",
        "ended_at",
        "in_doubt_since",
        "missing_since",
        "starting_since",
        "missed_at",
        "asked_at",
    ],
)
@pytest.mark.parametrize(
    ("by", "is_put_right"), [(2 * HOUR, True), (CLOSE_ENOUGH + MOMENT, True), (CLOSE_ENOUGH, False), (-HOUR, False)]
)
def test_a_past_that_lies_ahead_is_now(name: str, by: timedelta, is_put_right: bool) -> None:
    changed = transitions.redated(instance(**{name: NOON + by}), NOON)
    assert (changed is not None) is is_put_right
    if changed is not None:
        record, events = changed
        assert flat_value(record, name) == NOON
        assert list(events) == []
        assert transitions.redated(record, NOON) is None


@pytest.mark.parametrize(
    ("running_at", "ends_at", "then"),
    [
        (AHEAD, AHEAD + 8 * HOUR, NOON + 8 * HOUR),
        (AHEAD, AHEAD + 9 * HOUR, AHEAD + 9 * HOUR),
        (NOON - HOUR, NOON + 7 * HOUR, NOON + 7 * HOUR),
        (AHEAD, None, None),
    ],
)
def test_a_lease_that_was_counted_from_such_a_past_is_counted_anew_unless_somebody_moved_it(
    running_at: Any, ends_at: Any, then: Any
) -> None:
    record = instance(status=Status.RUNNING, running_at=running_at, lease_ends_at=ends_at)
    changed = transitions.redated(record, NOON)
    assert (changed[0] if changed else record).lease.ends_at == then


def test_orders_and_what_was_billed_are_put_right_too() -> None:
    record = instance(
        order=Order(verb=Verb.STOP, cause=Cause.PERSON, actor=ADA, at=NOON - HOUR, last_try_at=AHEAD),
        billed=(Billed(since=NOON - HOUR, until=NOON), Billed(since=NOON, until=AHEAD), Billed(since=AHEAD)),
    )
    changed = transitions.redated(record, NOON)
    assert changed is not None
    assert changed[0].order == Order(verb=Verb.STOP, cause=Cause.PERSON, actor=ADA, at=NOON - HOUR, last_try_at=NOON)
    assert changed[0].billed == (
        Billed(since=NOON - HOUR, until=NOON),
        Billed(since=NOON, until=NOON),
        Billed(since=NOON),
    )


@pytest.mark.parametrize(
    ("by", "is_put_right"),
    [(LONGEST_PAUSE + CLOSE_ENOUGH + MOMENT, True), (LONGEST_PAUSE + CLOSE_ENOUGH, False), (-HOUR, False)],
)
def test_no_order_waits_longer_than_any_is_put_off(by: timedelta, is_put_right: bool) -> None:
    record = instance(
        order=Order(verb=Verb.STOP, cause=Cause.PERSON, actor=ADA, at=NOON - HOUR, failures=1, again_at=NOON + by)
    )
    changed = transitions.redated(record, NOON)
    assert (changed is not None) is is_put_right
    if changed is not None:
        assert changed[0].order is not None
        assert changed[0].order.again_at == NOON


@pytest.mark.parametrize(
    ("ends_at", "then"),
    [(AHEAD + transitions.LEASE_ANSWER_WITHIN, NOON + transitions.LEASE_ANSWER_WITHIN), (AHEAD + HOUR, AHEAD + HOUR)],
)
def test_the_time_for_an_answer_is_counted_anew_too(ends_at: Any, then: Any) -> None:
    record = instance(status=Status.RUNNING, running_at=NOON - HOUR, asked_at=AHEAD, lease_ends_at=ends_at)
    changed = transitions.redated(record, NOON)
    assert changed is not None
    assert (changed[0].lease.asked_at, changed[0].lease.ends_at) == (NOON, then)


def test_what_was_asked_about_by_a_clock_that_was_ahead_is_asked_about_in_its_time() -> None:
    record = instance(status=Status.STARTING, starting_since=AHEAD, start_ends_at=AHEAD + HOUR, slow_notices=2)
    changed = transitions.redated(record, NOON)
    assert changed is not None
    found = changed[0]
    assert (found.startup.since, found.startup.ends_at, found.startup.notices) == (NOON, None, 0)
