"""Work that goes on beside the rest of a process, and begins again when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable

import structlog

log = structlog.get_logger(__name__)

_CANCEL_AGAIN_SECONDS = 2.0


@contextlib.asynccontextmanager
async def supervised(work: Callable[[], Awaitable[None]], *, name: str) -> AsyncIterator[None]:
    """Work beside the rest, until the context ends."""
    task = asyncio.ensure_future(_persistently(work, name))
    try:
        yield
    finally:
        # Said again until it is heard: a library may take a cancellation for a fault, and go on.
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_CANCEL_AGAIN_SECONDS)


async def _persistently(work: Callable[[], Awaitable[None]], name: str) -> None:
    """Begins `work` again when it breaks, as when Redis is away: a loop that stopped would be silent."""
    while True:
        try:
            await work()
        except Exception as error:
            log.error("loop_broke", loop=name, exc_info=error)
            await asyncio.sleep(1)
        else:
            return
