"""How an order ends, and what is kept of it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from core.domain.attempt import Failure
from core.domain.instance import Instance
from core.domain.order import OrderOutcome, PastOrder


def settled(instance: Instance, outcome: OrderOutcome, now: datetime, why: Failure | None = None) -> dict[str, Any]:
    """The changes by which the order under way, if there is one, becomes the last one."""
    order = instance.order
    if order is None:
        return {}
    past = PastOrder(
        verb=order.verb,
        cause=order.cause,
        actor=order.actor,
        at=order.at,
        outcome=outcome,
        reason=(why.reason or why.kind.value.upper()) if why else "",
        message=why.message if why else "",
        ended_at=now,
    )
    return {"order": None, "last_order": past}
