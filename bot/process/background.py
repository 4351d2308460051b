"""Work that goes on after Slack has its answer: kept hold of, waited for at the end, never silent when it breaks."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Coroutine
from datetime import timedelta
from typing import Any

import structlog

from bot.process.incidents import record_defect

log = structlog.get_logger(__name__)

_AFTER_THE_ACK_SECONDS = 0.001
"""Whoever waits for the ack gets it first: on a small machine only when this process pauses."""

Apology = Callable[[str], Awaitable[None]]
"""Tells the person that something unexpected happened; the argument is the reference that is in the log too."""


class Background:
    """The running work of one process. asyncio itself keeps only weak references to tasks (PLATFORM.md, Bolt)."""

    def __init__(self) -> None:
        self._tasks: set[asyncio.Task[None]] = set()

    def start(self, work: Coroutine[Any, Any, object], apology: Apology | None = None) -> asyncio.Task[None]:
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

    async def _watched(self, work: Coroutine[Any, Any, object], apology: Apology | None) -> None:
        try:
            await asyncio.sleep(_AFTER_THE_ACK_SECONDS)
        except asyncio.CancelledError:
            work.close()
            raise
        try:
            await work
        except Exception as error:  # noqa: BLE001 - it is written down, with its traceback
            reference = record_defect("unexpected", error)
            if apology is not None:
                await _try(apology(reference), reference)


async def _try(saying: Awaitable[None], reference: str) -> None:
    try:
        await saying
    except Exception as error:
        log.error("apology_failed", reference=reference, exc_info=error)
