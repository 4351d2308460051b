"""Which events get a reply in an instance's thread, and which reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bot.views.blocks import Message
from bot.views.thread import launch, lifecycle, ownership, reports
from core.domain import events
from core.domain.events import Event
from core.domain.instance import Instance

_REPLIES: dict[type[Event], Callable[[Instance, Any], Message]] = {
    events.InstanceCreated: launch.created,
    events.AnswerLost: launch.answer_lost,
    events.LaunchInterrupted: launch.interrupted,
    events.InstanceSlow: launch.slow,
    events.StartQuestioned: launch.questioned,
    events.InstanceRunning: launch.running,
    events.InstanceFailed: launch.failed,
    events.InstanceFault: lifecycle.fault,
    events.OrderGiven: lifecycle.order_given,
    events.InstanceStopped: lifecycle.stopped,
    events.InstanceDeleted: lifecycle.deleted,
    events.InstanceBack: lifecycle.back,
    events.NotTended: lifecycle.not_tended,
    events.SpotNotice: lifecycle.spot_notice,
    events.LeaseReminder: lifecycle.lease_reminder,
    events.LeaseExtended: lifecycle.lease_extended,
    events.LeaseQuestioned: ownership.lease_questioned,
    events.OwnerAssigned: ownership.owner_assigned,
    events.DiskReminder: lifecycle.disk_reminder,
    events.WebhookGivenUp: lifecycle.webhook_given_up,
    events.MachineReported: reports.reported,
    events.ReportsLeftOut: reports.left_out,
}
"""What is not here is only on the card; an order that failed or stands is told below."""


def reply(instance: Instance, event: Event, *, admins: Sequence[str] = ()) -> Message | None:
    """The reply for an event; None for what only the card shows.

    It mentions, and so calls, those who need to know or to do something; `admins` where money runs on against a wish.
    """
    if isinstance(event, events.OrderFailed):
        return lifecycle.order_failed(instance, event, admins)
    if isinstance(event, events.OrderStuck):
        return lifecycle.order_stuck(instance, event, admins)
    draw = _REPLIES.get(type(event))
    return None if draw is None else draw(instance, event)
