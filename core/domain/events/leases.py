"""What happens to a lease."""

from __future__ import annotations

from typing import Literal

from core.domain.base import Actor, Instant
from core.domain.events.base import BaseEvent
from core.domain.request import LeaseEnd


class LeaseReminder(BaseEvent):
    """The lease is over soon."""

    type: Literal["lease_reminder"] = "lease_reminder"
    minutes: int
    ends_at: Instant
    end: LeaseEnd


class LeaseExtended(BaseEvent):
    """The lease ends at another time: later or, when that was asked for, earlier."""

    type: Literal["lease_extended"] = "lease_extended"
    actor: Actor
    ends_at: Instant | None
    was: Instant | None = None
    """The end before."""
    button: str = ""
    """The button that was pressed for it: two presses of one within seconds are one wish."""

    @property
    def is_shortened(self) -> bool:
        return self.ends_at is not None and self.was is not None and self.ends_at < self.was


class LeaseQuestioned(BaseEvent):
    """The lease is over by a record whose past is in doubt: it is stopped at `stops_at` unless somebody keeps it."""

    type: Literal["lease_questioned"] = "lease_questioned"
    stops_at: Instant
