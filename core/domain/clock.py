"""Time as the use cases receive it: one clock for all processes, and what to make of a stamp that it does not reach."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime, timedelta
from typing import NamedTuple, Protocol

CLOSE_ENOUGH = timedelta(seconds=2)
"""How far two processes' readings of the shared clock may differ: a stamp no further ahead is a present one."""

MOMENT = timedelta(seconds=0.7)
"""How long anything is waited for before a person is answered, well inside Slack's three seconds."""

_PRECISE = timedelta(seconds=0.5)
"""A round trip up to so long says well enough what time it is at its other end."""


class Clock(Protocol):
    """What the use cases may know of time."""

    def now(self) -> datetime:
        """The present instant, aware UTC."""
        ...

    async def sleep(self, duration: timedelta) -> None:
        """Wait for as long as `duration`."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, duration: timedelta) -> None:
        await asyncio.sleep(duration.total_seconds())


class Sample(NamedTuple):
    """What another clock said, and when it was asked and heard (seconds of `steady`)."""

    said: datetime
    asked: float
    heard: float

    @property
    def age(self) -> timedelta:
        """How long ago it said that, taken to be in the middle between the two."""
        return timedelta(seconds=steady() - (self.asked + self.heard) / 2)


class SharedClock(SystemClock):
    """The clock that all processes share: what Redis last said, and how long ago that was.

    The machine's wall clock, which may be wrong or jump, counts only until Redis has spoken for the first time.
    """

    def __init__(self) -> None:
        self._since = steady()
        self._base = super().now()
        self._is_set = False

    def now(self) -> datetime:
        return self._base + timedelta(seconds=steady() - self._since)

    def set_by(self, sample: Sample) -> None:
        """Goes by `sample` from here on. One that took long is only believed when it is off by more than that."""
        took = timedelta(seconds=sample.heard - sample.asked)
        present = sample.said + took / 2
        off = abs(present - (self._base + timedelta(seconds=sample.heard - self._since)))
        if not self._is_set or took <= _PRECISE or off > took:
            self._base, self._since, self._is_set = present, sample.heard, True


def steady() -> float:
    """Seconds of a clock that nobody sets and that goes on while the machine sleeps, from any beginning."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


def is_within(stamp: datetime, span: timedelta, now: datetime) -> bool:
    """Whether `stamp` lies less than `span` back. One that lies ahead is a wrong clock's, and was never."""
    return -CLOSE_ENOUGH <= now - stamp < span


def is_ahead(due: datetime, longest: timedelta, now: datetime) -> bool:
    """Whether `due` is still to come. Further ahead than anything is ever put off, it is a wrong clock's, and due."""
    return now < due <= now + longest + CLOSE_ENOUGH
