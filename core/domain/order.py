"""Orders: what is asked of Novita about an instance that exists, and what became of it."""

from __future__ import annotations

from enum import StrEnum

from core.domain.base import Actor, Cause, Instant, Value


class Verb(StrEnum):
    """What can be asked of Novita about an instance that exists."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    DELETE = "delete"

    @property
    def is_ending(self) -> bool:
        """Whether it ends what is billed."""
        return self in (Verb.STOP, Verb.DELETE)


class Order(Value):
    """What the bot has asked of Novita and not seen done yet."""

    verb: Verb
    cause: Cause
    actor: Actor | None = None
    """Who asked; None where the cause is nobody's wish."""
    at: Instant
    sent: int = 0
    """How often it was sent, or was to be."""
    taken: int = 0
    """How often Novita said yes to it."""
    failures: int = 0
    """How often in a row it could not be sent, or Novita refused; by it the pauses grow."""
    unanswered: int = 0
    """How often in a row no answer came."""
    failed: int = 0
    """How often in all it failed; people hear of the 1st, 2nd, 4th, 8th …"""
    posted_at: Instant | None = None
    """When a process last set out to send it. How that went is not known while `last_try_at` is not later."""
    run: Instant | None = None
    """Novita's own stamp of the run that was the last one known when it was given."""
    last_try_at: Instant | None = None
    again_at: Instant | None = None
    """Not before this: Novita asked to slow down."""
    trouble: str = ""
    """What stood in the way the last time, empty while nothing did."""
    in_doubt: bool = False
    """Whether it may be over, although it stands here: the store was put back to an older state since it was given."""
    is_stuck: bool = False
    """Whether people were told that it has stood for too long."""

    @property
    def was_taken(self) -> bool:
        """Whether Novita ever said yes to it. Orders from before that was counted tell it by their stamp."""
        return self.taken > 0 or (self.sent == 0 and self.last_try_at is not None and not self.trouble)

    @property
    def is_outcome_unknown(self) -> bool:
        """Whether somebody set out to send it, and nobody has written down how that went."""
        return self.posted_at is not None and (self.last_try_at is None or self.last_try_at < self.posted_at)

    def is_same(self, other: Order | None) -> bool:
        """Whether `other` is this very order, however far it has come."""
        return other is not None and (other.verb, other.at) == (self.verb, self.at)


class OrderOutcome(StrEnum):
    """What became of an order."""

    DONE = "done"
    FAILED = "failed"
    """Novita refused it, or it was given up; it is not tried again by itself."""
    SUPERSEDED = "superseded"
    """Another order took its place, or the instance was gone before it was done."""


class PastOrder(Value):
    """An order that is over, and what became of it."""

    verb: Verb
    cause: Cause
    actor: Actor | None = None
    """Who asked; None where the cause is nobody's wish."""
    at: Instant
    """When it was given."""
    outcome: OrderOutcome
    reason: str = ""
    """Novita's machine-readable reason for a refusal, or ours where Novita gave none; empty when it was done."""
    message: str = ""
    ended_at: Instant
