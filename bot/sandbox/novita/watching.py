"""Waiting for something to become true without polling for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

from bot.sandbox.patience import PATIENCE_SECONDS


class Watched:
    """Something whose changes can be followed and waited for."""

    def __init__(self) -> None:
        self._listeners: list[Callable[[], None]] = []
        self._waiters: list[asyncio.Future[None]] = []

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Have `callback` called after every change; calling the result ends that."""
        self._listeners.append(callback)
        return lambda: self._listeners.remove(callback)

    async def wait_until(self, predicate: Callable[[], bool], timeout: float = PATIENCE_SECONDS) -> None:
        """Return once `predicate` holds, looked at after every change. Raises TimeoutError after so many seconds."""
        async with asyncio.timeout(timeout):
            while not predicate():
                waiter = asyncio.get_running_loop().create_future()
                self._waiters.append(waiter)
                await waiter

    def changed(self) -> None:
        """Tell whoever watches. Statuses follow the clock: a test that moves its clock calls this itself."""
        waiters, self._waiters = self._waiters, []
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)
        for callback in tuple(self._listeners):
            callback()
