"""What falls due by itself: reminders, the ends of leases and of starts that never come up, orders left undone."""

from __future__ import annotations

from datetime import datetime

from core.domain import leases, transitions
from core.domain.base import Cause
from core.domain.clock import Clock
from core.domain.instance import Instance
from core.domain.order import Order, Verb
from core.domain.request import LeaseEnd
from core.services.alarms import AlarmKind, Alarms
from core.services.care import Care
from core.services.clock_agreement import Witness
from core.services.lifecycle.ports import Past, Records
from core.services.lifecycle.sender import OrderSender
from core.services.lifecycle.unread import UnreadEnds
from core.services.outbox import UnitOfWork


class DueWork:
    """What a worker does at each look because of the time, and because of what another process left undone."""

    def __init__(
        self,
        records: Records,
        unit_of_work: UnitOfWork,
        clock: Clock,
        witness: Witness,
        alarms: Alarms,
        past: Past,
        sender: OrderSender,
        unread: UnreadEnds,
    ) -> None:
        self._records = records
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._witness = witness
        self._alarms = alarms
        self._past = past
        self._sender = sender
        self._unread = unread
        self._care = Care("tend", records, unit_of_work, alarms, clock)

    async def run(self) -> None:
        """For a worker, each look: reminders, leases that are over, orders that are not carried out yet.

        What nobody asks for but the time is done only while a second clock agrees, and by records that are the newest:
        also when they were put back while the clocks were asked.
        """
        live = await self._records.live()
        is_end_due = any(self._is_end_due(each) for each in live)
        is_time_right = await self._witness.agrees(anew=is_end_due)
        await self._past.doubt_if_gone_back()
        if is_end_due:
            live = await self._records.live()

        async def tend(instance: Instance) -> None:
            if instance.unreadable is not None:
                if is_time_right:
                    await self._unread.see_to(instance)
                return
            if is_time_right:
                instance = await self._do_what_is_due(instance)
            await self._sender.see_to(instance)

        try:
            await self._care.of_each({each.id: each for each in live}, tend)
        finally:
            read = [each for each in live if each.unreadable is None]
            stuck = {each.id: _stuck_facts(each) for each in read if each.order is not None and each.order.is_stuck}
            await self._alarms.settle(AlarmKind.ORDER_STUCK, stuck)

    async def _do_what_is_due(self, instance: Instance) -> Instance:
        """What the bot does by itself: everything that nobody ordered goes through here."""
        now = self._clock.now()
        instance = await self._unit_of_work.update(instance, lambda i: transitions.redated(i, now))
        if (minutes := leases.reminder_due(instance, now)) is not None:
            instance = await self._unit_of_work.update(instance, lambda i: transitions.reminded(i, minutes, now))
        if (weeks := leases.disk_reminder_due(instance, now)) is not None:
            instance = await self._unit_of_work.update(instance, lambda i: transitions.disk_reminded(i, weeks, now))
        instance = await self._unit_of_work.update(instance, self._lease_over)
        instance = await self._unit_of_work.update(instance, lambda i: transitions.questioned(i, now))
        return await self._unit_of_work.update(instance, lambda i: self._end_hung_startup(i, now))

    def _end_hung_startup(self, instance: Instance, now: datetime) -> transitions.TransitionResult | None:
        """What does not come up is billed, and nobody has let it go on."""
        if not transitions.is_startup_expired(instance, now):
            return None
        return transitions.ordered(instance, transitions.verb_at_end(instance), Cause.HUNG, now)

    def _lease_over(self, instance: Instance) -> transitions.TransitionResult | None:
        if not self._is_lease_over(instance):
            return None
        if instance.past_in_doubt:
            return transitions.asked_or_stopped(instance, self._clock.now())
        verb = Verb.DELETE if instance.after_lease is LeaseEnd.DELETE else Verb.STOP
        return transitions.ordered(instance, verb, Cause.LEASE, self._clock.now())

    def _is_end_due(self, instance: Instance) -> bool:
        """Whether it is to be stopped or deleted now although nobody has ordered that."""
        if instance.unreadable is not None:
            return self._unread.is_due(instance)
        return self._is_lease_over(instance) or transitions.is_startup_expired(instance, self._clock.now())

    def _is_lease_over(self, instance: Instance) -> bool:
        """Whether its lease is over and nothing has been done about it."""
        return leases.is_over(instance, self._clock.now()) and instance.order is None


def _stuck_facts(instance: Instance) -> dict[str, str]:
    order = instance.order
    asked = _order_facts(order) if order is not None else {}
    price = {"usd_per_hour": f"{instance.hourly_price:f}"} if instance.hourly_price is not None else {}
    return {"name": instance.request.name, "owner": instance.owner.user, **asked, **price}


def _order_facts(order: Order) -> dict[str, str]:
    return {"order": order.verb.value, "cause": order.cause.value, "given": f"{order.at:%Y-%m-%d %H:%M} UTC"}
