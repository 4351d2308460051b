"""Where the log's lines go: written by a thread of their own, so that what happens to a line happens to nothing else.

A reader that sleeps, a pipe that broke and a disk that is full cost lines, which are counted, and never the work that
they tell of.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import select
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import TextIO

from core.telemetry import metrics

MOST_BYTES = 4 * 1024 * 1024
"""What may wait to be written; a reader that is further behind loses lines."""

_LEAVE_SECONDS = 1.0
"""How long the end of the process waits for a reader that sleeps."""

_ROUND_SECONDS = 1.0
_FULL_PAUSE_SECONDS = 0.2

Overdue = Callable[[int], Iterable[str]]
"""Lines that nobody's call brings, such as how often another has come again; asked about once a second. The argument
is how many lines were lost since the last time."""


class Lines:
    """Takes lines and never raises. With a file behind `stream` it never waits either."""

    def __init__(self, stream: TextIO | None, overdue: Overdue = lambda _: ()) -> None:
        """Without a stream (standard error can be closed from the start) every line is lost, and counted."""
        self._stream = stream
        self._overdue = overdue
        self._encoding = getattr(stream, "encoding", None) or "utf-8"
        self._fd = _fd_of(stream)
        self._waiting: deque[bytes] = deque()
        self._bytes = 0
        self._lost = 0
        self._is_torn = False
        """Whether only a part of the last line was written."""
        self._changed = threading.Condition()
        self._is_writing = self._is_closed = False
        if self._fd is not None:
            threading.Thread(target=self._keep_writing, args=(self._fd,), name="log", daemon=True).start()
            atexit.register(self.close)

    def write(self, line: str) -> None:
        """One line, without its end."""
        try:
            self._take(f"{line}\n")
        except Exception:  # noqa: BLE001 - whatever it is, the line is what is lost
            metrics.log_lines_lost("not_written")

    def close(self, seconds: float = _LEAVE_SECONDS) -> None:
        """Waits until all is written, for so long; lines that come later are written by nobody."""
        deadline = time.monotonic() + seconds
        with self._changed:
            self._is_closed = True
            self._changed.notify_all()
            while self._fd is not None and (self._waiting or self._is_writing):
                if (left := deadline - time.monotonic()) <= 0:
                    break
                self._changed.wait(left)
        atexit.unregister(self.close)

    def _take(self, text: str) -> None:
        if self._fd is None:
            if self._stream is None:
                metrics.log_lines_lost("not_written")
            else:
                self._stream.write(text)
            return
        line = text.encode(self._encoding, "backslashreplace")
        with self._changed:
            if self._is_closed or self._bytes + len(line) > MOST_BYTES:
                self._lost += 1
                metrics.log_lines_lost("not_written" if self._is_closed else "reader_too_slow")
                return
            self._waiting.append(line)
            self._bytes += len(line)
            self._changed.notify_all()

    def _keep_writing(self, fd: int) -> None:
        while (found := self._next()) is not None:
            self._write_out(fd, found)
            with self._changed:
                self._is_writing = False
                self._changed.notify_all()

    def _next(self) -> list[bytes] | None:
        """What has come meanwhile; None at the end."""
        with self._changed:
            if not self._waiting and not self._is_closed:
                self._changed.wait(_ROUND_SECONDS)
            found = [*self._waiting, *self._after_thoughts()]
            self._waiting.clear()
            self._bytes = 0
            self._is_writing = bool(found)
            return None if self._is_closed and not found else found

    def _after_thoughts(self) -> list[bytes]:
        lost, self._lost = self._lost, 0
        lines: list[str] = []
        with contextlib.suppress(Exception):
            lines = list(self._overdue(lost))
        return [f"{line}\n".encode(self._encoding, "backslashreplace") for line in lines]

    def _write_out(self, fd: int, lines: list[bytes]) -> None:
        for number, line in enumerate(lines):
            try:
                self._write_whole(fd, line)
            except OSError:
                metrics.log_lines_lost("not_written")
                continue
            except BaseException:
                # At the very end of the interpreter nothing can be relied on.
                metrics.log_lines_lost("not_written", len(lines) - number)
                raise

    def _write_whole(self, fd: int, line: bytes) -> None:
        """Raises OSError; the beginning of the line may be written by then."""
        left = memoryview(b"\n" + line if self._is_torn else line)
        whole = len(left)
        while left:
            try:
                left = left[os.write(fd, left) :]
                self._is_torn = self._is_torn if len(left) == whole else bool(left)
            except BlockingIOError:
                # Whoever shares the pipe has made it one that does not wait.
                _wait_for_room(fd)


def _wait_for_room(fd: int) -> None:
    room = select.poll()
    room.register(fd, select.POLLOUT)
    if not room.poll(_FULL_PAUSE_SECONDS * 1000):
        time.sleep(0)


def _fd_of(stream: TextIO | None) -> int | None:
    """The file behind it; None for what is kept in memory."""
    try:
        return stream.fileno() if stream is not None else None
    except (OSError, ValueError, AttributeError):
        return None
