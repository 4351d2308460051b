"""When something happened that was only seen later: after the look before, by Novita's own times where they can be."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain.instance import TYPICAL_TIME_TO_RUNNING, Instance
from core.domain.novita import NovitaInstance
from core.domain.order import Verb

PROMPT = timedelta(minutes=1)
"""What is seen so soon after the last look, or after what it follows from, happened now."""

_TOLERANCE = timedelta(minutes=1)
"""Novita's clock and ours may differ by so much."""


@dataclass(frozen=True)
class Look:
    """The moment of a look, and the last successful look before it (None: not known)."""

    now: datetime
    before: datetime | None = None

    def lower(self, earliest: datetime) -> datetime:
        """From when on it can have happened: at the look before, it had not."""
        known = [earliest, *([self.before] if self.before is not None else [])]
        return min(max(known), self.now)

    def is_prompt(self, earliest: datetime) -> bool:
        return self.now - self.lower(earliest) <= PROMPT


def made_at(instance: Instance, novita: NovitaInstance, look: Look) -> datetime:
    """When Novita made an instance that was found by its name."""
    said = _plausible(novita.created_at, instance.created_at, look.now)
    return said if said is not None else min(instance.created_at, look.now)


def running_since(instance: Instance, novita: NovitaInstance, look: Look) -> datetime:
    """When it came up: its lease is counted from there, also when nobody looked for a day."""
    earliest = _may_run_from(instance)
    if look.is_prompt(earliest):
        return look.now
    said = _plausible(novita.started_at, earliest, look.now)
    return min(max(said or earliest + TYPICAL_TIME_TO_RUNNING, look.lower(earliest)), look.now)


def billed_since(instance: Instance, look: Look) -> datetime:
    """When compute began to be billed, which is before it runs; nobody can have seen less than what is billed."""
    earliest = _may_run_from(instance)
    return look.now if look.is_prompt(earliest) else look.lower(earliest)


def stopped_since(instance: Instance, novita: NovitaInstance, look: Look) -> datetime:
    """When it was stopped: its GPU is billed until then, and its data kept from then on."""
    earliest = instance.running_at or _may_run_from(instance)
    if look.is_prompt(earliest):
        return look.now
    return _plausible(novita.stopped_at, look.lower(earliest), look.now) or look.now


def starting_since(instance: Instance, look: Look) -> datetime:
    """When it began to come up, at the latest: of what nobody ordered, and has run before, it is not known."""
    order = instance.order
    if order is not None and order.verb in (Verb.START, Verb.RESTART):
        return min(order.at, look.now)
    return look.now if instance.running_at else min(instance.launch.accepted_at or instance.created_at, look.now)


def _may_run_from(instance: Instance) -> datetime:
    """What its coming up follows from: a start or restart, a stop before it, or its making."""
    order = instance.order
    if order is not None and order.verb in (Verb.START, Verb.RESTART):
        return order.at
    return instance.standstill.since or instance.running_at or instance.launch.accepted_at or instance.created_at


def _plausible(said: datetime | None, earliest: datetime, latest: datetime) -> datetime | None:
    """What Novita says, if it can be."""
    if said is None or not earliest - _TOLERANCE <= said <= latest + _TOLERANCE:
        return None
    return min(max(said, earliest), latest)
