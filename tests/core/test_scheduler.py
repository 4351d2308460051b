"""The background tasks, on a real Redis."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from core.adapters.redis import connect
from core.adapters.redis.turns import HOLD, Turns, Wish, Wished
from core.adapters.scheduler import Note, Work, run_forever
from core.domain.errors import StoreUnavailable
from core.telemetry.metrics import REGISTRY
from tests.bot.redis_line import RedisLine
from tests.patience import patience


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
        async with self._changed, patience():
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


async def test_a_hung_task_stops_no_other_and_does_not_overlap_itself_in_any_worker(redis_url: str) -> None:
    """For longer than a worker may be silent: what runs is held for as long as it runs."""
    hung, others, go = _Beats(), _Beats(), asyncio.Event()

    async def hang() -> None:
        await hung.beat()
        hung.at_once += 1
        await go.wait()
        hung.at_once -= 1

    until = asyncio.get_running_loop().time() + HOLD.total_seconds() + 1
    async with (
        _worker(redis_url, hung=hang, other=others.beat),
        _worker(redis_url, hung=hang, other=others.beat),
    ):
        await hung.reach(1)
        while asyncio.get_running_loop().time() < until:
            await others.reach(others.count + 1)
        assert (hung.count, others.most_at_once) == (1, 1)
        go.set()
        await hung.reach(3)
    assert hung.most_at_once == 1


async def test_what_a_dead_worker_had_is_done_elsewhere_when_its_hold_is_over(redis_url: str) -> None:
    dead, beats = Turns(connect(redis_url), holder="dead"), _Beats()
    every = timedelta(milliseconds=300)
    assert (await dead.agree([Wished("beat", every, Wish.TAKE)]))[0].is_ours
    began = asyncio.get_running_loop().time()
    async with _worker(redis_url, beat=beats.beat):
        await beats.reach(3)
    assert asyncio.get_running_loop().time() - began >= HOLD.total_seconds() - 0.5
    assert (await dead.agree([Wished("beat", every, Wish.TAKE)]))[0].is_ours, "who leaves leaves its tasks at once"
    await dead.aclose()


async def test_a_worker_that_is_cut_off_from_redis_begins_nothing_that_another_may_be_doing(redis_url: str) -> None:
    cut_off, well = _Beats(), _Beats()
    async with (
        RedisLine(redis_url) as line,
        _worker(line.url, beat=cut_off.beat),
    ):
        await cut_off.reach(2)
        async with _worker(redis_url, beat=well.beat):
            await line.down()
            await well.reach(1)
            done = cut_off.count
            await well.reach(well.count + 10)
            assert cut_off.count == done


async def test_a_task_that_is_taken_over_is_done_when_it_is_due_and_not_at_once(redis_url: str) -> None:
    gone, hour = Turns(connect(redis_url), holder="gone"), timedelta(hours=1)
    for wish in (Wish.TAKE, Wish.GIVE):
        await gone.agree([Wished("rare", hour, wish, hour / 2)])
    await gone.aclose()
    rare, other = _Beats(), _Beats()
    tasks: dict[str, tuple[Work, timedelta]] = {
        "rare": (rare.beat, hour),
        "other": (other.beat, timedelta(milliseconds=50)),
    }
    running = asyncio.create_task(run_forever(redis_url, tasks, _Noted().note))
    await other.reach(10)
    assert rare.count == 0
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_what_does_not_succeed_in_one_worker_is_tried_by_the_other(redis_url: str) -> None:
    """A worker whose way to Novita is cut does not keep the looks from one that could do them."""
    cut_off, well = _Beats(), _Beats()

    async def fail() -> None:
        await cut_off.beat()
        raise StoreUnavailable("away")

    async with _worker(redis_url, look=fail):
        await cut_off.reach(1)
        async with _worker(redis_url, look=well.beat):
            await well.reach(1)
            tried = cut_off.count
            await well.reach(well.count + 10)
            assert cut_off.count <= tried + 1


async def test_a_task_that_runs_longer_than_its_interval_begins_again_when_it_has_ended(redis_url: str) -> None:
    slow, others = _Beats(), _Beats()

    async def take_long() -> None:
        slow.at_once += 1
        slow.most_at_once = max(slow.most_at_once, slow.at_once)
        await others.reach(others.count + 3)
        slow.at_once -= 1
        await slow.beat()

    async with _worker(redis_url, slow=take_long, other=others.beat):
        await slow.reach(3)
    assert slow.most_at_once == 1


async def test_tasks_go_on_when_redis_was_away(redis_url: str) -> None:
    beats = _Beats()
    async with RedisLine(redis_url) as line, _worker(line.url, beat=beats.beat) as running:
        await beats.reach(2)
        await line.down()
        await line.up()
        await beats.reach(beats.count + 20)
        assert not running.done()


async def test_an_idle_worker_with_many_tasks_asks_redis_for_little(redis_url: str) -> None:
    beats, client = _Beats(), connect(redis_url)
    idle: dict[str, Any] = {f"task_{n}": _Beats().beat for n in range(20)}
    async with _worker(redis_url, beat=beats.beat, **idle):
        await beats.reach(2)
        loop = asyncio.get_running_loop()
        began, before = loop.time(), await _commands(client)
        await beats.reach(beats.count + 20)
        assert await _commands(client) - before <= 4 * (1 + (loop.time() - began) / 2)
    await client.aclose()


async def _commands(client: Any) -> int:
    """How many commands the server has carried out, those within scripts too; this one counts from the next time on."""
    return int((await client.info("stats"))["total_commands_processed"])
