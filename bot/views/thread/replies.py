"""Which events get a reply in an instance's thread, and which reply."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from bot.views.blocks import Message
from bot.views.thread import launching, living, owning, reporting
from core import events
from core.events import Event
from core.models import Instance

_REPLIES: dict[type[Event], Callable[[Instance, Any], Message]] = {
    events.InstanceCreated: launching.created,
    events.AnswerLost: launching.answer_lost,
    events.LaunchInterrupted: launching.interrupted,
    events.InstanceSlow: launching.slow,
    events.StartQuestioned: launching.questioned,
    events.InstanceRunning: launching.running,
    events.InstanceFailed: launching.failed,
    events.InstanceFault: living.fault,
    events.OrderGiven: living.order_given,
    events.InstanceStopped: living.stopped,
    events.InstanceDeleted: living.deleted,
    events.InstanceBack: living.back,
    events.NotTended: living.not_tended,
    events.SpotNotice: living.spot_notice,
    events.LeaseReminder: living.lease_reminder,
    events.LeaseExtended: living.lease_extended,
    events.LeaseQuestioned: owning.lease_questioned,
    events.OwnerAssigned: owning.owner_assigned,
    events.DiskReminder: living.disk_reminder,
    events.WebhookGivenUp: living.webhook_given_up,
    events.MachineReported: reporting.reported,
    events.ReportsLeftOut: reporting.left_out,
}
"""What is not here is only on the card; an order that failed or stands is told below."""


def reply(instance: Instance, event: Event, *, admins: Sequence[str] = ()) -> Message | None:
    """The reply for an event; None for what only the card shows.

    It mentions, and so calls, those who need to know or to do something; `admins` where money runs on against a wish.
    """
    if isinstance(event, events.OrderFailed):
        return living.order_failed(instance, event, admins)
    if isinstance(event, events.OrderStuck):
        return living.order_stuck(instance, event, admins)
    draw = _REPLIES.get(type(event))
    return None if draw is None else draw(instance, event)
