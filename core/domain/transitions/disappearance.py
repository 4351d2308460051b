"""An instance that Novita no longer shows: missed, taken for deleted, and back again."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain import costs
from core.domain.absence import COUNTED_AT_MOST
from core.domain.events import Event, InstanceBack, InstanceDeleted
from core.domain.instance import Absence, AtEnd, Instance, Lease, Status
from core.domain.order import OrderOutcome, Verb
from core.domain.transitions.change import TransitionResult, changed
from core.domain.transitions.order_end import settled


def back(instance: Instance, now: datetime) -> tuple[Instance, list[Event]]:
    """It was taken for deleted, and is there: it has its lease again, and an order to end it, and is billed on.

    A start or restart that was under way then is not sent any more: nobody waits for it by now.
    """
    had = instance.at_end or AtEnd(status=Status.UNKNOWN, remote=instance.remote.replace(status="", endpoints=()))
    is_ordered = had.order is not None and had.order.verb.is_ending
    order = (
        had.order.replace(failures=0, again_at=None, is_stuck=False) if had.order is not None and is_ordered else None
    )
    changes = {
        "status": had.status,
        "remote": had.remote,
        "order": order,
        "last_order": None if is_ordered else instance.last_order,
        "lease": had.lease,
        "billed": had.billed or instance.billed,
        "at_end": None,
        "ended_at": None,
        "absence": Absence(),
    }
    told = InstanceBack(at=now, verb=order.verb if order else None, lease_ends_at=had.lease.ends_at)
    return instance.replace(**changes), [told]


def not_found(instance: Instance, now: datetime, *, believed_after: timedelta) -> TransitionResult | None:
    """Novita says that there is no such instance. It is deleted when that has lasted over several looks."""
    if instance.has_ended:
        return None
    absence = instance.absence
    if absence.missed_at is None:
        return instance.replace(absence=Absence(since=now, missed_at=now)), ()
    missed_for = absence.missed_for + min(max(now - absence.missed_at, timedelta()), COUNTED_AT_MOST)
    if missed_for >= believed_after:
        return deleted(instance, now)
    return instance.replace(absence=absence.replace(missed_at=now, missed_for=missed_for)), ()


def deleted(instance: Instance, now: datetime) -> TransitionResult | None:
    """Nothing is left of it at Novita."""
    if instance.status is Status.DELETED:
        return None
    had = {name: getattr(instance, name) for name in AtEnd.model_fields}
    asked = instance.order_to(Verb.DELETE)
    cause, actor = (asked.cause, asked.actor) if asked else (None, None)
    changes = {
        "status": Status.DELETED,
        "remote": instance.remote.replace(endpoints=()),
        "ended_at": now,
        "at_end": AtEnd(**had),
        **settled(instance, OrderOutcome.DONE if asked else OrderOutcome.SUPERSEDED, now),
        "lease": Lease(),
        "billed": costs.billing_ends(instance, now),
    }
    event = InstanceDeleted(at=now, asked=asked is not None, cause=cause, actor=actor)
    return changed(instance, changes, event)
