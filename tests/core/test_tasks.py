"""The background tasks, on a real Redis."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

from core.errors import StoreUnavailable
from core.metrics import REGISTRY
from core.tasks import Note, Work, run_forever


@contextlib.asynccontextmanager
async def _worker(redis_url: str, note: Note | None = None, **work: Work) -> AsyncIterator[asyncio.Task[None]]:
    tasks = {name: (each, timedelta(milliseconds=300)) for name, each in work.items()}
    running = asyncio.create_task(run_forever(redis_url, tasks, note or _Noted().note))
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


class _Noted:
    """What was noted to have succeeded; `is_away`: as when Redis is."""

    def __init__(self, *, is_away: bool = False) -> None:
        self.names: list[str] = []
        self._is_away = is_away

    async def note(self, name: str) -> None:
        self.names.append(name)
        if self._is_away:
            raise StoreUnavailable("away")


async def test_only_what_succeeded_is_noted_and_every_end_is_counted(redis_url: str) -> None:
    good, late, broken, noted = _Beats(), _Beats(), _Beats(), _Noted()

    async def put_off() -> None:
        await late.beat()
        raise StoreUnavailable("away")

    async def fail() -> None:
        await broken.beat()
        raise ValueError("a defect")

    async with _worker(redis_url, noted.note, good_task=good.beat, late_task=put_off, broken_task=fail):
        for beats in (good, late, broken):
            await beats.reach(3)
    assert set(noted.names) == {"good_task"}
    for task, outcome in (("good_task", "ok"), ("late_task", "put_off"), ("broken_task", "failed")):
        assert _counted(task, outcome) >= 2
        assert _counted(task, "ok") == (_counted(task, outcome) if outcome == "ok" else 0)


async def test_a_task_whose_success_cannot_be_noted_goes_on(redis_url: str) -> None:
    beats, noted = _Beats(), _Noted(is_away=True)
    async with _worker(redis_url, noted.note, beat=beats.beat):
        await beats.reach(3)
    assert len(noted.names) >= 2


def _counted(task: str, outcome: str) -> float:
    return REGISTRY.get_sample_value("gpu_bot_task_runs_total", {"task": task, "outcome": outcome}) or 0


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
