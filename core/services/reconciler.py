"""Novita's truth against our records: one look finds what came up, failed, vanished, or was made unknown to us."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence, Set
from datetime import datetime, timedelta
from functools import partial
from typing import Protocol

import structlog

from core.domain import absence, transitions
from core.domain.clock import Clock, is_within
from core.domain.errors import NotFound, NovitaError
from core.domain.instance import Instance, Status
from core.domain.matching import matched
from core.domain.novita import NovitaInstance
from core.domain.redaction import without_values
from core.services.alarms import AlarmKind, Alarms
from core.services.care import Care
from core.services.continuity import Continuity
from core.services.outbox import UnitOfWork
from core.services.strays import Strays

log = structlog.get_logger(__name__)

LOOK = "observe"
"""The name of the task that looks."""

BEAT_EVERY = timedelta(seconds=5)
"""How often each process gives a sign of life."""

ALIVE_WITHIN = timedelta(seconds=20)
"""A process silent for this long is taken for dead: one beat, and the tries of the store, may be late."""


def is_alive(seen: datetime, now: datetime) -> bool:
    """Whether the last sign of life is late enough. One from the future says nothing of the present."""
    return is_within(seen, ALIVE_WITHIN, now)


class Novita(Protocol):
    """What a look asks of Novita (core.adapters.novita.NovitaClient)."""

    async def instances(self) -> list[NovitaInstance]: ...
    async def instance(self, novita_id: str) -> NovitaInstance: ...
    async def find(self, name: str) -> NovitaInstance | None: ...


class Records(Protocol):
    """What a look reads of the store (core.adapters.redis.Store)."""

    async def get(self, instance_id: str) -> Instance | None: ...
    async def live(self) -> list[Instance]: ...
    async def processes_alive_since(self, since: datetime, now: datetime) -> set[str]: ...
    async def successes(self) -> dict[str, datetime]: ...


class Reconciler:
    """Looks at Novita and brings the records up to date. Looks may overlap: changes apply to the newest record."""

    def __init__(
        self,
        novita: Novita,
        records: Records,
        unit_of_work: UnitOfWork,
        clock: Clock,
        alarms: Alarms,
        *,
        strays: Strays,
        continuity: Continuity,
    ) -> None:
        self._novita = novita
        self._records = records
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._alarms = alarms
        self._care = Care("look", records, unit_of_work, alarms, clock)
        self._strays = strays
        self._continuity = continuity
        self._looked_at: datetime | None = None
        self._looked_before: datetime | None = None

    async def run_once(self) -> None:
        """One look: the listing's pages, and a call only for what changed. Raises NovitaError, StoreUnavailable."""
        began = self._clock.now()
        self._looked_before = await self._last_look(began)
        await self._continuity.doubt_if_gone_back()
        live = await self._records.live()
        found = matched(live, await self._novita.instances())
        rest = await self._strays.sort(found.unknown, [record.id for record, _ in found.pairs])
        work: dict[str, Callable[[], Awaitable[object]]] = {}
        work |= {id_: partial(self._strays.adopt, seen, id_, origin) for id_, (seen, origin) in rest.strays.items()}
        work |= {record.id: partial(self._compare, record, seen) for record, seen in [*rest.pairs, *found.pairs]}
        work |= await self._settling(found.absent, live, {record.id for record, _ in found.pairs})
        try:
            await self._care.of_each(work, lambda do: do())
        finally:
            await self._strays.settle_alarms()
        await self._continuity.looked(outside=rest.outside, lost=rest.lost)
        self._looked_at = began

    async def _last_look(self, now: datetime) -> datetime | None:
        """The last look that any worker brought to its end, as far as is known."""
        noted = (await self._records.successes()).get(LOOK)
        known = [stamp for stamp in (noted, self._looked_at) if stamp is not None and stamp <= now]
        return max(known, default=None)

    async def _compare(self, instance: Instance, novita: NovitaInstance) -> None:
        if instance.unreadable is not None:
            return  # It is known whose it is, so it is no stray; nothing is written over its record.
        runs = transitions.STATUSES.get(novita.status) is Status.RUNNING
        if runs and not (instance.status is Status.RUNNING and instance.remote.endpoints_known):
            novita = await self._with_endpoints(instance, novita)
        now, before = self._clock.now(), self._looked_before
        await self._unit_of_work.update(instance, lambda i: transitions.observed(i, novita, now, before))

    async def _with_endpoints(self, instance: Instance, novita: NovitaInstance) -> NovitaInstance:
        """The listing has no endpoints (API.md, Listing instances). Without an answer it is announced without them."""
        try:
            return await self._novita.instance(novita.id)
        except NovitaError as error:
            said = without_values(str(error), instance.secret_names)
            log.warning("endpoints_not_read", instance_id=instance.id, error=said)
            return novita

    async def _settling(
        self, absent: Sequence[Instance], live: Sequence[Instance], shown: Set[str]
    ) -> dict[str, Callable[[], Awaitable[object]]]:
        """What to do for each record that the listing does not show; nothing while it shows none of them."""
        is_all_absent = absence.is_all_absent(live, shown, self._clock.now())
        facts = {"instances": str(sum(each.remote.id is not None for each in live))}
        await self._alarms.settle(AlarmKind.ALL_ABSENT, {"": facts} if is_all_absent else {})
        if is_all_absent or not absent:
            return {}
        now = self._clock.now()
        living = await self._records.processes_alive_since(now - ALIVE_WITHIN, now)
        settle = partial(self._settle_absent, living=living, are_others_shown=bool(shown))
        return {instance.id: partial(settle, instance) for instance in absent}

    async def _settle_absent(self, instance: Instance, *, living: set[str], are_others_shown: bool) -> None:
        if instance.unreadable is not None:
            return
        try:
            if instance.is_launching:
                await self._settle_launching(instance, living)
            elif instance.remote.id is not None and absence.should_be_listed(instance, self._clock.now()):
                believed_after = absence.believed_after(instance, are_others_shown=are_others_shown)
                await self._confirm_absence(instance, instance.remote.id, believed_after)
        except NovitaError as error:
            said = without_values(str(error), instance.secret_names)
            log.warning("absence_not_confirmed", instance_id=instance.id, error=said)

    async def _settle_launching(self, instance: Instance, living: set[str]) -> None:
        now = self._clock.now()
        since = instance.launch.in_doubt_since or instance.created_at
        if now - since > transitions.GIVE_UP_AFTER:
            found = await self._novita.find(instance.novita_name)
            if found is not None:
                await self._compare(instance, found)
            else:
                await self._unit_of_work.update(instance, lambda i: transitions.presumed_lost(i, self._clock.now()))
        elif instance.launch.process not in living:
            await self._unit_of_work.update(instance, lambda i: transitions.interrupted(i, self._clock.now()))

    async def _confirm_absence(self, instance: Instance, novita_id: str, believed_after: timedelta) -> None:
        """Asks for it by id before counting it as absent: a page may have been read while the list moved."""
        try:
            novita = await self._novita.instance(novita_id)
        except NotFound:
            now = self._clock.now()
            await self._unit_of_work.update(
                instance, lambda i: transitions.not_found(i, now, believed_after=believed_after)
            )
        else:
            await self._compare(instance, novita)
