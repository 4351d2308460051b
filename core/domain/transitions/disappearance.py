"""An instance that Novita no longer shows: missed, taken for deleted, and back again."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain import costs
from core.domain.absence import COUNTED_AT_MOST
from core.domain.events import Event, InstanceBack, InstanceDeleted
from core.domain.instance import AtEnd, Instance, Status
from core.domain.order import Order, OrderOutcome, Verb
from core.domain.order_timing import is_ending
from core.domain.transitions.change import TransitionResult, changed
from core.domain.transitions.order_end import settled

NOT_MISSING = {"missing_since": None, "missed_at": None, "missed_for": timedelta()}


def back(instance: Instance, now: datetime) -> tuple[Instance, list[Event]]:
    """It was taken for deleted, and is there: it has its lease again, and an order to end it, and is billed on.

    A start or restart that was under way then is not sent any more: nobody waits for it by now.
    """
    had = instance.at_end or AtEnd(status=Status.UNKNOWN)
    is_ordered = had.order is not None and is_ending(had.order.verb)
    again = {"failures": 0, "again_at": None, "is_stuck": False}
    order = had.order.model_copy(update=again) if had.order is not None and is_ordered else None
    changes = {
        "status": had.status,
        "novita_status": had.novita_status,
        "order": order,
        "last_order": None if is_ordered else instance.last_order,
        "lease_ends_at": had.lease_ends_at,
        "reminded": had.reminded,
        "endpoints": had.endpoints,
        "billed": had.billed or instance.billed,
        "at_end": None,
        "ended_at": None,
        **NOT_MISSING,
    }
    told = InstanceBack(at=now, verb=order.verb if order else None, lease_ends_at=had.lease_ends_at)
    return instance.model_copy(update=changes), [told]


def not_found(instance: Instance, now: datetime, *, believed_after: timedelta) -> TransitionResult | None:
    """Novita says that there is no such instance. It is deleted when that has lasted over several looks."""
    if instance.has_ended:
        return None
    if instance.missed_at is None:
        return instance.model_copy(update={"missing_since": now, "missed_at": now, "missed_for": timedelta()}), ()
    missed_for = instance.missed_for + min(max(now - instance.missed_at, timedelta()), COUNTED_AT_MOST)
    if missed_for >= believed_after:
        return deleted(instance, now)
    return instance.model_copy(update={"missed_at": now, "missed_for": missed_for}), ()


def order_to(instance: Instance, verb: Verb) -> Order | None:
    return instance.order if instance.order is not None and instance.order.verb is verb else None


def deleted(instance: Instance, now: datetime) -> TransitionResult | None:
    """Nothing is left of it at Novita."""
    if instance.status is Status.DELETED:
        return None
    had = {name: getattr(instance, name) for name in AtEnd.model_fields}
    asked = order_to(instance, Verb.DELETE)
    cause, actor = (asked.cause, asked.actor) if asked else (None, None)
    changes = {
        "status": Status.DELETED,
        "endpoints": (),
        "ended_at": now,
        "at_end": AtEnd(**had),
        **settled(instance, OrderOutcome.DONE if asked else OrderOutcome.SUPERSEDED, now),
        "lease_ends_at": None,
        "billed": costs.billing_ends(instance, now),
    }
    event = InstanceDeleted(at=now, asked=asked is not None, cause=cause, actor=actor)
    return changed(instance, changes, event)
