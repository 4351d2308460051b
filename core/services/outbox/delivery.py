"""What is being told of one instance, and how far each notifier has come with it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

import structlog
from pydantic import BaseModel, Field, ValidationError

from core.domain.card import Card
from core.domain.events import Event
from core.domain.instance import Instance
from core.services.outbox.notifier import AnyNotifier

log = structlog.get_logger(__name__)


class NotifierState(BaseModel):
    """How far one notifier has come with one instance."""

    cursor: int = 0
    memo: dict[str, Any] = Field(default_factory=dict)
    """Its `state` as JSON, but for a card, which is a fact of its own in the store. Earlier versions of this program
    kept that here, too."""
    tries: int = 0
    due: datetime | None = None
    ended: bool = False
    """Whether it gave up on this instance."""
    stuck: bool = False
    """Whether the admins have been called because nobody can be told."""


class DeliveryState(BaseModel):
    """How far the notifiers have come with one instance."""

    by: dict[str, NotifierState] = Field(default_factory=dict)


@dataclass(frozen=True)
class Claim:
    """The right to tell an instance's events, with all it needs. `delivery` is a DeliveryState, '' at first.

    `events` begin at place `first` of the instance's timeline: what stands before has been told to all.
    """

    instance: Instance
    first: int
    events: list[Event]
    delivery: str
    card: Card | None = None


@dataclass(frozen=True)
class Progress:
    """How far the telling of one instance has come, as it is written down.

    `told` is the place in the timeline before which all have heard everything, `heard` the same by notifier. Without a
    `card` the one in the store stays as it is.
    """

    delivery: str
    told: int
    heard: Mapping[str, int] = field(default_factory=dict)
    card: Card | None = None


class Begun(NamedTuple):
    """A new record as written, with the right to tell its events unless somebody else has that.

    `is_novita_looked_at`: whether a worker has looked at Novita lately, so that what is there is on record.
    """

    instance: Instance
    claim: Claim | None
    is_novita_looked_at: bool


@dataclass
class DeliveryRun:
    """What is being told of one instance; it grows meanwhile. `first` is the place of `events[0]` in the timeline."""

    instance: Instance
    first: int
    events: list[Event]
    delivery: DeliveryState
    states: dict[str, BaseModel]
    """What each notifier remembers."""
    pause: float
    """Seconds until it is looked for news while every notifier takes its time."""
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """How far it has come is written by one after the other: an older state could arrive later and undo a newer."""

    @property
    def end(self) -> int:
        return self.first + len(self.events)

    def grow(self, more: Claim) -> None:
        self.instance = more.instance
        self.events += more.events

    def progress(self, notifiers: Iterable[AnyNotifier]) -> Progress:
        """As it is now; `notifiers` are those there are to be told."""
        for name, state in self.states.items():
            self.delivery.by[name].memo = {} if isinstance(state, Card) else state.model_dump(mode="json")
        heard = {each.name: self.delivery.by[each.name].cursor for each in notifiers}
        card = next((each for each in self.states.values() if isinstance(each, Card) and each != Card()), None)
        return Progress(self.delivery.model_dump_json(), min(heard.values(), default=self.end), heard, card)


def read_delivery_state(text: str) -> DeliveryState:
    """One that cannot be read is begun anew: then something may be told twice, which is better than never."""
    try:
        return DeliveryState.model_validate_json(text) if text else DeliveryState()
    except ValidationError:
        log.error("note_not_readable")
        return DeliveryState()


def state_of(notifier: AnyNotifier, progress: NotifierState, card: Card | None) -> BaseModel:
    """What the notifier remembers of an instance, of which `card` is in the store."""
    state: type[BaseModel] = notifier.state
    if issubclass(state, Card):
        return card_of(progress.memo, card) or state()
    try:
        return state.model_validate(progress.memo)
    except ValidationError:
        log.error("note_not_readable", notifier=notifier.name)
        return state()


def card_of(memo: Mapping[str, Any], stored: Card | None) -> Card | None:
    """The `stored` card, unless the note has one: then an earlier version of this program was the last to write it."""
    if not memo:
        return stored
    try:
        return Card.model_validate(memo)
    except ValidationError:
        log.error("card_not_readable")
        return stored
