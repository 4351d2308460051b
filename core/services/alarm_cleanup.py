"""Alarms about records and stories: sounded for what cannot be read or kept, ended when their subject is gone."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Protocol

from core.domain.clock import Clock
from core.domain.instance import Instance
from core.services.alarms import Alarm, AlarmKind, Alarms

_WEBHOOK_ALARM_FOR = timedelta(days=1)
"""Nothing says that a receiver has been mended: it is called out again when it refuses the next instance's news."""


class Records(Protocol):
    """What is read of the store (core.adapters.redis.Store)."""

    async def get_many(self, ids: Sequence[str]) -> list[Instance | None]: ...
    async def has_untold(self, instance_id: str) -> bool: ...
    async def unreadable(self) -> dict[str, dict[str, str]]: ...
    async def displaced(self) -> dict[str, dict[str, str]]: ...


async def tidy_alarms(alarms: Alarms, records: Records, clock: Clock) -> None:
    """For a worker, every few seconds. Raises StoreUnavailable."""
    unreadable = await records.unreadable()
    await alarms.settle(AlarmKind.UNREADABLE, unreadable)
    await alarms.settle(AlarmKind.KEY_TAKEN, await records.displaced())
    for alarm in await alarms.standing():
        if await _is_over(alarm, records, clock, unreadable):
            await alarms.quiet(alarm.kind, alarm.subject)


async def _is_over(alarm: Alarm, records: Records, clock: Clock, unreadable: dict[str, dict[str, str]]) -> bool:
    match alarm.kind:
        case AlarmKind.NOT_TOLD:
            return not await records.has_untold(alarm.subject)
        case AlarmKind.PASSED_OVER if alarm.subject not in unreadable:
            [instance] = await records.get_many([alarm.subject])
            return instance is None or instance.has_ended
        case AlarmKind.WEBHOOK_REFUSED:
            return clock.now() - alarm.since > _WEBHOOK_ALARM_FOR
    return False
