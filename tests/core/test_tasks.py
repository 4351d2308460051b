"""The background tasks, on a real Redis."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

from core.errors import StoreUnavailable
from core.tasks import Work, run_forever


@contextlib.asynccontextmanager
async def _worker(redis_url: str, **work: Work) -> AsyncIterator[asyncio.Task[None]]:
    tasks = {name: (each, timedelta(milliseconds=300)) for name, each in work.items()}
    running = asyncio.create_task(run_forever(redis_url, tasks))
    try:
        yield running
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


class _Beats:
    """Counts runs, and lets the test wait for the next ones."""

    def __init__(self) -> None:
        self.count = 0
        self.at_once = 0
        self.most_at_once = 0
        self._changed = asyncio.Condition()

    async def beat(self) -> None:
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        async with self._changed:
            self.count += 1
            self._changed.notify_all()
        self.at_once -= 1

    async def reach(self, count: int) -> None:
        async with self._changed, asyncio.timeout(20):
            await self._changed.wait_for(lambda: self.count >= count)


async def test_a_task_goes_on_although_it_fails_as_redis_and_novita_do(redis_url: str) -> None:
    beats = _Beats()

    async def failing() -> None:
        await beats.beat()
        raise StoreUnavailable("away")

    async with _worker(redis_url, failing=failing):
        await beats.reach(3)


async def test_two_workers_share_a_task_instead_of_doubling_it(redis_url: str) -> None:
    beats = _Beats()
    async with _worker(redis_url, beat=beats.beat), _worker(redis_url, beat=beats.beat):
        await beats.reach(5)
    assert beats.most_at_once == 1


async def test_a_worker_that_is_cancelled_ends_cancelled(redis_url: str) -> None:
    beats = _Beats()
    async with _worker(redis_url, beat=beats.beat) as running:
        await beats.reach(1)
    assert running.cancelled()


async def test_when_a_worker_is_gone_another_goes_on(redis_url: str) -> None:
    first, second = _Beats(), _Beats()
    async with _worker(redis_url, beat=first.beat):
        await first.reach(1)
    async with _worker(redis_url, beat=second.beat):
        await second.reach(2)
