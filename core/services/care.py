"""One work on many instances: a defect of one stops none of the others, and is heard of when it lasts."""

from __future__ import annotations

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol, TypeVar

import structlog

from core.domain import transitions
from core.domain.clock import Clock
from core.domain.errors import NovitaError, StoreUnavailable, StoreWrongKind
from core.domain.instance import Instance
from core.services.alarms import AlarmKind, Alarms
from core.services.concurrency import for_each
from core.services.outbox.ports import UnitOfWork

log = structlog.get_logger(__name__)

_PARALLEL = 8
"""Instances at the same time: when Novita is slow with some, the others do not wait for all of them."""

_IN_A_ROW = 3
"""How often it must break before people hear of it: once may be a passing whim of the network."""

T = TypeVar("T")


class Records(Protocol):
    """What is read of the store (core.adapters.redis.Store)."""

    async def get(self, instance_id: str) -> Instance | None: ...


class Care:
    """What a process remembers of a work's defects; the alarms about them are shared by all processes."""

    def __init__(self, work: str, records: Records, unit_of_work: UnitOfWork, alarms: Alarms, clock: Clock) -> None:
        self._work = work
        self._records = records
        self._unit_of_work = unit_of_work
        self._alarms = alarms
        self._clock = clock
        self._failures = Counter[str]()

    async def of_each(self, each: Mapping[str, T], do: Callable[[T], Awaitable[object]]) -> None:
        """Does it for each (by the instance's id), several at a time, whatever becomes of some.

        Raises StoreUnavailable or NovitaError, of those that there were the first, when all that can be done is done;
        not what is about the keys of one alone.
        """
        answers = await for_each(each.values(), do, _PARALLEL)
        broken = {id_: a for id_, a in zip(each, answers, strict=True) if isinstance(a, BaseException)}
        for error in broken.values():
            if not isinstance(error, Exception):
                raise error
        self._count(broken)
        outside = next((e for e in broken.values() if _is_outside(e)), None)
        try:
            await self._tell(broken)
        except StoreUnavailable as error:
            outside = outside or error
        if outside is not None:
            raise outside

    def _count(self, broken: Mapping[str, BaseException]) -> None:
        for instance_id, error in broken.items():
            if not _is_outside(error):
                log.error("not_tended", work=self._work, instance_id=instance_id, exc_info=error)
        self._failures = Counter({instance_id: self._failures[instance_id] + 1 for instance_id in broken})

    async def _tell(self, broken: Mapping[str, BaseException]) -> None:
        """Sounds what lasts, and ends what is over: also what another process has sounded."""
        for instance_id, error in broken.items():
            if self._failures[instance_id] >= _IN_A_ROW:
                await self._sound(instance_id, error)
        for alarm in await self._alarms.standing():
            instance_id, _, work = alarm.subject.partition(" ")
            if alarm.kind is AlarmKind.NOT_TENDED and work == self._work and instance_id not in broken:
                await self._alarms.quiet(alarm.kind, alarm.subject)

    async def _sound(self, instance_id: str, error: BaseException) -> None:
        """The owner hears of it too, if the record lets that be written."""
        known = await self._records.get(instance_id)
        about = {"name": known.request.name, "owner": known.owner.user} if known is not None else {}
        facts = {"instance": instance_id, **about, "work": self._work, "why": type(error).__name__}
        is_new = await self._alarms.sound(AlarmKind.NOT_TENDED, f"{instance_id} {self._work}", facts)
        if not is_new or known is None:
            return
        try:
            now = self._clock.now()
            await self._unit_of_work.update(known, lambda i: transitions.not_tended(i, self._work, now))
        except Exception as refused:  # noqa: BLE001 - the very defect may keep it from being written
            log.warning("owner_not_told", instance_id=instance_id, error=type(refused).__name__)


def _is_outside(error: BaseException) -> bool:
    """Whether Novita or Redis is away, rather than that something is wrong with this one."""
    return isinstance(error, NovitaError | StoreUnavailable) and not isinstance(error, StoreWrongKind)
