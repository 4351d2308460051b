"""What becomes of orders."""

from __future__ import annotations

from typing import Literal

from core.domain.attempt import Failure
from core.domain.base import Actor, Cause, Instant
from core.domain.events.base import BaseEvent
from core.domain.order import Verb


class OrderGiven(BaseEvent):
    """A change is wanted; Novita has not been seen to do it yet. Without `actor` it is nobody's wish."""

    type: Literal["order_given"] = "order_given"
    verb: Verb
    cause: Cause
    actor: Actor | None = None


class OrderFailed(BaseEvent):
    """Novita refused, or did not answer. With `is_final` it is not tried again by itself."""

    type: Literal["order_failed"] = "order_failed"
    verb: Verb
    cause: Cause
    actor: Actor | None = None
    why: Failure
    tries: int
    """How often it was sent by then."""
    is_final: bool


class OrderStuck(BaseEvent):
    """An order to stop or delete has stood for so long that people must hear that what it was to end goes on."""

    type: Literal["order_stuck"] = "order_stuck"
    verb: Verb
    cause: Cause
    actor: Actor | None = None
    since: Instant
    tries: int
    why: str = ""
    """What stood in the way the last time; empty when Novita said yes and did nothing."""
