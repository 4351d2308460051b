"""Lengths of time as people type them (`4h`, `90m`, `1d12h`, `2 days`) and as they read them (pure)."""

from __future__ import annotations

import re
from datetime import timedelta
from decimal import Decimal

_UNITS = {
    "w": ("w|weeks?|wks?", timedelta(weeks=1)),
    "d": ("d|days?", timedelta(days=1)),
    "h": ("h|hours?|hrs?", timedelta(hours=1)),
    "m": ("m|minutes?|mins?", timedelta(minutes=1)),
    "s": ("s|seconds?|secs?", timedelta(seconds=1)),
}
"""Unit -> how it is typed and how long it is, the largest first."""

LONGEST = timedelta(days=36_525)
"""A hundred years: what is longer is read as this long, so that whoever reckons with it stays within the calendar."""

_NUMBER = r"[0-9]{1,9}(?:\.[0-9]{1,6})?"
_DURATION = re.compile(
    r"\s*+".join(rf"(?:(?P<{unit}>{_NUMBER})\s*+(?:{typed}))?" for unit, (typed, _) in _UNITS.items()), re.IGNORECASE
)
_MICROSECOND = timedelta(microseconds=1)


def read_duration(text: str) -> timedelta | None:
    """The length of time that the whole text says, its units from large to small; None when it says none, or zero.

    It is LONGEST at most, and what no calendar could hold is no length of time.
    """
    found = _DURATION.fullmatch(text.strip())
    if not found:
        return None
    amounts = {unit: Decimal(amount) for unit, amount in found.groupdict().items() if amount}
    microseconds = sum(int(amount * (_UNITS[unit][1] // _MICROSECOND)) for unit, amount in amounts.items())
    if microseconds > timedelta.max // _MICROSECOND:
        return None
    return timedelta(microseconds=min(microseconds, LONGEST // _MICROSECOND)) or None


def write_duration(span: timedelta) -> str:
    """The shortest text that reads back as `span`, which is longer than zero: `4h`, `1d12h`, `90s` as `1m30s`."""
    left, text = span, ""
    for unit in "dhm":
        amount, left = divmod(left, _UNITS[unit][1])
        text += f"{amount}{unit}" if amount else ""
    seconds = Decimal(left // _MICROSECOND) / 1_000_000
    return text + (f"{seconds.normalize():f}s" if seconds else "")


def duration_words(span: timedelta) -> str:
    """`45 min`, `8 h`, `1 h 30 min`, `3 days`: the two largest units, seconds only below a minute."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < 60:
        return f"{seconds} s"
    minutes = seconds // 60
    if minutes < 48 * 60:
        return _two_units(divmod(minutes, 60), "h", "min")
    return _two_units(divmod(minutes // 60, 24), "days", "h")


def _two_units(amounts: tuple[int, int], large: str, small: str) -> str:
    pairs = zip(amounts, (large, small), strict=True)
    return " ".join(f"{amount} {unit}" for amount, unit in pairs if amount)
