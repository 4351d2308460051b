"""Background tasks that have not succeeded for long, in any worker: somebody must hear that they stand still."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

from core.services.alarms import AlarmKind, Alarms

LATE_AFTER = timedelta(minutes=5)
"""Time enough for whatever passes by itself, such as a restart of Novita or of Redis."""

_INTERVALS = 3
"""So many of its own intervals are as long for a task that runs seldom."""


class Records(Protocol):
    """What is read of the store (core.adapters.redis.Store)."""

    async def successes(self) -> dict[str, datetime]: ...


def overdue(
    intervals: Mapping[str, timedelta], successes: Mapping[str, datetime], began: datetime, now: datetime
) -> dict[str, datetime]:
    """Each task that is late, with since when it has not succeeded. What was before `began` nobody could have done."""
    since = {task: max(successes.get(task, began), began) for task in intervals}
    return {task: at for task, at in since.items() if now - at > max(LATE_AFTER, _INTERVALS * intervals[task])}


class TaskWatch:
    """What one worker sees of all workers' tasks. Late at two looks in a row is late: a clock may have jumped."""

    def __init__(self, alarms: Alarms, records: Records, began: datetime) -> None:
        self._alarms = alarms
        self._records = records
        self._began = began
        self._late: set[str] = set()

    async def look(self, intervals: Mapping[str, timedelta], now: datetime) -> None:
        """Sounds the alarm for what is late, and ends it for what is not. Raises StoreUnavailable."""
        late = overdue(intervals, await self._records.successes(), self._began, now)
        lasting, self._late = {task: late[task] for task in late if task in self._late}, set(late)
        facts = {task: {"task": task, "since": at.isoformat(timespec="seconds")} for task, at in lasting.items()}
        await self._alarms.settle(AlarmKind.TASK_OVERDUE, facts)
