"""Carries out orders: sent to Novita once, tried again where that may be, given up where it must, and noted."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain import order_timing, transitions
from core.domain.attempt import Failure, FailureKind
from core.domain.clock import Clock
from core.domain.durations import duration_words
from core.domain.errors import (
    NotFound,
    NovitaError,
    NovitaRefused,
    RateLimited,
    not_done,
)
from core.domain.instance import Instance
from core.domain.order import Order, Verb
from core.domain.transitions import runs
from core.services.lifecycle.ports import Novita, Past, Records
from core.services.lifecycle.possible import (
    is_on_the_way,
)
from core.services.outbox import UnitOfWork

_PUT_BACK = "Redis was put back to an older state, so whether this order is over already is not known."

_TOLD_WHEN_NOT_FOUND = 8
"""Of an order to what Novita does not show people hear late: either it is gone, or it shows up soon."""


class OrderSender:
    """Sends the orders that are on records. Novita's yes ends none: that a look at the instance does."""

    def __init__(self, novita: Novita, records: Records, unit_of_work: UnitOfWork, clock: Clock, past: Past) -> None:
        self._novita = novita
        self._records = records
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._past = past

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
            instance, is_to_be_sent = await self._made_ready(instance, order, novita_id)
            if not is_to_be_sent:
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
        return await self._unit_of_work.update(instance, lambda i: transitions.order_taken(i, order, self._clock.now()))

    async def _made_ready(self, instance: Instance, order: Order, novita_id: str) -> tuple[Instance, bool]:
        """Whether this process is to send it now. Raises NovitaError where a look is needed first and fails."""
        if order.posted_at is not None or order.last_try_at is not None or order.in_doubt:
            instance = await self._looked_at(instance, novita_id)
        now = self._clock.now()
        if not order.is_same(instance.order):
            return instance, False
        if order.in_doubt and not runs.is_still_meant(order, instance):
            return await self._dropped(instance, order), False
        if order_timing.is_outdated(order, now):
            return await self._failed(instance, order, _outdated(order, now), is_final=True), False
        return await self._set_out(instance)

    async def see_to(self, instance: Instance) -> None:
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
            await self._unit_of_work.update(instance, lambda i: transitions.order_stuck(i, now))

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

    async def _looked_at(self, instance: Instance, novita_id: str) -> Instance:
        """As Novita shows it now. Raises NovitaError where that must be known: what begins a bill, or may be over."""
        order = instance.order
        try:
            novita = await self._novita.instance(novita_id)
        except NovitaError:
            if order is None or order.in_doubt or not order.verb.is_ending:
                raise
            return instance
        return await self._unit_of_work.update(instance, lambda i: transitions.observed(i, novita, self._clock.now()))

    async def _set_out(self, instance: Instance) -> tuple[Instance, bool]:
        """Notes that its order is being sent; and whether it is this process that is to send it.

        Not when the store turns out to have been put back: then it is looked into first.
        """
        order, done = instance.order, list[bool]()

        def set_out(newest: Instance) -> transitions.TransitionResult | None:
            changed = transitions.order_posted(newest, order, self._clock.now()) if order is not None else None
            done.append(changed is not None)
            return changed

        written = await self._unit_of_work.update(instance, set_out)
        if not done[-1]:
            return written, False
        await self._past.doubt_if_gone_back()
        newest = await self._records.get(instance.id) or written
        return newest, newest.order is not None and newest.order == written.order

    async def _dropped(self, instance: Instance, order: Order) -> Instance:
        """It stood on a record that was put back to an older state, and may have been over by then."""
        why = Failure(kind=FailureKind.STORE, reason=order_timing.OUTDATED, message=_PUT_BACK)
        now = self._clock.now()
        return await self._unit_of_work.update(instance, lambda i: transitions.order_dropped(i, order, why, now))

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
            instance = await self._unit_of_work.update(
                instance, lambda i: transitions.observed(i, novita, self._clock.now())
            )
            if not order.is_same(instance.order):
                return instance
            if transitions.STATUSES.get(novita.status) is transitions.ON_THE_WAY[order.verb]:
                now = self._clock.now()
                return await self._unit_of_work.update(instance, lambda i: transitions.order_under_way(i, order, now))
        failure = Failure(kind=error.kind, reason=error.reason, message=error.message)
        return await self._failed(instance, order, failure, is_final=not order.verb.is_ending)

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

        return await self._unit_of_work.update(instance, fail)


def _no_effect(order: Order) -> Failure:
    message = f"Novita took the {order.verb.value} {order.taken} times, and it still does not run."
    return Failure(kind=FailureKind.OTHER, reason="NO_EFFECT", message=message)


def _outdated(order: Order, now: datetime) -> Failure:
    waited = duration_words(timedelta(minutes=round((now - order.at) / timedelta(minutes=1))))
    message = f"The bot could not see to it for {waited}, so it does not {order.verb.value} it any more."
    return Failure(kind=FailureKind.OTHER, reason=order_timing.OUTDATED, message=message)
