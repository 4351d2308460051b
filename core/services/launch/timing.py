"""How long a launch goes on, and how often it tries what may be tried again."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta


def _seconds(*values: float) -> tuple[timedelta, ...]:
    return tuple(timedelta(seconds=value) for value in values)


@dataclass(frozen=True)
class RetryPolicy:
    """A launch always ends well before the worker gives up on a lost one (transitions.GIVE_UP_AFTER)."""

    total: timedelta = timedelta(minutes=3)
    """No attempt begins after this."""
    unsent_pauses: tuple[timedelta, ...] = _seconds(0.3, 1)
    """Waits before an attempt whose connection was never made is tried again."""
    default_retry_after: timedelta = timedelta(seconds=2)
    """After a 429 that does not say how long."""
    longest_retry_after: timedelta = timedelta(seconds=60)
    """A 429 that asks for more is a quota rather than a pace (API.md, Error reasons)."""
    rate_limit_waits: int = 2
    looks: tuple[timedelta, ...] = _seconds(0.5, 1, 2, 4, 8, 15, 15, 15)
    """Waits before each look for an instance whose create was not answered; after that the worker goes on looking."""
    saves: tuple[timedelta, ...] = _seconds(1, 2, 4, 8, 15)
    """Waits between tries to write down how it ended, while Redis is away."""
