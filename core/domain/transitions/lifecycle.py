"""What people, and the lease, ask of an instance that exists."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.domain.attempt import Failure
from core.domain.base import Actor, Cause
from core.domain.events import (
    DiskReminder,
    LeaseExtended,
    LeaseReminder,
    NotTended,
    OrderFailed,
    OrderGiven,
    OrderStuck,
    PhaseChanged,
)
from core.domain.instance import Instance, Lease, Status
from core.domain.order import Order, OrderOutcome, Verb
from core.domain.transitions.change import TransitionResult, changed
from core.domain.transitions.novita_words import clean_failure
from core.domain.transitions.order_end import settled

ON_THE_WAY = {
    Verb.START: Status.STARTING,
    Verb.STOP: Status.STOPPING,
    Verb.RESTART: Status.STARTING,
    Verb.DELETE: Status.DELETING,
}
"""The state in which Novita carries out each order."""


def ordered(instance: Instance, verb: Verb, by: Actor | Cause, now: datetime) -> TransitionResult | None:
    """Somebody asks for a change, or a cause that is nobody's wish. None when the same is under way already."""
    if instance.order_to(verb) is not None:
        return None
    cause, actor = (by.cause, by) if isinstance(by, Actor) else (by, None)
    order = Order(verb=verb, cause=cause, actor=actor, at=now, run=instance.remote.run)
    changes = settled(instance, OrderOutcome.SUPERSEDED, now) | {"order": order}
    return changed(instance, changes, OrderGiven(at=now, verb=verb, cause=cause, actor=actor))


def order_posted(instance: Instance, order: Order, now: datetime) -> TransitionResult | None:
    """Whoever asks sets out to send the order. None when another process has done that, or it is not to be done."""
    if instance.order != order:
        return None
    return instance.replace(order=order.replace(posted_at=now)), ()


def order_taken(instance: Instance, sent: Order, now: datetime) -> TransitionResult | None:
    """Novita accepted the order; that it is done is only believed when it is seen."""
    order = instance.order
    if order is None or not order.is_same(sent):
        return None
    order = order.replace(**_well(now), sent=order.sent + 1, taken=order.taken + 1)
    changes = {"order": order, "status": ON_THE_WAY[order.verb]}
    return changed(instance, changes, PhaseChanged(at=now, novita_status=instance.remote.status))


def order_under_way(instance: Instance, sent: Order, now: datetime) -> TransitionResult | None:
    """Novita refused the order because it is at it already."""
    if instance.order is None or not instance.order.is_same(sent):
        return None
    return instance.replace(order=instance.order.replace(**_well(now))), ()


def _well(now: datetime) -> dict[str, Any]:
    """What a try leaves on an order once nothing stands in its way."""
    return {"failures": 0, "unanswered": 0, "again_at": None, "trouble": "", "last_try_at": now}


def order_failed(
    instance: Instance,
    sent: Order,
    why: Failure,
    now: datetime,
    *,
    is_final: bool,
    again_at: datetime | None = None,
    is_answered: bool = True,
    told_from: int = 1,
) -> TransitionResult | None:
    """Novita refused the order or did not answer. People hear of the 1st, 2nd, 4th, 8th … failure, and the last.

    `again_at`: Novita asked to slow down until then. `told_from`: what may pass by itself is worth no word before so
    many failures.
    """
    order = instance.order
    if order is None or not order.is_same(sent):
        return None
    why = clean_failure(why, instance)
    order = order.replace(
        sent=order.sent + 1,
        failures=order.failures + 1,
        unanswered=0 if is_answered else order.unanswered + 1,
        failed=order.failed + 1,
        last_try_at=now,
        again_at=again_at,
        trouble=why.message or why.reason,
    )
    record = instance.replace(order=order)
    is_told = order.failed >= told_from and order.failed & (order.failed - 1) == 0
    if not is_final and not is_told:
        return record, ()
    changes = settled(record, OrderOutcome.FAILED, now, why) if is_final else {}
    told = OrderFailed(
        at=now, verb=order.verb, cause=order.cause, actor=order.actor, why=why, tries=order.sent, is_final=is_final
    )
    return changed(record, changes, told)


def order_stuck(instance: Instance, now: datetime) -> TransitionResult | None:
    """What an order was to end goes on for so long that people must hear of it; once for each order."""
    order = instance.order
    if order is None or order.is_stuck:
        return None
    told = OrderStuck(
        at=now,
        verb=order.verb,
        cause=order.cause,
        actor=order.actor,
        since=order.at,
        tries=order.sent,
        why=order.trouble,
    )
    return changed(instance, {"order": order.replace(is_stuck=True)}, told)


def not_tended(instance: Instance, work: str, now: datetime) -> TransitionResult:
    """A worker's work on it breaks again and again."""
    return changed(instance, {}, NotTended(at=now, work=work))


def extended(
    instance: Instance, ends_at: datetime, actor: Actor, now: datetime, *, button: str = ""
) -> TransitionResult | None:
    """The lease ends at another time. None when it ends then already."""
    was = instance.lease.ends_at
    if was == ends_at:
        return None
    changes = {"lease": Lease(ends_at=ends_at, set_at=now), "past_in_doubt": False}
    return changed(instance, changes, LeaseExtended(at=now, actor=actor, ends_at=ends_at, was=was, button=button))


def reminded(instance: Instance, minutes: int, now: datetime) -> TransitionResult | None:
    """The owner is told that the lease is over soon."""
    if instance.lease.ends_at is None or minutes in instance.lease.reminded:
        return None
    told = LeaseReminder(at=now, minutes=minutes, ends_at=instance.lease.ends_at, end=instance.after_lease)
    lease = instance.lease.replace(reminded=(*instance.lease.reminded, minutes))
    return changed(instance, {"lease": lease}, told)


def disk_reminded(instance: Instance, weeks: int, now: datetime) -> TransitionResult | None:
    """The owner is told what a stopped instance still costs."""
    if weeks <= instance.standstill.reminders:
        return None
    told = DiskReminder(at=now, weeks=weeks, data_until=instance.standstill.data_until)
    return changed(instance, {"standstill": instance.standstill.replace(reminders=weeks)}, told)
