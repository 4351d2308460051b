"""When something happened that was only seen later: at its edges, and whatever Novita says of it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.adapters.novita import parse
from core.domain import transitions
from core.domain.base import Cause
from core.domain.instance import Billed, Instance, Status
from core.domain.order import Order, Verb
from tests.core.samples import ADA, NOON, at_novita, instance

MIN, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NEXT_DAY = NOON + DAY


def _launched(**changes: Any) -> Instance:
    return instance(**{"novita_id": "n-1", "status": Status.STARTING, "launched_at": NOON, **changes})


def _seen(record: Instance, status: str, now: datetime, before: datetime | None = None, **more: Any) -> Instance:
    changed = transitions.observed(record, at_novita(record, status, **more), now, before)
    assert changed is not None
    return changed[0]


@pytest.mark.parametrize(
    ("started_at", "running_at"),
    [
        (NOON + 10 * MIN, NOON + 10 * MIN),
        (NOON, NOON),
        (NOON - MIN, NOON),
        (NOON - MIN - timedelta(seconds=1), NOON + 3 * MIN),
        (NEXT_DAY, NEXT_DAY),
        (NEXT_DAY + MIN, NEXT_DAY),
        (NEXT_DAY + 2 * MIN, NOON + 3 * MIN),
        (None, NOON + 3 * MIN),
    ],
)
def test_after_a_day_without_a_look_the_lease_is_counted_from_when_it_came_up(
    started_at: datetime | None, running_at: datetime
) -> None:
    record = _seen(_launched(), "running", NEXT_DAY, NOON, started_at=started_at)
    assert record.running_at == running_at
    assert record.lease.ends_at == running_at + 8 * HOUR
    assert record.billed == (Billed(since=NOON),), "billing begins with the pull, before it runs"


@pytest.mark.parametrize(
    ("before", "running_at"),
    [
        (NEXT_DAY - MIN, NEXT_DAY),
        (NEXT_DAY - MIN - timedelta(seconds=1), NEXT_DAY - MIN - timedelta(seconds=1)),
        (NEXT_DAY - HOUR, NEXT_DAY - HOUR),
        (None, NOON + 5 * MIN),
    ],
)
def test_at_the_look_before_it_did_not_run_whatever_novita_says(before: datetime | None, running_at: datetime) -> None:
    record = _seen(_launched(), "running", NEXT_DAY, before, started_at=NOON + 5 * MIN)
    assert record.running_at == running_at


def test_a_start_that_was_ordered_is_counted_from_no_earlier_than_its_order() -> None:
    order = Order(verb=Verb.START, cause=Cause.PERSON, actor=ADA, at=NOON + HOUR, last_try_at=NOON + HOUR)
    record = _launched(status=Status.STARTING, running_at=NOON - DAY, stopped_at=NOON, order=order)
    assert _seen(record, "running", NEXT_DAY, started_at=NOON - DAY).running_at == NOON + HOUR + 3 * MIN
    assert _seen(record, "running", NEXT_DAY, started_at=NOON + HOUR + MIN).running_at == NOON + HOUR + MIN


@pytest.mark.parametrize(
    ("stopped_at", "before", "expected"),
    [
        (NOON + 2 * HOUR, NOON + HOUR, NOON + 2 * HOUR),
        (NOON + 2 * HOUR, NEXT_DAY - MIN, NEXT_DAY),
        (NOON - 2 * HOUR, NOON + HOUR, NEXT_DAY),
        (NEXT_DAY + HOUR, NOON + HOUR, NEXT_DAY),
        (None, NOON + HOUR, NEXT_DAY),
    ],
)
def test_a_stop_that_was_seen_late_was_when_novita_says(
    stopped_at: datetime | None, before: datetime, expected: datetime
) -> None:
    record = _launched(status=Status.RUNNING, running_at=NOON, billed=(Billed(since=NOON),))
    stopped = _seen(record, "exited", NEXT_DAY, before, stopped_at=stopped_at)
    assert stopped.standstill.since == expected
    assert stopped.billed == (Billed(since=NOON, until=expected),)


@pytest.mark.parametrize(
    ("created_at", "launched_at"),
    [(NOON + MIN, NOON + MIN), (NEXT_DAY + HOUR, NOON), (NOON - HOUR, NOON), (None, NOON)],
)
def test_what_is_found_by_its_name_was_made_when_novita_says(
    created_at: datetime | None, launched_at: datetime
) -> None:
    record = _seen(instance(in_doubt_since=NOON), "running", NEXT_DAY, created_at=created_at)
    assert record.launch.accepted_at == launched_at
    assert record.running_at == launched_at + 3 * MIN


@pytest.mark.parametrize("odd", ["", "0", 0, None, "soon", "-1", [], {}, "99999999999999999999", True, 1.5])
def test_times_that_novita_does_not_say_are_none(odd: object) -> None:
    row = {"id": "n-1", "lastStartedAt": odd, "startedAt": odd, "lastStoppedAt": odd, "createdAt": odd}
    novita = parse.instance(row)
    assert (novita.started_at, novita.stopped_at, novita.created_at) == (None, None, None)


def test_the_last_start_and_stop_count_and_the_first_only_without_them() -> None:
    stamp = str(int(NOON.timestamp()))
    novita = parse.instance({"id": "n-1", "lastStartedAt": stamp, "startedAt": "1", "stoppedAt": stamp})
    assert (novita.started_at, novita.stopped_at) == (NOON, NOON)
