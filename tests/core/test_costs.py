"""What an instance costs, as observed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from core.domain import costs
from core.domain.instance import Billed, Status
from tests.core.samples import NOON, instance, request

HOUR = timedelta(hours=1)
FIRST = datetime(2026, 11, 1, tzinfo=UTC)
"""When the month of NOON began."""


def test_only_the_stretches_that_novita_bills_are_counted() -> None:
    stretches = (Billed(since=NOON, until=NOON + HOUR), Billed(since=NOON + 5 * HOUR))
    record = instance(billed=stretches, status=Status.RUNNING, request=request(gpu_num=2))
    assert costs.so_far(record, NOON + 6 * HOUR) == Decimal("0.72")


def test_a_launch_that_never_came_up_costs_nothing() -> None:
    assert costs.so_far(instance(), NOON + HOUR) == 0


def test_this_month_begins_on_the_first() -> None:
    record = instance(billed=(Billed(since=datetime(2026, 10, 31, 23, tzinfo=UTC)),), status=Status.RUNNING)
    assert costs.this_month(record, datetime(2026, 11, 1, 1, tzinfo=UTC)) == Decimal("0.18")


def test_billing_begins_and_ends_once() -> None:
    record = instance()
    record = record.model_copy(update={"billed": costs.billing_begins(record, NOON)})
    assert costs.billing_begins(record, NOON + HOUR) == record.billed
    record = record.model_copy(update={"billed": costs.billing_ends(record, NOON + HOUR)})
    assert costs.billing_ends(record, NOON + 2 * HOUR) == record.billed == (Billed(since=NOON, until=NOON + HOUR),)
    assert len(costs.billing_begins(record, NOON + 3 * HOUR)) == 2


def test_only_the_disk_beyond_the_free_part_costs() -> None:
    assert costs.disk_per_day(instance()) == 0
    assert costs.disk_per_day(instance(request=request(rootfs_size=160))) == Decimal("0.5")


@pytest.mark.parametrize(
    ("since", "until", "hours"),
    [
        (-9 * HOUR, -5 * HOUR, 0),
        (-9 * HOUR, timedelta(), 0),
        (-9 * HOUR, HOUR, 1),
        (timedelta(), HOUR, 1),
        (HOUR, 3 * HOUR, 2),
        (-9 * HOUR, None, 10),
        (2 * HOUR, None, 8),
        (11 * HOUR, None, 0),
    ],
)
def test_a_stretch_counts_in_a_month_only_as_far_as_it_lies_in_it(
    since: timedelta, until: timedelta | None, hours: int
) -> None:
    stretch = Billed(since=FIRST + since, until=None if until is None else FIRST + until)
    later = Billed(since=FIRST + 4 * HOUR, until=FIRST + 5 * HOUR)
    record = instance(billed=(stretch, later))
    assert costs.this_month(record, FIRST + 10 * HOUR) == (hours + 1) * Decimal("0.18")


def test_what_was_spent_is_never_less_than_nothing() -> None:
    assert costs.so_far(instance(billed=(Billed(since=NOON + HOUR),)), NOON) == 0
    assert costs.so_far(instance(billed=(Billed(since=NOON),), offer=None), NOON + HOUR) == 0


@pytest.mark.parametrize("status", Status)
def test_an_open_stretch_is_billed_in_every_state_but_deleted(status: Status) -> None:
    ended, since_then = Billed(since=NOON, until=NOON + HOUR), Billed(since=NOON + 2 * HOUR)
    assert costs.is_billed(instance(status=status, billed=(ended, since_then))) is (status is not Status.DELETED)
    assert not costs.is_billed(instance(status=status, billed=(since_then, ended)))
    assert not costs.is_billed(instance(status=status))


def test_the_end_of_billing_leaves_the_stretches_before_it_alone() -> None:
    first = Billed(since=NOON, until=NOON + HOUR)
    record = instance(billed=(first, Billed(since=NOON + 2 * HOUR)))
    ended = costs.billing_ends(record, NOON + 3 * HOUR)
    assert ended == (first, Billed(since=NOON + 2 * HOUR, until=NOON + 3 * HOUR))
    assert costs.billing_ends(instance(), NOON) == ()


@pytest.mark.parametrize(("disk", "usd"), [(10, "0"), (59, "0"), (60, "0"), (61, "0.005"), (260, "1")])
def test_a_disk_costs_for_each_gigabyte_above_the_free_ones(disk: int, usd: str) -> None:
    assert costs.disk_per_day(instance(request=request(rootfs_size=disk))) == Decimal(usd)


@pytest.mark.parametrize(
    ("ended", "now", "usd"),
    [
        (None, timedelta(), "0"),
        (None, 24 * HOUR, "1"),
        (None, 36 * HOUR, "1.5"),
        (12 * HOUR, 36 * HOUR, "0.5"),
        (-HOUR, 36 * HOUR, "0"),
    ],
)
def test_a_disk_costs_from_the_first_that_is_billed_until_there_is_none(
    ended: timedelta | None, now: timedelta, usd: str
) -> None:
    status = Status.STOPPED if ended is None else Status.DELETED
    ended_at = None if ended is None else NOON + ended
    moment = (Billed(since=NOON, until=NOON),)
    record = instance(status=status, billed=moment, ended_at=ended_at, request=request(rootfs_size=260))
    assert costs.so_far(record, NOON + now) == Decimal(usd)


def test_a_disk_counts_in_a_month_as_far_as_it_lies_in_it() -> None:
    early = (Billed(since=FIRST - 48 * HOUR, until=FIRST - 48 * HOUR),)
    record = instance(status=Status.STOPPED, billed=early, request=request(rootfs_size=260))
    assert costs.this_month(record, FIRST + 12 * HOUR) == Decimal("0.5")
    assert costs.so_far(record, FIRST + 12 * HOUR) == Decimal("2.5")


def test_what_was_never_billed_has_no_disk_that_costs() -> None:
    record = instance(request=request(rootfs_size=260))
    assert costs.so_far(record, NOON + HOUR) == 0 and not costs.is_counting(record)


@pytest.mark.parametrize(
    ("status", "disk", "is_counting"),
    [
        (Status.STOPPED, 60, False),
        (Status.STOPPED, 61, True),
        (Status.FAILED, 61, True),
        (Status.DELETED, 61, False),
    ],
)
def test_a_cost_grows_while_there_is_a_disk_that_costs(status: Status, disk: int, is_counting: bool) -> None:
    stretch = (Billed(since=NOON, until=NOON + HOUR),)
    record = instance(status=status, novita_id="3f9a", billed=stretch, request=request(rootfs_size=disk))
    assert costs.is_counting(record) is is_counting
    assert costs.is_counting(record.model_copy(update={"billed": (Billed(since=NOON),)})) is (
        status is not Status.DELETED
    )


def test_what_is_billed_together_an_hour_is_added_up_in_one_place() -> None:
    """All GPUs of each that is billed now; nothing of what stands still, has ended, or has no price yet."""
    runs = instance(billed=(Billed(since=NOON),), status=Status.RUNNING, request=request(gpu_num=2))
    pulls = instance(billed=(Billed(since=NOON),), status=Status.STARTING)
    stopped = instance(billed=(Billed(since=NOON, until=NOON + HOUR),), status=Status.STOPPED)
    gone = instance(billed=(Billed(since=NOON),), status=Status.DELETED)
    unpriced = instance(billed=(Billed(since=NOON),), status=Status.RUNNING, offer=None)
    assert costs.per_hour([runs, pulls, stopped, gone, unpriced]) == 3 * Decimal("0.18")
    assert costs.per_hour([]) == 0
