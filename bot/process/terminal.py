"""Standard output and standard error of a command: a reader that has gone or a full disk never ends what it does."""

from __future__ import annotations

import errno
import io
import os
import select
import sys

_STANDARD = (0, 1, 2)


class _Enduring(io.FileIO):
    """Takes everything, also what can no longer be written. `trouble` is the first thing that stood in the way."""

    trouble: OSError | None = None
    must_be_read = False

    def write(self, data: object) -> int:
        view = memoryview(data).cast("B")  # type: ignore[arg-type]
        if self.trouble is None:
            try:
                self._write_whole(view)
            except OSError as error:
                if self.must_be_read and error.errno == errno.EPIPE:
                    raise
                self.trouble = error
        return len(view)

    def _write_whole(self, left: memoryview) -> None:
        while left:
            written = super().write(left)
            if written is None:  # Whoever shares it has made it one that does not wait.
                select.select([], [self], [])
            left = left[written or 0 :]


def steady() -> None:
    """Puts streams that endure in the place of standard output and standard error, missing ones included."""
    _open_what_is_closed()
    sys.stdout = _stream(1, sys.stdout, "replace")
    sys.stderr = _stream(2, sys.stderr, "backslashreplace")


def end_with_the_reader() -> None:
    """For what is done only to be watched: standard output raises BrokenPipeError when nobody is there any more."""
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if isinstance(raw, _Enduring):
        raw.must_be_read = True


def lost_output() -> str:
    """Why a part of the output is not where it was to go; empty when it is, and when its reader wanted no more."""
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    trouble = raw.trouble if isinstance(raw, _Enduring) else None
    if trouble is None or trouble.errno == errno.EPIPE:
        return ""
    return trouble.strerror or type(trouble).__name__


def _open_what_is_closed() -> None:
    """A closed one would become the next file that is opened, such as a connection to Redis, and be written into."""
    for number in _STANDARD:
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)


def _stream(number: int, present: object, errors: str) -> io.TextIOWrapper:
    """What the encoding of an old terminal cannot say is written in another way."""
    encoding = getattr(present, "encoding", None) or "utf-8"
    buffered = io.BufferedWriter(_Enduring(number, "w", closefd=False))
    is_short = number == 2 or os.isatty(number)
    return io.TextIOWrapper(buffered, encoding, errors, line_buffering=is_short, write_through=number == 2)
