"""What an instance costs: compute by the stretches of time that Novita bills, disk as long as it exists (pure).

Estimates from what was observed, not Novita's invoice: billing begins with the image pull and ends with the stop
(API.md, Billing), and the bot sees both up to one look late.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import NamedTuple

from core.domain.instance import Billed, Instance, Status
from core.domain.market import Offer
from core.domain.request import DISK_DEFAULT_GB, InstanceRequest

DISK_USD_PER_GB_DAY = Decimal("0.005")
"""Of a container disk above the free 60 GB, by Novita's list of prices; charged while it runs and while it stands."""

_HOUR = Decimal(3600)
_HOURS_A_DAY = Decimal(24)


class Disk(NamedTuple):
    """A container disk, and what it costs whether its instance runs or stands still."""

    gigabytes: int
    per_day: Decimal
    """USD."""


@dataclass(frozen=True, slots=True)
class Quote:
    """What something costs before it is created. Prices are USD an hour for all its GPUs."""

    first: Decimal
    """Where it is tried first."""
    lowest: Decimal
    highest: Decimal
    """Wherever it is tried, sold out as it may be listed."""
    disk: Decimal
    """USD a day, above what is free."""
    lease: timedelta | None

    def total(self, per_hour: Decimal) -> Decimal | None:
        """USD of the whole lease with its disk; None without an end."""
        if self.lease is None:
            return None
        return (per_hour + self.disk / _HOURS_A_DAY) * _hours(self.lease)


def so_far(instance: Instance, now: datetime) -> Decimal:
    """USD of compute and disk since it was made."""
    return _spent(instance, None, now)


def this_month(instance: Instance, now: datetime) -> Decimal:
    """USD of compute and disk since the month began."""
    return _spent(instance, month_start(now), now)


def month_start(now: datetime) -> datetime:
    """The first instant of the month, UTC."""
    return now.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def disk_per_day(instance: Instance) -> Decimal:
    """USD a day that its container disk costs, whether it runs or stands still."""
    return disk_of(instance.request).per_day


def disk_of(request: InstanceRequest) -> Disk:
    """The container disk that is asked for."""
    size = request.rootfs_size
    return Disk(size, max(0, size - DISK_DEFAULT_GB) * DISK_USD_PER_GB_DAY)


def quote(request: InstanceRequest, offers: Sequence[Offer]) -> Quote:
    """What the request costs at these offers, of which there is one at least and the first is tried first."""
    prices = [offer.price * request.gpu_num for offer in offers]
    return Quote(prices[0], min(prices), max(prices), disk_of(request).per_day, request.lease)


def compute_for(instance: Instance, length: timedelta) -> Decimal | None:
    """USD of compute for so long; None while no price is known."""
    price = instance.hourly_price
    return None if price is None else price * _hours(length)


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


def is_counting(instance: Instance) -> bool:
    """Whether what it has cost grows just now: by compute, or by a disk that is kept for it."""
    return is_billed(instance) or (bool(disk_per_day(instance)) and _has_disk(instance))


def per_hour(instances: Iterable[Instance]) -> Decimal:
    """USD an hour that these cost together just now, as far as their compute is billed."""
    return sum((each.hourly_price or Decimal(0) for each in instances if is_billed(each)), Decimal(0))


def _spent(instance: Instance, since: datetime | None, now: datetime) -> Decimal:
    compute = sum((_overlap(stretch, since, now) for stretch in instance.billed), timedelta())
    kept = _overlap(life, since, now) if (life := _life(instance)) is not None else timedelta()
    disk = _hours(kept) * disk_per_day(instance) / _HOURS_A_DAY
    return _hours(compute) * (instance.hourly_price or Decimal(0)) + disk


def _life(instance: Instance) -> Billed | None:
    """From the first that was billed to its end: for so long it has a disk, running or stopped."""
    if not instance.billed:
        return None
    return Billed(since=instance.billed[0].since, until=None if _has_disk(instance) else instance.ended_at)


def _has_disk(instance: Instance) -> bool:
    return bool(instance.billed) and not instance.has_ended


def _hours(time: timedelta) -> Decimal:
    return Decimal(str(time.total_seconds())) / _HOUR


def _overlap(stretch: Billed, since: datetime | None, now: datetime) -> timedelta:
    begin = max(stretch.since, since) if since else stretch.since
    return max(timedelta(), (stretch.until or now) - begin)
