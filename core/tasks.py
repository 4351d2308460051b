"""The background tasks, on docket: each runs once per interval over all workers, and elsewhere when its worker dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from time import perf_counter

import structlog
from docket import Docket, Perpetual, Worker

from core import metrics
from core.errors import NovitaError, StoreUnavailable

log = structlog.get_logger(__name__)

_DOCKET = "{gpu}:tasks"
_REDELIVER_AFTER = timedelta(seconds=5)
"""docket's default is five minutes, in which a killed worker's task would stand still (libraries.md)."""
_RESOLUTION = timedelta(milliseconds=250)

Work = Callable[[], Awaitable[object]]
Note = Callable[[str], Awaitable[object]]
"""Writes down, where every process can read it, that the task of this name has just succeeded."""


async def run_forever(redis_url: str, tasks: Mapping[str, tuple[Work, timedelta]], note: Note) -> None:
    """Works on `tasks` (name: what to do and how often) together with every other worker on the same Redis.

    A task must bear being run twice. Ends when cancelled, like any other call, although docket's worker takes its
    cancellation for a wish to stop and returns. Raises when Redis cannot be reached at the start.
    """
    async with Docket(name=_DOCKET, url=redis_url) as docket:
        for name, (work, every) in tasks.items():
            docket.register(_perpetual(name, work, every, note))
        async with Worker(
            docket,
            redelivery_timeout=_REDELIVER_AFTER,
            reconnection_delay=timedelta(seconds=1),
            minimum_check_interval=_RESOLUTION,
            scheduling_resolution=_RESOLUTION,
        ) as worker:
            await worker.run_forever()
    raise asyncio.CancelledError


def _perpetual(name: str, work: Work, every: timedelta, note: Note) -> Callable[..., Awaitable[None]]:
    async def task(perpetual: Perpetual = Perpetual(every=every, automatic=True)) -> None:  # noqa: B008 - docket's way
        began, outcome = perf_counter(), "cancelled"
        try:
            outcome = await _outcome(name, work)
        except Exception:
            outcome = "failed"
            raise
        finally:
            metrics.task_ended(name, outcome, perf_counter() - began)
        if outcome == "ok":
            with contextlib.suppress(StoreUnavailable):
                await note(name)

    task.__name__ = task.__qualname__ = name
    return task


async def _outcome(name: str, work: Work) -> str:
    try:
        await work()
    except (NovitaError, StoreUnavailable) as error:
        log.warning("task_put_off", task=name, error=str(error))
        return "put_off"
    return "ok"
