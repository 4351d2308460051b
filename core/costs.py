"""What an instance costs: compute by the stretches of time that Novita bills, disk while it stands still (pure).

Estimates from what was observed, not Novita's invoice: billing begins with the image pull and ends with the stop
(novita-api.md 3.3), and the bot sees both up to one look late.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from core.models import DISK_DEFAULT_GB, Billed, Instance, Status

DISK_USD_PER_GB_DAY = Decimal("0.005")
"""Above the free 60 GB (novita-api.md 3.3)."""

_HOUR = Decimal(3600)


def so_far(instance: Instance, now: datetime) -> Decimal:
    """USD of compute since it was made."""
    return _spent(instance, None, now)


def this_month(instance: Instance, now: datetime) -> Decimal:
    """USD of compute since the month began."""
    return _spent(instance, month_start(now), now)


def month_start(now: datetime) -> datetime:
    """The first instant of the month, UTC."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def disk_per_day(instance: Instance) -> Decimal:
    """USD a day that its container disk costs while it is stopped."""
    return max(0, instance.request.rootfs_size - DISK_DEFAULT_GB) * DISK_USD_PER_GB_DAY


def billing_begins(instance: Instance, now: datetime) -> tuple[Billed, ...]:
    """The stretches once compute is billed; unchanged when it is billed already."""
    if instance.billed and instance.billed[-1].until is None:
        return instance.billed
    return (*instance.billed, Billed(since=now))


def billing_ends(instance: Instance, now: datetime) -> tuple[Billed, ...]:
    """The stretches once compute is no longer billed."""
    if not instance.billed or instance.billed[-1].until is not None:
        return instance.billed
    return (*instance.billed[:-1], Billed(since=instance.billed[-1].since, until=now))


def is_billed(instance: Instance) -> bool:
    """Whether it costs compute just now."""
    return bool(instance.billed) and instance.billed[-1].until is None and instance.status is not Status.DELETED


def _spent(instance: Instance, since: datetime | None, now: datetime) -> Decimal:
    total = sum((_overlap(stretch, since, now) for stretch in instance.billed), timedelta())
    return Decimal(str(total.total_seconds())) / _HOUR * (instance.hourly_price or Decimal(0))


def _overlap(stretch: Billed, since: datetime | None, now: datetime) -> timedelta:
    begin = max(stretch.since, since) if since else stretch.since
    return max(timedelta(), (stretch.until or now) - begin)
