"""Whether the same again is worth offering after an instance: not where it would fail alike, nor for ever (pure)."""

from __future__ import annotations

import re
from datetime import datetime, timedelta

from core.domain.attempt import FailureKind
from core.domain.base import BillingMode
from core.domain.instance import Instance, Status

OFFERED_FOR = timedelta(days=7)
"""After its end; who wants it later fills in the form, with what is sold then."""

_WOULD_FAIL_ALIKE = frozenset({FailureKind.MONEY, FailureKind.ACCOUNT, FailureKind.BAD_INPUT})
_HELPED_BY_ON_DEMAND = frozenset(
    {FailureKind.NO_CAPACITY, FailureKind.DEADLINE, FailureKind.LOST, FailureKind.INSTANCE, FailureKind.OTHER}
)
_OF_ITS_IMAGE = re.compile(r"image|pull", re.IGNORECASE)


def can_recreate(instance: Instance, mode: BillingMode, now: datetime | None = None) -> bool:
    """Whether the same under this billing makes sense after it. Without `now` its age does not count."""
    if mode is not instance.request.billing_mode and not _on_demand_helps(instance, mode):
        return False
    return not _would_fail_alike(instance) and not (now and _is_old(instance, now))


def _on_demand_helps(instance: Instance, mode: BillingMode) -> bool:
    failure = instance.failure
    return mode is BillingMode.ON_DEMAND and (failure is None or failure.kind in _HELPED_BY_ON_DEMAND)


def _would_fail_alike(instance: Instance) -> bool:
    failure = instance.failure
    if failure is None or instance.status is not Status.FAILED:
        return False
    if failure.kind is FailureKind.INSTANCE:
        return _OF_ITS_IMAGE.search(f"{failure.reason} {failure.message}") is not None
    return failure.kind in _WOULD_FAIL_ALIKE


def _is_old(instance: Instance, now: datetime) -> bool:
    """What still runs, or may run again, is not old."""
    if not instance.has_ended and instance.status not in (Status.FAILED, Status.STOPPED):
        return False
    since = instance.ended_at or instance.standstill.since or instance.launch.accepted_at or instance.created_at
    return now - since > OFFERED_FOR
