"""Strays: what runs at Novita and nobody here is known to have asked for. Taken onto a record, told to the admins.

A stray carries a name of this bot's and is on no record (Redis was emptied, restored from an older snapshot, or its
record is past its time), or it is a second one of a name. What was made outside this bot is only listed and counted,
until an admin takes it in. Whatever happens to a stray after that goes the way of every other instance.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import NamedTuple, Protocol

import structlog

from core.domain import transitions
from core.domain.base import Actor
from core.domain.clock import Clock
from core.domain.errors import InvalidRequest, NoSuchInstance, NotFound
from core.domain.identity import id_from, token_in
from core.domain.instance import Instance, Origin, Status
from core.domain.matching import is_leaving
from core.domain.novita import NovitaInstance, age_order
from core.domain.policy import Policy
from core.services.alarms import AlarmKind, Alarms
from core.services.outbox import UnitOfWork

log = structlog.get_logger(__name__)

SHORT_LEASE = timedelta(hours=24)
"""The lease of a stray where leases need not have an end: it must end some day."""

Pair = tuple[Instance, NovitaInstance]


class Sorted(NamedTuple):
    """What a look found that belongs to no live record, by what is to become of it."""

    pairs: list[Pair]
    """With records that say it has ended, or that have just been begun."""
    strays: dict[str, tuple[NovitaInstance, Origin]]
    """By the id of the record that each is to be taken onto."""
    outside: int
    """How many were made outside this bot."""

    @property
    def lost(self) -> int:
        """How many had lost their record."""
        return sum(origin is Origin.LOST for _, origin in self.strays.values())


class Novita(Protocol):
    """What is asked of Novita (core.adapters.novita.NovitaClient)."""

    async def instance(self, novita_id: str) -> NovitaInstance: ...
    async def instances(self) -> list[NovitaInstance]: ...


class Records(Protocol):
    """What is read of the store (core.adapters.redis.Store)."""

    async def get(self, instance_id: str) -> Instance | None: ...
    async def get_many(self, ids: Sequence[str]) -> list[Instance | None]: ...
    async def is_unreadable(self, instance_id: str) -> bool: ...
    async def live(self) -> list[Instance]: ...


class Strays:
    """Finds strays, and does with them what admins decide. `lease` is the usual one; None for no end."""

    def __init__(
        self,
        novita: Novita,
        records: Records,
        unit_of_work: UnitOfWork,
        alarms: Alarms,
        clock: Clock,
        *,
        lease: timedelta | None,
    ) -> None:
        self._novita = novita
        self._records = records
        self._unit_of_work = unit_of_work
        self._alarms = alarms
        self._clock = clock
        self._lease = lease or SHORT_LEASE

    async def sort(self, unknown: Sequence[NovitaInstance], taken: Iterable[str]) -> Sorted:
        """Sorts out what belongs to no live record; `adopt` takes a stray onto a record of its own.

        `taken` are the ids of the records that others of the listing belong to.
        """
        known = await self._known(unknown)
        given, outside, pairs = set(taken), 0, list[Pair]()
        strays: dict[str, tuple[NovitaInstance, Origin]] = {}
        for novita in unknown:
            token = token_in(novita.name)
            if (record := _its_own(novita, token, known, given)) is not None:
                pairs.append((record, novita))
                given.add(record.id)  # To the oldest of its name; the next is a second one.
            elif is_leaving(novita):
                continue
            elif token is None:
                outside += 1
            else:
                if (place := await self._place(novita, token, known, given)) is not None:
                    strays[place[0]] = (novita, place[1])
                given.add(token)
        return Sorted(pairs, strays, outside)

    async def _place(
        self, novita: NovitaInstance, token: str, known: Mapping[str, Instance], given: Iterable[str]
    ) -> tuple[str, Origin] | None:
        """The record for a stray. None where there is one that cannot be read, of which the admins hear: nothing is
        written over it."""
        if token not in known and await self._records.is_unreadable(token):
            return None
        is_second = token in known or token in given
        record_id, origin = (own_id(novita.id), Origin.SECOND) if is_second else (token, Origin.LOST)
        return None if is_second and await self._records.is_unreadable(record_id) else (record_id, origin)

    async def settle_alarms(self) -> None:
        """The admins hear of each stray that they have decided nothing about, and whom nobody else can be asked for."""
        live = await self._records.live()
        undecided = [instance for instance in live if instance.is_stray and not instance.is_left_alone]
        await self._alarms.settle(AlarmKind.STRAY, {each.id: facts_of(each) for each in undecided})
        read = [each for each in live if each.unreadable is None]
        questions = [each for each in read if not each.has_person and _is_asked_about(each)]
        await self._alarms.settle(AlarmKind.LEASE_IN_DOUBT, {each.id: facts_of(each) for each in questions})

    async def outside(self) -> list[NovitaInstance]:
        """What is at Novita and on no record, the oldest first. Raises NovitaError and StoreUnavailable."""
        live = await self._records.live()
        listed = await self._novita.instances()
        on_record = {instance.remote.id for instance in live}
        tokens = {instance.id for instance in live if instance.remote.id is None}
        return [
            novita
            for novita in sorted(listed, key=age_order)
            if novita.id not in on_record and token_in(novita.name) not in tokens and not is_leaving(novita)
        ]

    async def recorded(self, stray_id: str, actor: Actor, policy: Policy) -> Instance:
        """The record of a stray by its id, or by Novita's id where it is on no record yet: then it is taken onto one.

        Raises NotAllowed to all but admins, NoSuchInstance, NovitaError, StoreUnavailable.
        """
        policy.check_admin(actor)
        ids = [stray_id, own_id(stray_id)]
        found = next((record for record in await self._records.get_many(ids) if record is not None), None)
        if found is None:
            live = await self._records.live()
            found = next((record for record in live if record.remote.id == stray_id), None)
        return found or await self._taken_in(stray_id)

    async def assign(self, stray_id: str, owner: Actor, actor: Actor, policy: Policy) -> Instance:
        """Gives a stray an owner. Raises as `recorded`, and InvalidRequest where it has one already or has ended."""
        instance = await self.recorded(stray_id, actor, policy)
        done: list[transitions.TransitionResult | None] = []

        def change(newest: Instance) -> transitions.TransitionResult | None:
            done.append(transitions.assigned(newest, owner, actor, self._clock.now()))
            return done[-1]

        written = await self._unit_of_work.update(instance, change)
        if done[-1] is None and written.owner != owner:
            raise InvalidRequest({"owner": "It has ended." if written.has_ended else "It has an owner already."})
        await self.settle_alarms()
        return written

    async def leave_alone(self, stray_id: str, actor: Actor, policy: Policy) -> Instance:
        """Notes that an admin has seen it: the alarm is over. Raises as `recorded`."""
        instance = await self.recorded(stray_id, actor, policy)
        written = await self._unit_of_work.update(instance, transitions.left_alone)
        await self.settle_alarms()
        return written

    async def _known(self, unknown: Sequence[NovitaInstance]) -> Mapping[str, Instance]:
        """The records that these could belong to, by id: those of their names, and those that only they can have."""
        tokens = [token_in(novita.name) or "" for novita in unknown]
        ids = list(dict.fromkeys([*filter(None, tokens), *(own_id(novita.id) for novita in unknown)]))
        return {record.id: record for record in await self._records.get_many(ids) if record is not None}

    async def adopt(self, novita: NovitaInstance, instance_id: str, origin: Origin) -> Instance:
        """Takes it onto a record of this id. Raises StoreUnavailable."""
        now = self._clock.now()
        record = transitions.record_of(novita, instance_id, origin, self._lease, now)
        written = await self._unit_of_work.update(record, lambda i: transitions.adopted(i, novita, now))
        if written.remote.id == novita.id:
            log.warning("stray_adopted", instance_id=written.id, novita_instance_id=novita.id, origin=origin.value)
        return written

    async def _taken_in(self, novita_id: str) -> Instance:
        try:
            novita = await self._novita.instance(novita_id)
        except NotFound as error:
            raise NoSuchInstance(novita_id) from error
        if is_leaving(novita):
            raise NoSuchInstance(novita_id)
        return await self.adopt(novita, own_id(novita_id), Origin.CONSOLE)


def own_id(novita_id: str) -> str:
    """The id of the record that an instance has when it cannot have that of its name: always the same one."""
    return id_from(f"novita:{novita_id}")


def facts_of(instance: Instance) -> dict[str, str]:
    """What the admins need to decide; the same at each look, for as long as nothing changes."""
    price, ends_at = instance.hourly_price, instance.lease.ends_at or instance.startup.ends_at
    return {
        "name": instance.novita_name[:120],
        "gpu": f"{instance.request.gpu_num} x {instance.request.product_name}"[:120],
        "price_per_hour": f"${price.normalize():f}" if price is not None else "unknown",
        "made": instance.created_at.strftime("%Y-%m-%d %H:%M UTC"),
        "state": instance.status.value,
        "origin": instance.intent.origin.value,
        "novita_id": (instance.remote.id or "")[:80],
        **({"stops": ends_at.strftime("%Y-%m-%d %H:%M UTC")} if ends_at else {}),
    }


def _its_own(
    novita: NovitaInstance, token: str | None, known: Mapping[str, Instance], given: Iterable[str]
) -> Instance | None:
    """The record that is this instance's already although it is not among the live ones."""
    own = known.get(own_id(novita.id))
    named = known.get(token or "")
    if named is not None and named.remote.id == novita.id:
        return named
    if own is not None and own.remote.id == novita.id:
        return own
    is_free = named is not None and named.remote.id is None and named.id not in given
    return named if is_free else None


def _is_asked_about(instance: Instance) -> bool:
    """Whether it ends unless somebody keeps it: its lease is over, or it does not come up."""
    return transitions.can_wait(instance) or (instance.lease.asked_at is not None and instance.status is Status.RUNNING)
