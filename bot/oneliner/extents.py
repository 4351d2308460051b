"""How long an instance is to run on, and which: `train-1 4h`, `until 18:00 train-1`, in any order (pure)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from bot.oneliner.moments import Moment, read_clock, read_moment
from bot.slack import typed
from core.domain.durations import read_duration

Extent = timedelta | Moment
"""So much more (or, of a whole lease, so long from now), or until then."""

_UNTIL = {"until", "till", "til", "to", "thru", "through"}
_BY = {"by", "for", "another"}
_BETWEEN = {"for", "of", "on", "by"}
_MORE = {"more", "longer"}


@dataclass(frozen=True, slots=True)
class Said:
    """What stands beside the extent, which names the instance, and the extent."""

    name: str
    extent: Extent


def read_extents(text: str) -> list[Said]:
    """Each way to read a line, the likeliest first: the name before the extent, then behind it; those that name an
    instance before those that name none."""
    words = text.split()
    found = dict.fromkeys(_splits(words))
    return sorted(found, key=lambda said: not said.name)


def read_extent(text: str) -> Extent | None:
    """The extent that the whole text is: `4h`, `by 4h`, `4 more hours`, `until 18:00`, `tonight`."""
    words = [word for word in typed.bare(text).casefold().split() if word not in _MORE]
    if not words:
        return None
    opener, rest = words[0].rstrip(":"), " ".join(words[1:])
    if opener in _UNTIL:
        return read_moment(rest) or read_duration(rest)
    if opener in _BY:
        return read_duration(rest)
    whole = " ".join(words)
    return read_duration(whole) or (None if whole.isdecimal() else read_moment(whole))


def bare_number(text: str) -> str:
    """The number in a line that says a number without its unit."""
    return next((word for word in text.split() if word.isdecimal() and read_clock(word) is not None), "")


def _splits(words: list[str]) -> Iterator[Said]:
    for at in range(len(words)):
        if (extent := read_extent(" ".join(words[at:]))) is not None:
            yield Said(_name(words[:at]), extent)
            break
    for at in range(len(words), 0, -1):
        if (extent := read_extent(" ".join(words[:at]))) is not None:
            yield Said(_name(words[at:]), extent)
            break


def _name(words: list[str]) -> str:
    """Without the little words that stand between a name and a length."""
    while len(words) > 1 and words[0].casefold() in _BETWEEN:
        words = words[1:]
    while len(words) > 1 and words[-1].casefold() in _BETWEEN:
        words = words[:-1]
    return " ".join(words)
