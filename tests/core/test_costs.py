"""What an instance costs, as observed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from core import costs
from core.models import Billed, Status
from tests.core.samples import NOON, instance, request

HOUR = timedelta(hours=1)


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
