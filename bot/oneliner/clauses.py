"""What a one-liner says of the end and of the telling: `until 18:00`, `then delete`, `in #general` (pure)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime, timedelta, tzinfo

from bot.oneliner.moments import Moment, read_moment
from bot.slack.ids import CHANNEL_ID
from bot.slack.typed import DOUBLE_QUOTES
from core.domain.instance import TYPICAL_TIME_TO_RUNNING
from core.domain.request import Draft, InstanceRequest, LeaseEnd

_QUOTED = re.compile(rf"([{DOUBLE_QUOTES}][^{DOUBLE_QUOTES}]*[{DOUBLE_QUOTES}])")
_CHANNEL = re.compile(
    r"(?:\b(?:told|tell|telling|post|posted)\s+)?(?:\b(?:in|to|it in)\s+)?"
    rf"<#({CHANNEL_ID.pattern})(?:\|[^<>]*)?>"
)
_THEN = re.compile(
    r"\b(?:and\s+)?then\s+(?P<then>delete|destroy|remove|stop)d?(?:\s+it)?\b"
    r"|\b(?P<after>delete|destroy|stop)(?:\s+it)?\s+(?:at\s+(?:the\s+|its\s+)?end|afterwards|after\s+that|when\s+done)\b",
    re.IGNORECASE,
)
_UNTIL = re.compile(r"\b(?:until|till|til)\s+(?P<rest>\S.*)", re.IGNORECASE | re.DOTALL)
_LONGEST = 5
_LEAST = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Clauses(Draft):
    """What was said beside the machine: what happens at the end, and the channel. None was not said."""

    until: Moment | None = None

    def write(self) -> str:
        """As they read back, without `until`: that is a lease by then."""
        then = f"then {self.lease_end.value}" if self.lease_end is not None else ""
        return " ".join(filter(None, (then, f"in <#{self.channel}>" if self.channel else "")))


def take_clauses(line: str) -> tuple[str, Clauses]:
    """The line without them, and what they say. What stands in quotes is left alone."""
    until: Moment | None = None
    lease_end: LeaseEnd | None = None
    channel: str | None = None
    kept: list[str] = []
    for part in _QUOTED.split(line):
        if not part or _QUOTED.fullmatch(part):
            kept.append(part)
            continue
        if found := _CHANNEL.search(part):
            channel, part = found[1], _without(part, found)
        if found := _THEN.search(part):
            is_stop = (found["then"] or found["after"]).casefold() == "stop"
            lease_end, part = LeaseEnd.STOP if is_stop else LeaseEnd.DELETE, _without(part, found)
        moment, part = _take_until(part)
        until = until or moment
        kept.append(part)
    return "".join(kept).strip(), Clauses(until=until, lease_end=lease_end, channel=channel)


def clauses_of(request: InstanceRequest, here: str) -> Clauses:
    """What a line that is typed in the channel `here` must say beside the machine, to read back as the request."""
    lease_end = None if request.lease_end is LeaseEnd.STOP else request.lease_end
    return Clauses(lease_end=lease_end, channel=None if request.channel == here else request.channel)


def lease_until(moment: Moment, now: datetime, zone: tzinfo) -> timedelta | None:
    """The lease, which counts from running, that is over at that moment; None when that has passed."""
    left = moment.at(now, zone) - now
    if left < _LEAST:
        return None
    lease = max(left - TYPICAL_TIME_TO_RUNNING, _LEAST)
    return timedelta(minutes=int(lease.total_seconds() // 60))


def _take_until(part: str) -> tuple[Moment | None, str]:
    found = _UNTIL.search(part)
    if not found:
        return None, part
    words = found["rest"].split()
    for length in range(min(_LONGEST, len(words)), 0, -1):
        if (moment := read_moment(" ".join(words[:length]).rstrip(".,;"))) is not None:
            return moment, f"{part[: found.start()]} {' '.join(words[length:])} "
    return None, part


def _without(text: str, found: re.Match[str]) -> str:
    return f"{text[: found.start()]} {text[found.end() :]}"
