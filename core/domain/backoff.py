"""How long to wait before the next try of what keeps failing, or of whom asks to slow down (pure)."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime

_DOUBLINGS = 30
"""More than any longest pause has room for; a bound, because a power of two soon has more digits than a timedelta."""

_DIGITS = 9
"""Of a number of seconds: one with more is longer than anybody waits, and Python refuses to read thousands."""


def pause(failures: int, first: timedelta, longest: timedelta) -> timedelta:
    """The pause after so many failures in a row: `first` after one, doubled by each further, at most `longest`."""
    doubled: timedelta = first * 2 ** min(max(failures - 1, 0), _DOUBLINGS)
    return min(doubled, longest)


def read_retry_after(header: str | None, now: datetime, longest: timedelta = timedelta(hours=1)) -> timedelta | None:
    """The wait that `Retry-After` asks for, in seconds or until a date, at most `longest`; None when unusable.

    What is asked for beyond that is asked for again.
    """
    if header is None or not header.isascii():
        return None
    if header.isdecimal() and len(header) > _DIGITS:
        return longest
    try:
        wait: timedelta | None = timedelta(seconds=float(header))
    except (ValueError, OverflowError):
        wait = _until(header, now)
    return None if wait is None else min(max(wait, timedelta()), longest)


def _until(header: str, now: datetime) -> timedelta | None:
    try:
        instant = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - now
