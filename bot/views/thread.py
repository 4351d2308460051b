"""The replies in an instance's thread, one for each event worth reading, and the word in private without a thread."""

from __future__ import annotations

from bot import words
from bot.views import blocks as b
from bot.views.attempts import attempt_lines, refusals
from bot.views.blocks import Message
from bot.views.card import CONSOLE_LINK, lease, place, price, what
from bot.views.endpoints import endpoint_lines
from bot.views.modal.outcome import cost_of_failure
from bot.views.text import Block, channel_mention, code, date, esc, mention
from core.events import (
    AnswerLost,
    Event,
    InstanceCreated,
    InstanceDeleted,
    InstanceFailed,
    InstanceRequested,
    InstanceRunning,
    InstanceSlow,
    InstanceStopped,
    LaunchInterrupted,
    PhaseChanged,
    RegionRefused,
    WebhookGivenUp,
)
from core.models import BillingMode, Failure, Instance
from core.transitions import GIVE_UP_AFTER

_WHY: dict[str, str] = {
    "not_in_channel": "the bot is not in it. Invite it there with `/invite`",
    "channel_not_found": "the bot cannot see it: it is private or gone. Invite it there with `/invite`",
    "is_archived": "it is archived. Choose another channel next time",
    "restricted_action": "posting there is restricted. Ask its owners, or choose another channel next time",
}


def reply(instance: Instance, event: Event) -> Message | None:
    """The reply for an event; None for what only the card shows. The owner is mentioned when it runs or has failed."""
    match event:
        case InstanceRequested() | RegionRefused() | PhaseChanged():
            return None
        case InstanceCreated():
            return _created(instance, found=event.found)
        case AnswerLost():
            return _in_doubt(instance, f"Novita's answer from {esc(event.attempt.region, 60)} was lost")
        case LaunchInterrupted():
            return _in_doubt(instance, "the bot was interrupted while it waited for Novita")
        case InstanceSlow():
            return _slow(instance, event)
        case InstanceRunning():
            return _running(instance, event)
        case InstanceFailed():
            return _failed(instance, event.failure)
        case InstanceStopped():
            return _stopped(instance)
        case WebhookGivenUp():
            sentence = f"{mention(instance.owner.user)} Its webhook is told nothing more: {esc(event.why, 200)}."
            return Message(sentence, [b.section(sentence)])
        case InstanceDeleted():
            return _message(instance, "⚪", "is deleted", "Novita no longer has it, so it is no longer billed.")


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


def _created(instance: Instance, *, found: bool) -> Message:
    how = "It was found at Novita under its name, after the answer had been lost.\n" if found else ""
    ready = instance.estimated_ready_at
    soon = f" Usually running by {date(ready)}." if ready and instance.running_at is None else ""
    detail = (
        f"{how}{what(instance)} in *{place(instance)}*, {price(instance)}. Billing begins with the image pull.{soon}"
    )
    tried = attempt_lines(instance.attempts) if refusals(instance.attempts) else ""
    return _message(instance, "✅", "is created", detail, f"Tried:\n{tried}" if tried else "")


def _in_doubt(instance: Instance, why: str) -> Message:
    until = f" until {date(instance.in_doubt_since + GIVE_UP_AFTER)}" if instance.in_doubt_since else ""
    name = code(instance.novita_name, 120)
    detail = f"The bot looks for it under its name {name}{until}. No second one is made meanwhile."
    return _message(instance, "❔", f"may or may not have been made: {why}", detail)


def _slow(instance: Instance, event: InstanceSlow) -> Message:
    detail = (
        f"Novita says {code(event.novita_status, 40)}. A large image takes long to pull, and the pull is billed: "
        f"{price(instance)}. If it should not go on, delete it in the {CONSOLE_LINK}."
    )
    return _message(instance, "🐢", f"is still not running after {event.minutes} min", detail)


def _running(instance: Instance, event: InstanceRunning) -> Message:
    ends = f" Lease: {lease(instance)}." if instance.request.lease else ""
    detail = f"{mention(instance.owner.user)} {what(instance)} in {place(instance)}, {price(instance)}.{ends}"
    login = f"The SSH command and its password are in the {CONSOLE_LINK}; a program may take a while to answer."
    return _message(instance, "🟢", "is running", detail, endpoint_lines(event.endpoints), login)


def _failed(instance: Instance, failure: Failure) -> Message:
    state = "was not created" if instance.novita_id is None else "failed"
    explanation, then = words.explain(failure)
    said = words.novitas_words(failure)
    quoted = f"\n> {esc(said, 300)}" if said else ""
    detail = f"{mention(instance.owner.user)} {esc(explanation)}{quoted}\n*What to do:* {esc(then)}"
    tried = attempt_lines(instance.attempts) if instance.novita_id is None else ""
    return _message(instance, "🔴", state, detail, f"Tried:\n{tried}" if tried else "", cost_of_failure(instance))


def _stopped(instance: Instance) -> Message:
    reclaimed = (
        " If nobody stopped it, Novita has probably taken it back, as spot allows."
        if instance.request.billing_mode is BillingMode.SPOT
        else ""
    )
    detail = (
        f"Novita says it has exited.{reclaimed} The GPU is no longer billed, a large disk still may be. Novita keeps "
        f"the data at most 7 days, and a restart may find no free GPU: see the {CONSOLE_LINK}."
    )
    return _message(instance, "⏸️", "is stopped", detail)


def _message(instance: Instance, emoji: str, state: str, *details: str) -> Message:
    """A reply: what happened in bold, then the details, each in a block of its own."""
    headline = f"{emoji} *{esc(instance.request.name, 100)}* {state}."
    first, *rest = [detail for detail in details if detail]
    blocks: list[Block] = [b.section(f"{headline}\n{first}"), *(b.section(detail) for detail in rest)]
    return Message(headline, blocks)
