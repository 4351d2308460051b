"""Start, stop, restart, delete, extend: what people ask of an instance that exists, and what the end of its lease asks.

An order is on the record before Novita hears of it, so that it is given once however many click, and carried out by a
worker when the process that took it dies. It is over when Novita shows the result, not when Novita says yes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from core.domain import leases, order_timing, transitions
from core.domain.attempt import Failure, FailureKind
from core.domain.base import Actor, Cause
from core.domain.clock import Clock
from core.domain.durations import duration_words
from core.domain.errors import (
    InvalidRequest,
    NoSuchInstance,
    NotFound,
    NovitaError,
    NovitaRefused,
    RateLimited,
    not_done,
)
from core.domain.instance import Instance
from core.domain.novita import Connection
from core.domain.order import Order, Verb
from core.domain.policy import Policy
from core.domain.redaction import without_values
from core.domain.request import LeaseEnd
from core.domain.transitions import runs
from core.services.alarms import AlarmKind, Alarms
from core.services.care import Care
from core.services.clock_agreement import Witness
from core.services.lifecycle.ports import Novita, Past, Records
from core.services.lifecycle.possible import (
    can_connect,
    can_extend,
    is_on_the_way,
    possible,
    why_impossible,
    why_not_extensible,
)
from core.services.outbox import UnitOfWork

_PUT_BACK = "Redis was put back to an older state, so whether this order is over already is not known."

_TOLD_WHEN_NOT_FOUND = 8
"""Of an order to what Novita does not show people hear late: either it is gone, or it shows up soon."""


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
        ledger: UnitOfWork,
        clock: Clock,
        witness: Witness,
        alarms: Alarms,
        *,
        past: Past,
        max_lease: timedelta | None,
    ) -> None:
        self._novita = novita
        self._records = records
        self._ledger = ledger
        self._clock = clock
        self._witness = witness
        self._alarms = alarms
        self._care = Care("tend", records, ledger, alarms, clock)
        self._past = past
        self._max_lease = max_lease

    async def order(self, verb: Verb, instance_id: str, actor: Actor, policy: Policy) -> Ordered:
        """Records the order; `carry_out` sends it.

        Raises NoSuchInstance, NotAllowed, InvalidRequest or StoreUnavailable.
        """
        instance = await self._permitted(instance_id, actor, policy)
        if instance.order is not None and instance.order.verb is verb:
            return Ordered(instance, is_repeat=True)
        if verb not in possible(instance):
            raise InvalidRequest({"verb": why_impossible(instance, verb)})
        asked: list[transitions.TransitionResult | None] = []

        def ask(newest: Instance) -> transitions.TransitionResult | None:
            asked.append(self._ordered(newest, verb, actor))
            return asked[-1]

        written = await self._ledger.update(instance, ask)
        return Ordered(written, is_repeat=asked[-1] is None)

    async def carry_out(self, instance: Instance) -> Instance:
        """Sends the instance's order to Novita, and notes how that went. Raises StoreUnavailable.

        One that may have been sent before is only sent when a look at the instance shows that it is still to be done.
        That somebody sets out is on the record before: of two processes one sends it, and one that was held up does
        not send what is over by now.
        """
        order, novita_id = instance.order, instance.remote.id
        if order is None or novita_id is None:
            return instance
        try:
            if order.posted_at is not None or order.last_try_at is not None or order.in_doubt:
                instance = await self._looked_at(instance, novita_id)
            if not order.is_same(instance.order):
                return instance
            if order.in_doubt and not runs.is_still_meant(order, instance):
                return await self._dropped(instance, order)
            if order_timing.is_outdated(order, self._clock.now()):
                return await self._failed(instance, order, _outdated(order, self._clock.now()), is_final=True)
            instance, is_ours = await self._set_out(instance)
            if not is_ours:
                return instance
            await self._send(order.verb, novita_id)
        except NotFound as error:
            return await self._not_found(instance, order, error)
        except RateLimited as error:
            return await self._put_off(instance, order, error)
        except NovitaRefused as error:
            return await self._refused(instance, order, novita_id, error)
        except NovitaError as error:
            failure = not_done(error)
            is_final = order_timing.is_given_up(order, self._clock.now(), is_answered=False)
            return await self._failed(instance, order, failure, is_final=is_final, is_answered=False)
        return await self._ledger.update(instance, lambda i: transitions.order_taken(i, order, self._clock.now()))

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

    async def run_due(self) -> None:
        """For a worker, each look: reminders, leases that are over, orders that are not carried out yet.

        What nobody asks for but the time is done only while a second clock agrees, and by records that are the newest:
        also when they were put back while the clocks were asked.
        """
        live = await self._records.live()
        is_end_due = any(self._is_end_due(each) for each in live)
        is_time_right = await self._witness.agrees(anew=is_end_due)
        await self._past.check()
        if is_end_due:
            live = await self._records.live()

        async def tend(instance: Instance) -> None:
            if is_time_right:
                instance = await self._do_what_is_due(instance)
            await self._see_to_order(instance)

        try:
            await self._care.of_each({each.id: each for each in live}, tend)
        finally:
            stuck = {each.id: _stuck_facts(each) for each in live if each.order is not None and each.order.is_stuck}
            await self._alarms.settle(AlarmKind.ORDER_STUCK, stuck)

    async def _do_what_is_due(self, instance: Instance) -> Instance:
        """What the bot does by itself: everything that nobody ordered goes through here."""
        now = self._clock.now()
        instance = await self._ledger.update(instance, lambda i: transitions.redated(i, now))
        if (minutes := leases.reminder_due(instance, now)) is not None:
            instance = await self._ledger.update(instance, lambda i: transitions.reminded(i, minutes, now))
        if (weeks := leases.disk_reminder_due(instance, now)) is not None:
            instance = await self._ledger.update(instance, lambda i: transitions.disk_reminded(i, weeks, now))
        if self._is_lease_over(instance):
            instance = await self._ledger.update(instance, self._lease_over)
        if transitions.is_question_due(instance, now):
            instance = await self._ledger.update(instance, lambda i: transitions.questioned(i, now))
        if transitions.is_start_over(instance, now):
            instance = await self._ledger.update(instance, lambda i: self._start_over(i, now))
        return instance

    async def _see_to_order(self, instance: Instance) -> None:
        """Sends it when it is due, gives up a start that Novita takes and never does, and tells of one that lasts."""
        order, now = instance.order, self._clock.now()
        if order is None or instance.remote.id is None:
            return
        if order_timing.is_due(order, now, is_on_the_way=is_on_the_way(instance, order.verb)):
            if order_timing.is_without_effect(order, is_on_the_way=is_on_the_way(instance, order.verb)):
                await self._failed(instance, order, _no_effect(order), is_final=True)
                return
            instance = await self.carry_out(instance)
        if instance.order is not None and order_timing.is_stuck(instance.order, now):
            await self._ledger.update(instance, lambda i: transitions.order_stuck(i, now))

    def _start_over(self, instance: Instance, now: datetime) -> transitions.TransitionResult | None:
        """What does not come up is billed, and nobody has let it go on."""
        if not transitions.is_start_over(instance, now):
            return None
        return transitions.ordered(instance, transitions.verb_at_end(instance), Cause.HUNG, now)

    def _lease_over(self, instance: Instance) -> transitions.TransitionResult | None:
        if not self._is_lease_over(instance):
            return None
        if instance.past_in_doubt:
            return transitions.asked_or_stopped(instance, self._clock.now())
        verb = Verb.DELETE if instance.request.lease_end is LeaseEnd.DELETE else Verb.STOP
        return transitions.ordered(instance, verb, Cause.LEASE, self._clock.now())

    def _is_end_due(self, instance: Instance) -> bool:
        """Whether it is to be stopped or deleted now although nobody has ordered that."""
        return self._is_lease_over(instance) or transitions.is_start_over(instance, self._clock.now())

    def _is_lease_over(self, instance: Instance) -> bool:
        """Whether its lease is over and nothing has been done about it."""
        return leases.is_over(instance, self._clock.now()) and instance.order is None

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

        return await self._ledger.update(instance, move)

    async def _permitted(self, instance_id: str, actor: Actor, policy: Policy) -> Instance:
        instance = await self._records.get(instance_id)
        if instance is None:
            raise NoSuchInstance(instance_id)
        policy.check_act(actor, instance)
        return instance

    async def _send(self, verb: Verb, novita_id: str) -> None:
        match verb:
            case Verb.START:
                await self._novita.start(novita_id)
            case Verb.STOP:
                await self._novita.stop(novita_id)
            case Verb.RESTART:
                await self._novita.restart(novita_id)
            case Verb.DELETE:
                await self._novita.delete(novita_id)

    def _ordered(self, instance: Instance, verb: Verb, actor: Actor) -> transitions.TransitionResult | None:
        """None: the same is under way, so nothing is left to do. Raises InvalidRequest when it is not possible."""
        if instance.order is not None and instance.order.verb is verb:
            return None
        if verb not in possible(instance):
            raise InvalidRequest({"verb": why_impossible(instance, verb)})
        return transitions.ordered(instance, verb, actor, self._clock.now())

    async def _looked_at(self, instance: Instance, novita_id: str) -> Instance:
        """As Novita shows it now. Raises NovitaError where that must be known: what begins a bill, or may be over."""
        order = instance.order
        try:
            novita = await self._novita.instance(novita_id)
        except NovitaError:
            if order is None or order.in_doubt or not order_timing.is_ending(order.verb):
                raise
            return instance
        return await self._ledger.update(instance, lambda i: transitions.observed(i, novita, self._clock.now()))

    async def _set_out(self, instance: Instance) -> tuple[Instance, bool]:
        """Notes that its order is being sent; and whether it is this process that is to send it.

        Not when the store turns out to have been put back: then it is looked into first.
        """
        order, done = instance.order, list[bool]()

        def set_out(newest: Instance) -> transitions.TransitionResult | None:
            changed = transitions.order_posted(newest, order, self._clock.now()) if order is not None else None
            done.append(changed is not None)
            return changed

        written = await self._ledger.update(instance, set_out)
        if not done[-1]:
            return written, False
        await self._past.check()
        newest = await self._records.get(instance.id) or written
        return newest, newest.order is not None and newest.order == written.order

    async def _dropped(self, instance: Instance, order: Order) -> Instance:
        """It stood on a record that was put back to an older state, and may have been over by then."""
        why = Failure(kind=FailureKind.STORE, reason=order_timing.OUTDATED, message=_PUT_BACK)
        now = self._clock.now()
        return await self._ledger.update(instance, lambda i: transitions.order_dropped(i, order, why, now))

    async def _not_found(self, instance: Instance, order: Order, error: NotFound) -> Instance:
        """Novita may show late what it has just made. Whether it is gone, looks find out: the order stands."""
        failure = Failure(kind=FailureKind.OTHER, reason=error.reason, message=error.message)
        is_final = order_timing.is_given_up(order, self._clock.now(), is_answered=False)
        return await self._failed(
            instance, order, failure, is_final=is_final, is_answered=False, told_from=_TOLD_WHEN_NOT_FOUND
        )

    async def _refused(self, instance: Instance, order: Order, novita_id: str, error: NovitaRefused) -> Instance:
        """An earlier try may have worked: a wrong-state answer is settled by looking (API.md, Orders)."""
        try:
            novita = await self._novita.instance(novita_id)
        except NovitaError:
            pass
        else:
            instance = await self._ledger.update(instance, lambda i: transitions.observed(i, novita, self._clock.now()))
            if not order.is_same(instance.order):
                return instance
            if transitions.STATUSES.get(novita.status) is transitions.ON_THE_WAY[order.verb]:
                now = self._clock.now()
                return await self._ledger.update(instance, lambda i: transitions.order_under_way(i, order, now))
        failure = Failure(kind=error.kind, reason=error.reason, message=error.message)
        return await self._failed(instance, order, failure, is_final=not order_timing.is_ending(order.verb))

    async def _put_off(self, instance: Instance, order: Order, error: RateLimited) -> Instance:
        """Novita asks to slow down: not a refusal, but when to come again."""
        now = self._clock.now()
        failure = Failure(kind=error.kind, reason=error.reason, message=error.message)
        again_at = now + order_timing.asked_pause(error.retry_after, order.failures)
        is_final = order_timing.is_given_up(order, now, is_answered=True)
        return await self._failed(instance, order, failure, is_final=is_final, again_at=again_at, told_from=2)

    async def _failed(
        self,
        instance: Instance,
        order: Order,
        failure: Failure,
        *,
        is_final: bool,
        again_at: datetime | None = None,
        is_answered: bool = True,
        told_from: int = 1,
    ) -> Instance:
        now = self._clock.now()

        def fail(newest: Instance) -> transitions.TransitionResult | None:
            return transitions.order_failed(
                newest,
                order,
                failure,
                now,
                is_final=is_final,
                again_at=again_at,
                is_answered=is_answered,
                told_from=told_from,
            )

        return await self._ledger.update(instance, fail)


def _no_effect(order: Order) -> Failure:
    message = f"Novita took the {order.verb.value} {order.taken} times, and it still does not run."
    return Failure(kind=FailureKind.OTHER, reason="NO_EFFECT", message=message)


def _outdated(order: Order, now: datetime) -> Failure:
    waited = duration_words(timedelta(minutes=round((now - order.at) / timedelta(minutes=1))))
    message = f"The bot could not see to it for {waited}, so it does not {order.verb.value} it any more."
    return Failure(kind=FailureKind.OTHER, reason=order_timing.OUTDATED, message=message)


def _stuck_facts(instance: Instance) -> dict[str, str]:
    order = instance.order
    asked = _order_facts(order) if order is not None else {}
    price = {"usd_per_hour": f"{instance.hourly_price:f}"} if instance.hourly_price is not None else {}
    return {"name": instance.request.name, "owner": instance.owner.user, **asked, **price}


def _order_facts(order: Order) -> dict[str, str]:
    return {"order": order.verb.value, "cause": order.cause.value, "given": f"{order.at:%Y-%m-%d %H:%M} UTC"}
