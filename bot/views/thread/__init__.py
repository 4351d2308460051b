"""The replies in an instance's thread, one for each event worth reading, and the word in private without a thread."""

from __future__ import annotations

from collections.abc import Sequence

from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.text import call, channel_mention, code, esc, mention
from bot.views.thread import launching, living, reporting
from core.events import (
    AnswerLost,
    DiskReminder,
    Event,
    InstanceCreated,
    InstanceDeleted,
    InstanceFailed,
    InstanceRunning,
    InstanceSlow,
    InstanceStopped,
    LaunchInterrupted,
    LeaseExtended,
    LeaseReminder,
    MachineReported,
    OrderFailed,
    OrderGiven,
    ReportsLeftOut,
    SpotNotice,
    WebhookGivenUp,
)
from core.models import Instance

__all__ = ["private_notice", "reply"]

_WHY: dict[str, str] = {
    "not_in_channel": "the bot is not in it. Invite it there with `/invite`",
    "channel_not_found": "the bot cannot see it: it is private or gone. Invite it there with `/invite`",
    "is_archived": "it is archived. Choose another channel next time",
    "restricted_action": "posting there is restricted. Ask its owners, or choose another channel next time",
}


def reply(instance: Instance, event: Event, *, admins: Sequence[str] = ()) -> Message | None:
    """The reply for an event; None for what only the card shows.

    It mentions, and so calls, those who need to know or to do something; `admins` where money runs on against a wish.
    """
    return (
        _machine(instance, event)
        or _launch(instance, event)
        or _life(instance, event)
        or _order(instance, event, admins)
    )


def _launch(instance: Instance, event: Event) -> Message | None:
    match event:
        case InstanceCreated():
            return launching.created(instance, found=event.found)
        case AnswerLost():
            return launching.in_doubt(instance, f"Novita's answer from {esc(event.attempt.region, 60)} was lost")
        case LaunchInterrupted():
            return launching.in_doubt(instance, "the bot was interrupted while it waited for Novita")
        case InstanceSlow():
            return launching.slow(instance, event)
        case InstanceRunning():
            return launching.running(instance, event)
        case InstanceFailed():
            return launching.failed(instance, event)
    return None


def _life(instance: Instance, event: Event) -> Message | None:
    match event:
        case InstanceStopped():
            return living.stopped(instance, event)
        case InstanceDeleted():
            return living.deleted(instance, event)
        case SpotNotice():
            return living.spot_notice(instance, event)
        case LeaseReminder():
            return living.lease_reminder(instance, event)
        case LeaseExtended():
            return living.lease_extended(instance, event)
        case DiskReminder():
            return living.disk_reminder(instance, event)
        case WebhookGivenUp():
            sentence = f"{call(instance.owner.user)}Its webhook is told nothing more: {esc(event.why, 200)}."
            return Message(sentence, [b.section(sentence)])
    return None


def _machine(instance: Instance, event: Event) -> Message | None:
    match event:
        case MachineReported():
            return reporting.reported(instance, event)
        case ReportsLeftOut():
            return reporting.left_out(instance, event)
    return None


def _order(instance: Instance, event: Event, admins: Sequence[str]) -> Message | None:
    match event:
        case OrderGiven():
            return living.order_given(instance, event)
        case OrderFailed():
            return living.order_failed(instance, event, admins)
    return None


def private_notice(instance: Instance, why: str, bot_user: str) -> Message:
    """For the owner, when the channel takes no message. `why` is Slack's error, `bot_user` the bot's own user id."""
    channel = channel_mention(instance.request.channel) if instance.request.channel else "its channel"
    known = next((words_ for error, words_ in _WHY.items() if why.startswith(error)), f"Slack answers {code(why, 60)}")
    invited = known.replace("`/invite`", f"`/invite` {mention(bot_user)}")
    text = (
        f"The story of *{esc(instance.request.name, 100)}* cannot be told in {channel}: {invited}. "
        "The create goes on; you will hear about it here."
    )
    return Message(text, [b.section(text)])
