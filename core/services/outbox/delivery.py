"""What is being told of one instance, and how far each notifier has come with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

import structlog
from pydantic import BaseModel, Field, PrivateAttr, ValidationError

from core.domain.events import Event
from core.domain.instance import Instance
from core.services.outbox.notifier import Memo, Notifier

log = structlog.get_logger(__name__)


class NotifierState(BaseModel):
    """How far one notifier has come with one instance."""

    cursor: int = 0
    memo: Memo = Field(default_factory=dict)
    tries: int = 0
    due: datetime | None = None
    ended: bool = False
    """Whether it gave up on this instance."""
    stuck: bool = False
    """Whether the admins have been called because nobody can be told."""


class DeliveryState(BaseModel):
    """The outbox's note on an instance, by notifier."""

    by: dict[str, NotifierState] = Field(default_factory=dict)
    _turn: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)

    @property
    def turn(self) -> asyncio.Lock:
        """It is written by one after the other: an older state could arrive later and undo a newer."""
        return self._turn


@dataclass(frozen=True)
class Claim:
    """The right to tell an instance's events, with all it needs. `delivery` is the outbox's note, '' at first.

    `events` begin at place `first` of the instance's timeline: what stands before has been told to all.
    """

    instance: Instance
    first: int
    events: list[Event]
    delivery: str


class Begun(NamedTuple):
    """A new record as written, with the right to tell its events unless somebody else has that.

    `is_account_known`: whether a worker has looked at Novita lately, so that what is there is on record.
    """

    instance: Instance
    claim: Claim | None
    is_account_known: bool


@dataclass
class DeliveryRun:
    """What is being told of one instance; it grows meanwhile. `first` is the place of `events[0]` in the timeline."""

    instance: Instance
    first: int
    events: list[Event]
    note: DeliveryState
    pause: float
    """Seconds until it is looked for news while every notifier takes its time."""

    @property
    def end(self) -> int:
        return self.first + len(self.events)

    def grow(self, more: Claim) -> None:
        self.instance = more.instance
        self.events += more.events

    def told_to(self, notifiers: Iterable[Notifier]) -> int:
        """The place before which all of them have heard everything."""
        return min((self.note.by[each.name].cursor for each in notifiers), default=self.end)


def read_delivery_state(text: str) -> DeliveryState:
    """One that cannot be read is begun anew: then something may be told twice, which is better than never."""
    try:
        return DeliveryState.model_validate_json(text) if text else DeliveryState()
    except ValidationError:
        log.error("note_not_readable")
        return DeliveryState()
