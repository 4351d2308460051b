"""How long to wait before the next try of what keeps failing (pure)."""

from __future__ import annotations

from datetime import timedelta

_DOUBLINGS = 30
"""More than any longest pause has room for; a bound, because a power of two soon has more digits than a timedelta."""


def pause(failures: int, first: timedelta, longest: timedelta) -> timedelta:
    """The pause after so many failures in a row: `first` after one, doubled by each further, at most `longest`."""
    doubled: timedelta = first * 2 ** min(max(failures - 1, 0), _DOUBLINGS)
    return min(doubled, longest)
