"""Tells whoever listens that something in the make-believe Slack changed, and lets code wait for a condition
without polling.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from bot.sandbox.patience import PATIENCE_SECONDS

T = TypeVar("T")


@dataclass(frozen=True)
class Change:
    """`kind` in the past tense (message_posted, view_updated, call_answered, ...) and the thing it happened
    to.
    """

    kind: str
    subject: Any


class Changes:
    """Every change of the workspace, numbered by `revision`."""

    def __init__(self) -> None:
        self.revision = 0
        self._subscribers: list[Callable[[Change], None]] = []
        self._next = asyncio.Event()

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Calls `callback` on every change until the returned function is called."""
        self._subscribers.append(callback)
        return lambda: self._subscribers.remove(callback)

    def happened(self, kind: str, subject: Any) -> None:
        self.revision += 1
        change = Change(kind, subject)
        for callback in tuple(self._subscribers):
            callback(change)
        due, self._next = self._next, asyncio.Event()
        due.set()

    async def wait_until(self, predicate: Callable[[], T], timeout: float = PATIENCE_SECONDS) -> T:
        """The predicate's first truthy value, looked at now and after every change.

        Raises TimeoutError after `timeout` seconds.
        """
        async with asyncio.timeout(timeout):
            while not (found := predicate()):
                await self._next.wait()
            return found
