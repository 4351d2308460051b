"""Why an instance stands still, and Novita's notice that it takes a spot instance back."""

from __future__ import annotations

from datetime import timedelta

from core.domain.base import BillingMode
from core.domain.events import SpotNotice
from core.domain.instance import Instance, Spot, Status, StopReason
from core.domain.novita import NovitaInstance
from core.domain.order import Verb
from core.domain.transitions.change import TransitionResult, changed
from core.domain.transitions.times import Look

_RECLAIM_SLACK = timedelta(seconds=30)
"""By which a reclaim, in whole seconds of Novita's clock, may seem to lie before the run that it ended."""


def why_stopped(instance: Instance, novita: NovitaInstance) -> StopReason:
    if order := instance.order_to(Verb.STOP):
        return StopReason.ASKED if order.cause.is_asked else StopReason(order.cause.value)
    if instance.spot.noticed or _is_taken_back(instance, novita):
        return StopReason.RECLAIMED
    is_spot = instance.request.billing_mode is BillingMode.SPOT
    return StopReason.PROBABLY_RECLAIMED if is_spot and instance.running_at else StopReason.ELSEWHERE


def _is_taken_back(instance: Instance, novita: NovitaInstance) -> bool:
    """Whether Novita says that it took the GPU back, without a notice that the bot saw; not of an earlier run."""
    if novita.spot_status != "terminated":
        return False
    at, up = novita.spot_reclaim_at, instance.running_at
    return at is None or up is None or at > up - _RECLAIM_SLACK


def noticed(instance: Instance, novita: NovitaInstance, look: Look) -> TransitionResult | None:
    """Novita takes a spot instance back: the status says so, or a time that lies ahead (API.md, Spot)."""
    ahead = novita.spot_reclaim_at is not None and novita.spot_reclaim_at > look.now
    is_up = instance.status in (Status.RUNNING, Status.STARTING)
    if instance.spot.noticed or not is_up or not (ahead or novita.spot_status in ("notified", "reclaiming")):
        return None
    changes = {"spot": Spot(noticed=True, reclaim_at=novita.spot_reclaim_at)}
    return changed(instance, changes, SpotNotice(at=look.now, reclaim_at=novita.spot_reclaim_at))
