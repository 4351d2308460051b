"""Until when: `tonight`, `18:00`, `6pm`, `tomorrow`, `friday 9:00`, as people say it where they are (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, time, timedelta, tzinfo

from core.domain.leases import EVENING

MORNING = 9
"""The hour that is meant by a day alone, such as "until tomorrow"."""

_CLOCK = re.compile(
    r"(?P<hour>[0-9]{1,2})(?:[:.](?P<minute>[0-9]{2}))?\s*(?P<half>[ap]\.?m\.?)?(?:\s*o'?clock)?", re.IGNORECASE
)
_NAMED_CLOCKS = {
    "morning": time(MORNING),
    "noon": time(12),
    "midday": time(12),
    "evening": time(EVENING),
    "night": time(EVENING),
    "midnight": time(0),
}
_DAYS = {"today": 0, "tonight": 0, "tomorrow": 1, "tmrw": 1, "tomorow": 1, "tommorow": 1, "tommorrow": 1}
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_SHORT = {day[:length]: day for day in _WEEKDAYS for length in (3, 4, 5) if day[:length] != day}
_FILLERS = {"at", "on", "this", "the"}
_LONGEST = 5
"""Words in the longest of them: `on friday at 6 pm`."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time of day. Without `days` (from today) and `weekday` (0 is Monday) the next time that it is so late."""

    clock: time
    days: int | None = None
    weekday: int | None = None

    def at(self, now: datetime, zone: tzinfo) -> datetime:
        """The instant that is meant by somebody in that zone; with `days` it may be over already."""
        here = now.astimezone(zone)
        ahead = self.days or 0
        if self.weekday is not None:
            ahead = (self.weekday - here.weekday()) % 7
        found = datetime.combine(here.date() + timedelta(days=ahead), self.clock, zone)
        if self.days is None and found <= here:
            found += timedelta(days=1 if self.weekday is None else 7)
        return found


TONIGHT = Moment(time(EVENING), days=0)


def read_moment(text: str) -> Moment | None:
    """The moment that the whole text names. A number alone is an hour (`until 18`)."""
    words = [word for word in re.sub(r"\s+([ap]m)\b", r"\1", text.casefold()).split() if word not in _FILLERS]
    if not 0 < len(words) <= _LONGEST:
        return None
    clocks, days = [read_clock(word) for word in words], [_day(word) for word in words]
    said_clocks = [clock for clock in clocks if clock is not None]
    said_days = [day for day in days if day is not None]
    is_known = all(clock is not None or day is not None for clock, day in zip(clocks, days, strict=True))
    if not is_known or len(said_clocks) > 1 or len(said_days) > 1:
        return None
    ahead, weekday = said_days[0] if said_days else (None, None)
    return Moment(said_clocks[0] if said_clocks else _usual_clock(ahead), ahead, weekday)


def read_clock(word: str) -> time | None:
    """`18`, `18:30`, `6pm`, `noon`."""
    if word in _NAMED_CLOCKS:
        return _NAMED_CLOCKS[word]
    found = _CLOCK.fullmatch(word)
    if not found:
        return None
    hour, minute, half = int(found["hour"]), int(found["minute"] or 0), (found["half"] or "").casefold()[:1]
    if half and not 1 <= hour <= 12:
        return None
    if half:
        hour = hour % 12 + (12 if half == "p" else 0)
    if hour == 24 and minute == 0:
        hour = 0
    return time(hour, minute) if hour < 24 and minute < 60 else None


def _usual_clock(ahead: int | None) -> time:
    return time(EVENING if ahead == 0 else MORNING)


def _day(word: str) -> tuple[int | None, int | None] | None:
    """Days from today, or the weekday."""
    if word in _DAYS:
        return _DAYS[word], None
    weekday = _SHORT.get(word, word)
    return (None, _WEEKDAYS.index(weekday)) if weekday in _WEEKDAYS else None
