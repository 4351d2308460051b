"""What people, and the lease, ask of an instance that exists."""

from __future__ import annotations

from datetime import datetime

from core.events import DiskReminder, LeaseExtended, LeaseReminder, OrderFailed, OrderGiven, PhaseChanged
from core.models import Actor, Failure, Instance, Order, Status, Verb
from core.transitions.changed import Changed, changed
from core.transitions.said import clean_failure

ON_THE_WAY = {
    Verb.START: Status.STARTING,
    Verb.STOP: Status.STOPPING,
    Verb.RESTART: Status.STARTING,
    Verb.DELETE: Status.DELETING,
}
"""The state in which Novita carries out each order."""


def ordered(instance: Instance, verb: Verb, actor: Actor | None, now: datetime) -> Changed | None:
    """Somebody (or the lease's end, without an actor) wants a change. None when the same is under way already."""
    if instance.order is not None and instance.order.verb is verb:
        return None
    order = Order(verb=verb, actor=actor, at=now)
    return changed(instance, {"order": order}, OrderGiven(at=now, verb=verb, actor=actor))


def order_taken(instance: Instance, verb: Verb, now: datetime) -> Changed | None:
    """Novita accepted the order; that it is done is only believed when it is seen."""
    if instance.order is None or instance.order.verb is not verb:
        return None
    order = instance.order.model_copy(update={"tries": instance.order.tries + 1, "last_try_at": now, "trouble": ""})
    changes = {"order": order, "status": ON_THE_WAY[verb]}
    return changed(instance, changes, PhaseChanged(at=now, novita_status=instance.novita_status))


def order_failed(instance: Instance, verb: Verb, why: Failure, now: datetime, *, is_final: bool) -> Changed | None:
    """Novita refused the order or did not answer. People hear of the 1st, 2nd, 4th, 8th … failure, and the last."""
    if instance.order is None or instance.order.verb is not verb:
        return None
    why = clean_failure(why, instance)
    tries = instance.order.tries + 1
    order = instance.order.model_copy(update={"tries": tries, "last_try_at": now, "trouble": why.message or why.reason})
    record = instance.model_copy(update={"order": None if is_final else order})
    if not is_final and tries & (tries - 1):
        return record, ()
    actor = instance.order.actor
    return record, [OrderFailed(at=now, verb=verb, actor=actor, why=why, tries=tries, is_final=is_final)]


def extended(instance: Instance, ends_at: datetime, actor: Actor, now: datetime) -> Changed | None:
    """The lease ends later (or, after an extension was clipped, at another time)."""
    if instance.lease_ends_at == ends_at:
        return None
    changes = {"lease_ends_at": ends_at, "reminded": (), "past_in_doubt": False, "asked_at": None}
    return changed(instance, changes, LeaseExtended(at=now, actor=actor, ends_at=ends_at))


def reminded(instance: Instance, minutes: int, now: datetime) -> Changed | None:
    """The owner is told that the lease is over soon."""
    if instance.lease_ends_at is None or minutes in instance.reminded:
        return None
    told = LeaseReminder(at=now, minutes=minutes, ends_at=instance.lease_ends_at, end=instance.lease_end)
    return changed(instance, {"reminded": (*instance.reminded, minutes)}, told)


def disk_reminded(instance: Instance, weeks: int, now: datetime) -> Changed | None:
    """The owner is told what a stopped instance still costs."""
    if weeks <= instance.stopped_reminders:
        return None
    told = DiskReminder(at=now, weeks=weeks, data_until=instance.data_until)
    return changed(instance, {"stopped_reminders": weeks}, told)
