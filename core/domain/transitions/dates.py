"""What a clock that was ahead has left on a record: a past that has not come yet."""

from __future__ import annotations

from datetime import datetime

from core.domain.clock import CLOSE_ENOUGH
from core.domain.instance import Billed, Instance
from core.domain.order import Order
from core.domain.order_timing import LONGEST_PAUSE
from core.domain.transitions.change import TransitionResult
from core.domain.transitions.ownership import ANSWER_WITHIN

_PAST = (
    "created_at",
    "launched_at",
    "running_at",
    "stopped_at",
    "ended_at",
    "in_doubt_since",
    "missing_since",
    "missed_at",
    "starting_since",
    "lease_set_at",
    "asked_at",
)


def redated(instance: Instance, now: datetime) -> TransitionResult | None:
    """What is said to have happened and lies ahead happens now; so a lease that was counted from there is, too.

    Only for a `now` that is beyond doubt.
    """
    latest = now + CLOSE_ENOUGH
    changes: dict[str, object] = {name: now for name in _PAST if _lies_ahead(getattr(instance, name), latest)}
    if "running_at" in changes and _is_counted_from_running(instance):
        changes["lease_ends_at"] = instance.request.lease and now + instance.request.lease
    if "asked_at" in changes and _is_counted_from_the_question(instance):
        changes["lease_ends_at"] = now + ANSWER_WITHIN
    if "starting_since" in changes:
        # How long it has been on its way was never known: whoever was asked about that is asked in its time.
        changes |= {"start_ends_at": None, "slow_notices": 0}
    if (order := _redated_order(instance.order, now, latest)) != instance.order:
        changes["order"] = order
    if (billed := tuple(_redated_stretch(each, now, latest) for each in instance.billed)) != instance.billed:
        changes["billed"] = billed
    return (instance.model_copy(update=changes), ()) if changes else None


def _lies_ahead(instant: datetime | None, latest: datetime) -> bool:
    return instant is not None and instant > latest


def _is_counted_from_running(instance: Instance) -> bool:
    """Whether nobody has moved the lease's end since."""
    lease, running_at = instance.request.lease, instance.running_at
    return lease is not None and running_at is not None and instance.lease_ends_at == running_at + lease


def _is_counted_from_the_question(instance: Instance) -> bool:
    """Whether its end is the time for an answer."""
    return instance.asked_at is not None and instance.lease_ends_at == instance.asked_at + ANSWER_WITHIN


def _redated_order(order: Order | None, now: datetime, latest: datetime) -> Order | None:
    if order is None:
        return None
    ahead = [name for name in ("at", "posted_at", "last_try_at") if _lies_ahead(getattr(order, name), latest)]
    ahead += ["again_at"] if _lies_ahead(order.again_at, latest + LONGEST_PAUSE) else []
    return order.model_copy(update=dict.fromkeys(ahead, now)) if ahead else order


def _redated_stretch(billed: Billed, now: datetime, latest: datetime) -> Billed:
    ahead = [name for name in ("since", "until") if _lies_ahead(getattr(billed, name), latest)]
    return billed.model_copy(update=dict.fromkeys(ahead, now)) if ahead else billed
