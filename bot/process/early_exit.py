"""Before anything is open that would have to be closed, being told to end ends the process at once."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

_STAY = frozenset({"up", "web", "worker"})
"""Commands that go on until they are told to end; any other one has not done its work by then."""


def leave_on_signals() -> None:
    """While nothing is open that would have to be closed: SIGTERM and SIGINT end the process at once."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, _leave)


def _leave(_number: int, _frame: FrameType | None) -> None:
    os._exit(0 if _STAY.intersection(sys.argv[1:2]) else 1)
