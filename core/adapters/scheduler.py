"""The background tasks: each runs once per interval over all workers, and elsewhere when its worker dies."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from time import perf_counter

import structlog

from core.adapters.redis import connect
from core.adapters.redis.turns import HOLD, Turn, Turns, Wish, Wished
from core.domain.errors import NovitaError, StoreUnavailable
from core.telemetry import metrics

log = structlog.get_logger(__name__)

_AGREE_SECONDS = 2.0
"""How often a worker agrees with the others on whose turn each task is: twice within a hold, and few commands."""
_SURE_SECONDS = HOLD.total_seconds() - 1.0
"""For so long after an agreement a task that is ours may be begun without asking again."""
_AWAY_SECONDS = 1.0
"""The pause while Redis does not answer."""
_SHORTEST_SECONDS = 0.02
_ENDING_SECONDS = 1.0
"""How long a worker that leaves waits for its runs to end, and again for Redis to hear of it."""

Work = Callable[[], Awaitable[object]]
Note = Callable[[str], Awaitable[object]]
"""Writes down, where every process can read it, that the task of this name has just succeeded."""


async def run_forever(redis_url: str, tasks: Mapping[str, tuple[Work, timedelta]], note: Note) -> None:
    """Works on `tasks` (name: what to do and how often) together with every other worker on the same Redis.

    A worker keeps a task for as long as it lives and the task succeeds; after a run that did not, whoever comes first
    does the next. No host's clock is compared with another's. A task must bear being run twice: a worker that Redis
    has not heard of for a while is taken for dead.
    """
    turns = Turns(connect(redis_url))
    try:
        await _Worker(turns, [_Task(name, *each, note) for name, each in tasks.items()]).work()
    finally:
        await turns.aclose()


@dataclass
class _Task:
    """One task as this worker knows it. Moments are in seconds of the event loop's clock."""

    name: str
    work: Work
    every: timedelta
    note: Note
    is_ours: bool = False
    due: float = 0.0
    is_offered: bool = False
    """The last run of ours did not succeed: whoever comes first does the next."""
    left_to_others_until: float = 0.0
    run: asyncio.Task[bool] | None = None

    @property
    def wish(self) -> Wish:
        if not self.is_ours:
            return Wish.TAKE
        return Wish.GIVE if self.is_offered and self.run is None else Wish.KEEP

    @property
    def can_begin(self) -> bool:
        return self.is_ours and not self.is_offered and self.run is None

    def take_note(self, turn: Turn, now: float) -> None:
        if turn.is_ours and not self.is_ours:
            self.due = now + turn.left.total_seconds()
        elif self.wish is Wish.GIVE:
            self.left_to_others_until = max(self.due, now + min(self.every.total_seconds(), _AGREE_SECONDS))
        self.is_ours = turn.is_ours
        self.is_offered = self.is_offered and turn.is_ours

    async def once(self) -> bool:
        """Does it; whether it succeeded."""
        began, outcome = perf_counter(), "cancelled"
        try:
            outcome = await _outcome(self.name, self.work)
        finally:
            metrics.task_ended(self.name, outcome, perf_counter() - began)
        if outcome == "ok":
            with contextlib.suppress(StoreUnavailable):
                await self.note(self.name)
        return outcome == "ok"


async def _outcome(name: str, work: Work) -> str:
    try:
        await work()
    except (NovitaError, StoreUnavailable) as error:
        log.warning("task_put_off", task=name, error=str(error))
        return "put_off"
    except Exception as error:
        log.error("task_broke", task=name, exc_info=error)
        return "failed"
    return "ok"


class _Worker:
    """Agrees with the other workers now and then, and begins what is due and its own."""

    def __init__(self, turns: Turns, tasks: Sequence[_Task]) -> None:
        self._turns = turns
        self._tasks = tasks
        self._now = asyncio.get_running_loop().time
        self._sure_until = 0.0
        self._agree_at = 0.0
        self._run_ended = asyncio.Event()

    async def work(self) -> None:
        try:
            while True:
                self._take_in_ended()
                if self._now() >= self._agree_at:
                    await self._agree_if_possible()
                self._begin_due()
                await self._pause()
        finally:
            await self._leave()

    async def _agree_if_possible(self) -> None:
        try:
            await self._agree()
        except StoreUnavailable as error:
            # Without agreement no task runs here, so no lease ends: what Redis refuses will not pass by itself.
            (log.error if error.why else log.warning)("tasks_not_agreed_on", error=str(error))
            self._agree_at = self._now() + _AWAY_SECONDS

    async def _agree(self) -> None:
        asked = self._now()
        tasks = [task for task in self._tasks if task.left_to_others_until <= asked]
        answers = await self._turns.agree([self._wished(task) for task in tasks])
        self._sure_until, self._agree_at = asked + _SURE_SECONDS, asked + _AGREE_SECONDS
        for task, turn in zip(tasks, answers, strict=True):
            task.take_note(turn, self._now())
            if not task.is_ours:
                free_at = max(asked + turn.left.total_seconds(), task.left_to_others_until)
                self._agree_at = min(self._agree_at, free_at)

    def _wished(self, task: _Task) -> Wished:
        left = timedelta(seconds=max(0.0, task.due - self._now()))
        return Wished(task.name, task.every, task.wish, left)

    def _begin_due(self) -> None:
        now = self._now()
        if now > self._sure_until:
            return
        for task in self._tasks:
            if task.can_begin and task.due <= now:
                task.due = now + task.every.total_seconds()
                task.run = asyncio.create_task(task.once(), name=f"task {task.name}")
                task.run.add_done_callback(lambda _: self._run_ended.set())

    def _take_in_ended(self) -> None:
        self._run_ended.clear()
        for task in self._tasks:
            if task.run is not None and task.run.done():
                is_well, task.run = _is_well(task.run, task.name), None
                if not is_well and task.is_ours:
                    task.is_offered, self._agree_at = True, 0.0

    async def _pause(self) -> None:
        """Until something is due, or a run has ended."""
        now = self._now()
        due = [task.due for task in self._tasks if task.can_begin and now <= self._sure_until]
        wait = max(min([self._agree_at, *due]) - now, _SHORTEST_SECONDS)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._run_ended.wait()

    async def _leave(self) -> None:
        """Ends its runs, and leaves their tasks to the others at once."""
        runs = [task.run for task in self._tasks if task.run is not None]
        for run in runs:
            run.cancel()
        if runs:
            await asyncio.wait(runs, timeout=_ENDING_SECONDS)
        given = [task for task in self._tasks if task.is_ours and (task.run is None or task.run.done())]
        with contextlib.suppress(StoreUnavailable, TimeoutError):
            async with asyncio.timeout(_ENDING_SECONDS):
                await self._turns.agree([replace(self._wished(task), wish=Wish.GIVE) for task in given])


def _is_well(run: asyncio.Task[bool], name: str) -> bool:
    """Whether a run that has ended succeeded."""
    if run.cancelled():
        return False
    if (error := run.exception()) is not None:
        log.error("task_broke", task=name, exc_info=error)
        return False
    return run.result()
