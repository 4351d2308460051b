"""Where the same again is worth offering."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.attempt import Failure, FailureKind
from core.domain.base import BillingMode
from core.domain.instance import Instance, Status
from core.domain.recreating import can_recreate
from tests.core.samples import NOON, instance

WEEK, SECOND = timedelta(days=7), timedelta(seconds=1)
SPOT, ON_DEMAND = BillingMode.SPOT, BillingMode.ON_DEMAND


def failed(kind: FailureKind, message: str = "", reason: str = "") -> Instance:
    return instance(
        status=Status.FAILED, failure=Failure(kind=kind, message=message, reason=reason), created_at=NOON, ended_at=NOON
    )


@pytest.mark.parametrize(
    ("kind", "again", "on_demand"),
    [
        (FailureKind.NO_CAPACITY, True, True),
        (FailureKind.DEADLINE, True, True),
        (FailureKind.LOST, True, True),
        (FailureKind.INSTANCE, True, True),
        (FailureKind.OTHER, True, True),
        (FailureKind.QUOTA, True, False),
        (FailureKind.GATEWAY, True, False),
        (FailureKind.PACE, True, False),
        (FailureKind.UNREACHABLE, True, False),
        (FailureKind.STORE, True, False),
        (FailureKind.MONEY, False, False),
        (FailureKind.ACCOUNT, False, False),
        (FailureKind.BAD_INPUT, False, False),
    ],
)
def test_what_would_fail_alike_is_not_offered(kind: FailureKind, again: bool, on_demand: bool) -> None:
    assert can_recreate(failed(kind), SPOT, NOON) is again
    assert can_recreate(failed(kind), ON_DEMAND, NOON) is on_demand


def test_a_broken_image_is_broken_in_the_next_one_too() -> None:
    assert not can_recreate(failed(FailureKind.INSTANCE, "image pull failed"), SPOT)
    assert not can_recreate(failed(FailureKind.INSTANCE, reason="pullFailed"), ON_DEMAND)
    assert can_recreate(failed(FailureKind.INSTANCE, "instance is unavailable"), SPOT)


def test_an_earlier_failure_of_what_came_up_after_it_says_nothing() -> None:
    deleted = failed(FailureKind.BAD_INPUT).model_copy(update={"status": Status.DELETED})
    assert can_recreate(deleted, SPOT, NOON)


@pytest.mark.parametrize("field", ["ended_at", "stopped_at"])
def test_it_is_offered_for_a_week(field: str) -> None:
    status = Status.DELETED if field == "ended_at" else Status.STOPPED
    record = instance(status=status, created_at=NOON - 2 * WEEK, **{field: NOON})
    assert can_recreate(record, SPOT, NOON + WEEK)
    assert not can_recreate(record, SPOT, NOON + WEEK + SECOND)
    assert can_recreate(record, SPOT)


def test_what_still_runs_is_not_old() -> None:
    assert can_recreate(instance(status=Status.RUNNING, created_at=NOON), SPOT, NOON + 9 * WEEK)


def test_no_other_billing_than_on_demand_is_taken_instead() -> None:
    record = instance(status=Status.DELETED, ended_at=NOON)
    record = record.model_copy(update={"request": record.request.model_copy(update={"billing_mode": ON_DEMAND})})
    assert not can_recreate(record, SPOT, NOON)
