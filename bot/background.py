"""Work that goes on after Slack has its answer: kept hold of, waited for at the end, never silent when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

import structlog

log = structlog.get_logger(__name__)

_AFTER_THE_ACK_SECONDS = 0.001
"""Whoever waits for the ack gets it first: on a small machine only when this process pauses."""

Apology = Callable[[str], Awaitable[None]]
"""Tells the person that something unexpected happened; the argument is the reference that is in the log too."""


class Background:
    """The running work of one process. asyncio itself keeps only weak references to tasks (slack.md B4)."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, None], apology: Apology | None = None) -> asyncio.Task[None]:
        """Runs `work`; when it raises, the reference in the log is also given to `apology`."""
        task = asyncio.create_task(self._watched(work, apology))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def drain(self, patience: timedelta) -> int:
        """Waits for what is running and what that begins, at most `patience`; cancels the rest and says how many."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience.total_seconds()):
                while self._tasks:
                    await asyncio.wait(set(self._tasks))
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        return len(left)

    async def _watched(self, work: Coroutine[Any, Any, None], apology: Apology | None) -> None:
        try:
            await asyncio.sleep(_AFTER_THE_ACK_SECONDS)
        except asyncio.CancelledError:
            work.close()
            raise
        try:
            await work
        except Exception as error:
            reference = new_reference()
            log.error("unexpected", reference=reference, exc_info=error)
            if apology is not None:
                await _try(apology(reference), reference)


def new_reference() -> str:
    """A short word that ties what a person saw to a line in the log."""
    return secrets.token_hex(3).upper()


async def _try(saying: Awaitable[None], reference: str) -> None:
    try:
        await saying
    except Exception as error:
        log.error("apology_failed", reference=reference, exc_info=error)
