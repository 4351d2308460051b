"""Whose turn each background task is: agreed on by all workers in Redis, by Redis's clock alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from typing import Any

from core.adapters.redis.commands import Commands, duration_ms, key_of
from core.adapters.redis.scripts import AGREE

HOLD = timedelta(seconds=5)
"""How long a worker may be silent before its tasks are another's."""


class Wish(StrEnum):
    """What a worker wants with a task."""

    TAKE = "take"
    """To do it from now on, if nobody else does."""
    KEEP = "keep"
    """To go on doing it."""
    GIVE = "give"
    """To leave it to whoever comes."""


@dataclass(frozen=True)
class Wished:
    """A worker's wish for one task that is done once an `interval`. `left`: how long until it is due, as it knows."""

    task: str
    interval: timedelta
    wish: Wish
    left: timedelta = timedelta()


@dataclass(frozen=True)
class Turn:
    """What was agreed on: whether the task is ours, and how long until it is due, or until it may be free."""

    is_ours: bool
    left: timedelta


class Turns(Commands):
    """Each instance is a party to the agreement, as `holder`. Raises StoreUnavailable when Redis cannot answer.

    No time is believed that is further off than it can be (a hold than HOLD, a due time than the interval), so that a
    jump of Redis's clock holds nothing up either.
    """

    async def agree(self, wishes: Sequence[Wished]) -> list[Turn]:
        """In one step for all tasks; the answers are in the order of the wishes."""
        rows = [(each.task, duration_ms(each.interval), each.wish.value, duration_ms(each.left)) for each in wishes]
        arguments: list[Any] = [self.holder, duration_ms(HOLD), *(value for row in rows for value in row)]
        answer = await self._run(AGREE, [key_of("worker", "tasks")], arguments, even_when_full=True)
        return [Turn(bool(ours), timedelta(milliseconds=left)) for ours, left in answer]
