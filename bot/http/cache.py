"""An answer that costs something to find: found once for all who ask at the same time, and kept for a moment."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import timedelta
from typing import Any, Generic, TypeVar

T = TypeVar("T")


class TTLCache(Generic[T]):
    """`find` is called only when the last answer is older than `keep`, however many ask and however often."""

    def __init__(self, find: Callable[[], Coroutine[Any, Any, T]], keep: timedelta) -> None:
        self._find = find
        self._keep = keep.total_seconds()
        self._finding: asyncio.Task[T] | None = None
        self._until = 0.0

    async def get(self) -> T:
        now = asyncio.get_running_loop().time()
        if self._finding is None or (self._finding.done() and now >= self._until):
            self._finding = asyncio.create_task(self._find())
            self._finding.add_done_callback(self._found)
        # Whoever asks and then goes away does not take the answer from the others.
        return await asyncio.shield(self._finding)

    def _found(self, task: asyncio.Task[T]) -> None:
        self._until = task.get_loop().time() + self._keep
