"""Start, stop, restart, delete, extend: what people ask of an instance that exists, and what the end of its lease asks.

An order is on the record before Novita hears of it, so that it is given once however many click, and carried out by a
worker when the process that took it dies. It is over when Novita shows the result, not when Novita says yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain import leases, transitions
from core.domain.base import Actor
from core.domain.clock import Clock
from core.domain.errors import (
    InvalidRequest,
    NoSuchInstance,
    NovitaRefused,
    RecordNotReadable,
)
from core.domain.instance import Instance
from core.domain.novita import Connection
from core.domain.order import Verb
from core.domain.policy import Policy
from core.domain.redaction import without_values
from core.services.alarms import Alarms
from core.services.clock_agreement import Witness
from core.services.lifecycle.due import DueWork
from core.services.lifecycle.ports import Novita, Past, Records
from core.services.lifecycle.possible import (
    can_connect,
    can_extend,
    possible,
    why_impossible,
    why_not_extensible,
)
from core.services.lifecycle.sender import OrderSender
from core.services.lifecycle.unread import UnreadEnds
from core.services.outbox import UnitOfWork


@dataclass(frozen=True)
class Ordered:
    """The answer to an order. `is_repeat`: the same was wanted already, for the cause in `instance.order`."""

    instance: Instance
    is_repeat: bool


class Lifecycle:
    """What people and leases ask of instances."""

    def __init__(
        self,
        novita: Novita,
        records: Records,
        unit_of_work: UnitOfWork,
        clock: Clock,
        witness: Witness,
        alarms: Alarms,
        *,
        past: Past,
        max_lease: timedelta | None,
    ) -> None:
        self._novita = novita
        self._records = records
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._max_lease = max_lease
        self._sender = OrderSender(novita, records, unit_of_work, clock, past)
        unread = UnreadEnds(novita, records, clock)
        self._due = DueWork(records, unit_of_work, clock, witness, alarms, past, self._sender, unread)

    async def order(self, verb: Verb, instance_id: str, actor: Actor, policy: Policy) -> Ordered:
        """Records the order; `carry_out` sends it.

        Raises NoSuchInstance, NotAllowed, InvalidRequest or StoreUnavailable.
        """
        instance = await self._permitted(instance_id, actor, policy)
        asked: list[transitions.TransitionResult | None] = []

        def ask(newest: Instance) -> transitions.TransitionResult | None:
            asked.append(self._ordered(newest, verb, actor))
            return asked[-1]

        written = await self._unit_of_work.update(instance, ask)
        return Ordered(written, is_repeat=asked[-1] is None)

    async def carry_out(self, instance: Instance) -> Instance:
        """Sends the instance's order to Novita, and notes how that went. Raises StoreUnavailable."""
        return await self._sender.carry_out(instance)

    async def run_due(self) -> None:
        """For a worker, each look: reminders, leases that are over, orders that are not carried out yet."""
        await self._due.run()

    async def extend(self, instance_id: str, by: timedelta, actor: Actor, policy: Policy) -> Instance:
        """Moves the lease's end, at most to MAX_LEASE from now. Raises as `order` does."""
        instance = await self._extensible(instance_id, actor, policy)
        return await self._move_end(instance, leases.extended(instance, by, self._max_lease, self._clock.now()), actor)

    async def extend_until(
        self, instance_id: str, ends_at: datetime, actor: Actor, policy: Policy, *, button: str = ""
    ) -> Instance:
        """Moves the lease's end to `ends_at`, at most to MAX_LEASE from now. Raises as `order` does.

        Asked twice for the same end it is moved once, as when two people extend by so many hours what both saw.
        `button` is the one that was pressed for it, if any.
        """
        instance = await self._extensible(instance_id, actor, policy)
        ends_at = leases.bounded(ends_at, self._max_lease, self._clock.now())
        return await self._move_end(instance, ends_at, actor, button=button)

    async def end_at(self, instance_id: str, ends_at: datetime, actor: Actor, policy: Policy) -> Instance:
        """Sets the lease's end to `ends_at`, also an earlier one, at most to MAX_LEASE from now. Raises as `order`."""
        instance, now = await self._extensible(instance_id, actor, policy), self._clock.now()
        if ends_at <= now:
            raise InvalidRequest({"lease": "That time is over already."})
        ends_at = leases.bounded(ends_at, self._max_lease, now)
        return await self._move_end(instance, ends_at, actor, is_exact=True)

    async def used(self, instance_id: str, actor: Actor, policy: Policy) -> Instance:
        """A sign of use: whoever gives one goes on, at most to MAX_LEASE from now. Raises as `order` does, except that
        an instance without a running lease stays as it is."""
        instance, now = await self._permitted(instance_id, actor, policy), self._clock.now()
        ends_at = leases.end_after_use(instance, now)
        if ends_at is None or not can_extend(instance):
            return instance
        try:
            return await self._move_end(instance, leases.bounded(ends_at, self._max_lease, now), actor)
        except InvalidRequest:
            return await self._records.get(instance_id) or instance

    async def connect(self, instance_id: str, actor: Actor, policy: Policy) -> tuple[Instance, Connection]:
        """How to reach it, fresh from Novita and stored nowhere. Raises as `order` does, and NovitaError."""
        instance = await self._permitted(instance_id, actor, policy)
        if instance.remote.id is None or not can_connect(instance):
            raise InvalidRequest({"verb": "It is not running, so there is nothing to connect to."})
        try:
            return instance, await self._novita.connection(instance.remote.id)
        except NovitaRefused as error:
            error.message = without_values(error.message, instance.secret_names)
            raise

    async def _extensible(self, instance_id: str, actor: Actor, policy: Policy) -> Instance:
        instance = await self._permitted(instance_id, actor, policy)
        if not can_extend(instance):
            raise InvalidRequest({"lease": why_not_extensible(instance)})
        return instance

    async def _move_end(
        self, instance: Instance, ends_at: datetime, actor: Actor, *, is_exact: bool = False, button: str = ""
    ) -> Instance:
        """To an earlier end only when exactly that was asked for: somebody else may have extended it further at the
        same moment. Raises InvalidRequest when a stop or the end of the lease came first."""

        def move(newest: Instance) -> transitions.TransitionResult | None:
            if not can_extend(newest):
                raise InvalidRequest({"lease": why_not_extensible(newest)})
            is_wait = transitions.can_wait(newest)
            present = newest.startup.ends_at if is_wait else newest.lease.ends_at
            end = ends_at if is_exact or present is None else max(ends_at, present)
            change = transitions.waits_longer if is_wait else transitions.extended
            return change(newest, end, actor, self._clock.now(), button=button)

        return await self._unit_of_work.update(instance, move)

    async def _permitted(self, instance_id: str, actor: Actor, policy: Policy) -> Instance:
        instance = await self._records.get(instance_id)
        if instance is None:
            raise NoSuchInstance(instance_id)
        policy.check_act(actor, instance)
        if instance.unreadable is not None:
            raise RecordNotReadable(instance.id, instance.unreadable.words)
        return instance

    def _ordered(self, instance: Instance, verb: Verb, actor: Actor) -> transitions.TransitionResult | None:
        """None: the same is under way, so nothing is left to do. Raises InvalidRequest when it is not possible."""
        change = transitions.ordered(instance, verb, actor, self._clock.now())
        if change is not None and verb not in possible(instance):
            raise InvalidRequest({"verb": why_impossible(instance, verb)})
        return change
