"""A warning or an error that comes again and again is written once a second, with how often it came meanwhile."""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass

import structlog
from structlog.typing import EventDict, WrappedLogger

_APART = 1.0
"""Seconds."""
_MOST = 1000
"""Lines that are told apart at a time; what is more is written as it comes."""

_FOLDED = frozenset({"warning", "error", "critical"})
"""What is told of each request and each call is worth its own line, however many there are."""

_ANY_OTHER_TIME = frozenset({"timestamp", "ms", "seconds"})
_NUMBERS = re.compile(r"0x[0-9a-fA-F]+|\d+")
_VARYING = ("event", "exception")
"""Where libraries put the names of tasks, file descriptors and ports."""


@dataclass
class _Line:
    written_at: float
    held: int = 0
    last: EventDict | None = None


class Repeats:
    """A processor for structlog, which drops what is only one more of the same; the next tells how often."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._lines: dict[Hashable, _Line] = {}
        self._lock = threading.Lock()
        self._forgot_at = -_APART

    def __call__(self, _logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        if event.get("level") not in _FOLDED:
            return event
        with self._lock:
            return self._folded(event)

    def overdue(self) -> list[EventDict]:
        """The last of each that was held back, a second after one was written, when no more has come to tell of it."""
        with self._lock:
            due = [line for line in self._lines.values() if line.last and self._is_over(line)]
            told: list[EventDict] = [{**(line.last or {}), "repeated": line.held} for line in due]
            self._forget()
            for line in due:
                line.written_at, line.held, line.last = self._clock(), 0, None
        return told

    def _folded(self, event: EventDict) -> EventDict:
        key = _key(event)
        line = self._lines.get(key)
        if line is None:
            self._remember(key)
            return event
        if not self._is_over(line):
            line.held, line.last = line.held + 1, event
            raise structlog.DropEvent
        told = {**event, "repeated": line.held} if line.held else event
        line.written_at, line.held, line.last = self._clock(), 0, None
        return told

    def _remember(self, key: Hashable) -> None:
        # Once a second: nothing is over sooner, and a flood of different lines would search them all each time.
        if len(self._lines) >= _MOST and self._clock() - self._forgot_at >= _APART:
            self._forget()
        if len(self._lines) < _MOST:
            self._lines[key] = _Line(self._clock())

    def _forget(self) -> None:
        """What has not come again."""
        self._forgot_at = self._clock()
        self._lines = {key: line for key, line in self._lines.items() if line.last or not self._is_over(line)}

    def _is_over(self, line: _Line) -> bool:
        return self._clock() - line.written_at >= _APART


def _key(event: EventDict) -> Hashable:
    """The same for lines that say the same at different times."""
    fields = ((name, value) for name, value in event.items() if name not in _ANY_OTHER_TIME)
    return tuple((name, _NUMBERS.sub("#", str(value)) if name in _VARYING else str(value)) for name, value in fields)
