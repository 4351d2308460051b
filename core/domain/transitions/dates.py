"""What a clock that was ahead has left on a record: a past that has not come yet."""

from __future__ import annotations

from datetime import datetime
from typing import TypeVar

from core.domain.base import Value
from core.domain.clock import CLOSE_ENOUGH
from core.domain.instance import Instance, Lease, Startup
from core.domain.order import Order
from core.domain.order_timing import LONGEST_PAUSE
from core.domain.transitions.change import TransitionResult
from core.domain.transitions.ownership import LEASE_ANSWER_WITHIN

_V = TypeVar("_V", bound=Value)


def redated(instance: Instance, now: datetime) -> TransitionResult | None:
    """What is said to have happened and lies ahead happens now; so a lease that was counted from there is, too.

    Only for a `now` that is beyond doubt.
    """
    latest = now + CLOSE_ENOUGH
    redated = _brought_back(instance, now, latest, "created_at", "running_at", "ended_at").replace(
        launch=_brought_back(instance.launch, now, latest, "in_doubt_since", "accepted_at"),
        absence=_brought_back(instance.absence, now, latest, "since", "missed_at"),
        startup=_startup(instance.startup, now, latest),
        order=_order(instance.order, now, latest),
        lease=_lease(instance, now, latest),
        standstill=_brought_back(instance.standstill, now, latest, "since"),
        billed=tuple(_brought_back(each, now, latest, "since", "until") for each in instance.billed),
    )
    return (redated, ()) if redated != instance else None


def _brought_back(value: _V, now: datetime, latest: datetime, *names: str) -> _V:
    """What these fields of it say, and lies ahead, happens now."""
    ahead = [name for name in names if _lies_ahead(getattr(value, name), latest)]
    return value.replace(**dict.fromkeys(ahead, now)) if ahead else value


def _startup(startup: Startup, now: datetime, latest: datetime) -> Startup:
    """How long it has been on its way was never known: whoever was asked about that is asked in its time."""
    return Startup(since=now) if _lies_ahead(startup.since, latest) else startup


def _lease(instance: Instance, now: datetime, latest: datetime) -> Lease:
    lease = _brought_back(instance.lease, now, latest, "set_at", "asked_at")
    if _lies_ahead(instance.lease.asked_at, latest) and _is_counted_from_the_question(instance.lease):
        return lease.replace(ends_at=now + LEASE_ANSWER_WITHIN)
    if instance.request.lease is not None and _lies_ahead(instance.running_at, latest):
        return lease.replace(ends_at=now + instance.request.lease) if _is_counted_from_running(instance) else lease
    return lease


def _lies_ahead(instant: datetime | None, latest: datetime) -> bool:
    return instant is not None and instant > latest


def _is_counted_from_running(instance: Instance) -> bool:
    """Whether nobody has moved the lease's end since."""
    lease, running_at = instance.request.lease, instance.running_at
    return lease is not None and running_at is not None and instance.lease.ends_at == running_at + lease


def _is_counted_from_the_question(lease: Lease) -> bool:
    """Whether its end is the time for an answer."""
    return lease.asked_at is not None and lease.ends_at == lease.asked_at + LEASE_ANSWER_WITHIN


def _order(order: Order | None, now: datetime, latest: datetime) -> Order | None:
    if order is None:
        return None
    order = _brought_back(order, now, latest, "at", "posted_at", "last_try_at")
    return _brought_back(order, now, latest + LONGEST_PAUSE, "again_at")
