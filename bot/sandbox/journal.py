"""The log of one of the bot's processes: written to a file as it comes, its last lines and its errors at hand."""

from __future__ import annotations

import contextlib
import json
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any

Entry = dict[str, Any]
Listener = Callable[[str, str], None]
"""Called with the process's name and each line of its log, made readable."""

_LAST = 12
_ERRORS = {"error", "critical"}
_SHOWN_APART = {"event", "level", "timestamp", "exception"}


class Journal:
    """`errors` are the readable lines of level error."""

    def __init__(self, role: str, path: Path, listener: Listener) -> None:
        self.role = role
        self.path = path
        self.errors: list[str] = []
        self._file = path.open("wb", buffering=0)
        self._last: deque[str] = deque(maxlen=_LAST)
        self._listener = listener

    def take(self, raw: bytes) -> Entry:
        """Keeps a line of the log and returns its fields."""
        with contextlib.suppress(OSError):  # A full disk costs the file, and the bot goes on being heard.
            self._file.write(raw)
        entry = read_entry(raw)
        line = readable(entry)
        self._last.append(line)
        if entry.get("level") in _ERRORS:
            self.errors.append(line)
        self._listener(self.role, line)
        return entry

    @property
    def end(self) -> list[str]:
        """The last lines."""
        return list(self._last)

    def close(self) -> None:
        self._file.close()


def read_entry(raw: bytes) -> Entry:
    """The fields of a JSON line; any other line is an `event` as it stands."""
    text = raw.decode(errors="replace").rstrip()
    try:
        entry = json.loads(text)
    except ValueError:
        entry = None
    return entry if isinstance(entry, dict) else {"event": text}


def readable(entry: Entry) -> str:
    """`18:52:01 warning task_put_off task=observe …`, a traceback below it."""
    time = str(entry.get("timestamp", ""))[11:19]
    fields = " ".join(f"{name}={value}" for name, value in entry.items() if name not in _SHOWN_APART)
    line = " ".join(part for part in (time, entry.get("level", ""), str(entry.get("event", "")), fields) if part)
    trace = str(entry.get("exception", ""))
    return f"{line}\n{trace}" if trace else line
