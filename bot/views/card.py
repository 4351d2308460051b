"""The headline card of an instance: one message, drawn anew from the record at each change."""

from __future__ import annotations

from datetime import datetime

from bot import wording
from bot.slack.ids import Action
from bot.views import blocks as b
from bot.views import buttons, states
from bot.views.attempts import attempt_words, refusals
from bot.views.blocks import Message
from bot.views.causes import wants
from bot.views.endpoints import endpoint_lines
from bot.views.failures import fault_lines, was_never_made, what_to_do
from bot.views.text import Block, countdown, date, esc, fit_lines, link, mention
from core.domain import costs, leases
from core.domain.durations import duration_words
from core.domain.instance import Instance, Status
from core.domain.transitions import GIVE_UP_AFTER, can_wait, shows_strange_state, verb_at_end


def card(instance: Instance, now: datetime) -> Message:
    """The card as it stands now: whose, what, where, until when, for how much; `Details` has the rest.

    The owner is named in it, which notifies nobody when a message is edited.
    """
    facts = b.section(_facts(instance, now), accessory=buttons.button(instance, Action.STATUS))
    blocks = [*head(instance, now), facts, *tail(instance)]
    return Message(summary(instance), [*blocks, *buttons.rows(instance, now), *_when(instance)])


def retired_card(instance: Instance, address: str | None) -> Message:
    """What stands in the place of a card that is not kept up to date any more, without buttons."""
    where = link(address, "its other card") if address else "its other card"
    text = f"⚪ *{esc(instance.request.name, 100)}*: this card is not kept up to date. Its story goes on under {where}."
    return Message(text, [b.section(text)])


def what(instance: Instance) -> str:
    """`2 × RTX 4090 24GB`, as mrkdwn."""
    return f"{instance.request.gpu_num} × {esc(instance.request.product_name, 80)}"


def price(instance: Instance) -> str:
    """`$0.36/h, spot`, as mrkdwn; without a price while none is known."""
    billing = wording.BILLING_WORDS[instance.request.billing_mode]
    amount = instance.hourly_price
    return billing if amount is None else f"{wording.money(amount)}/h, {billing}"


def place(instance: Instance) -> str:
    """`AS-SGP-02 (Singapore)`, as mrkdwn."""
    if instance.launch.offer is None:
        return esc(instance.request.region or "any region", 60)
    region = instance.launch.offer.region
    return f"{esc(region.name, 60)} ({esc(region.place, 60)})" if region.place else esc(region.name, 60)


def lease(instance: Instance) -> str:
    """When it ends and what happens then, as mrkdwn."""
    then = f"then {wording.END_WORDS[instance.after_lease]}"
    if instance.lease.ends_at:
        return f"until {date(instance.lease.ends_at)}, {then}"
    if instance.request.lease is None:
        return "no end"
    length = duration_words(instance.request.lease)
    if instance.has_ended:
        return length
    begin = "counted anew from the next start" if instance.status is Status.STOPPED else "counted from running"
    return f"{length}, {begin}, {then}"


def kept_data(instance: Instance) -> str:
    """What a stopped instance still costs, and how long its data is kept, as mrkdwn."""
    until = f"until {date(instance.standstill.data_until)}" if instance.standstill.data_until else wording.DATA_KEPT
    return (
        f"Its GPU is no longer billed. {buttons.disk_cost(instance)} Novita keeps the data {until}; "
        "a start may find no free GPU."
    )


def head(instance: Instance, now: datetime) -> list[Block]:
    """What state it is in, and what is about to happen to it."""
    headline = f"{states.emoji(instance)} *{esc(instance.request.name, 100)}* {_state(instance, now)}"
    return [b.section(text) for text in (headline, _spot_notice(instance), _order(instance)) if text]


def tail(instance: Instance) -> list[Block]:
    """Where it answers, what is wrong with it, and what a stopped one still costs."""
    return [b.section(text) for text in (_endpoints(instance), _trouble(instance), _standstill(instance)) if text]


def _state(instance: Instance, now: datetime) -> str:
    """The rest of the headline after the name."""
    if instance.is_launching:
        return _launching(instance)
    if instance.status is Status.STARTING and not shows_strange_state(instance):
        return _starting(instance, now)
    if instance.status is Status.FAILED:
        failed = "was not created" if instance.remote.id is None else "failed"
        return f"{failed}: {cause}" if (cause := states.cause(instance)) else failed
    return f"is {states.state(instance)}"


def _launching(instance: Instance) -> str:
    if (since := instance.launch.in_doubt_since) is not None:
        return f"may or may not have been made; the bot looks for it until {date(since + GIVE_UP_AFTER)}"
    return f"is being created in {place(instance)}"


def _starting(instance: Instance, now: datetime) -> str:
    state, ready = states.state(instance), instance.estimated_ready_at
    if instance.startup.notices:
        since = instance.startup.since or instance.launch.accepted_at
        began = f"; it began {date(since)}" if since else ""
        return f"is {state}, and takes longer than usual{began}"
    soon = f"; it should be running {date(ready)}" if ready and ready > now else ""
    return f"is {state}{soon}"


def _spot_notice(instance: Instance) -> str:
    """That Novita takes the GPU back, until it has."""
    if not instance.spot.noticed or instance.status not in (Status.RUNNING, Status.STARTING):
        return ""
    when = countdown(instance.spot.reclaim_at) if instance.spot.reclaim_at else "soon (it does not say when)"
    return f"⚠️ *Novita takes this spot instance back: {when}.* Save what you need from it before that."


def _order(instance: Instance) -> str:
    """What the bot has asked of Novita and not seen done."""
    order = instance.order
    if order is None:
        return ""
    told = f"⏳ To be {wording.VERB_DONE[order.verb]}: {wants(order.cause, order.actor)}, {date(order.at)}."
    if not order.trouble:
        return told
    times = "once" if order.sent == 1 else f"{order.sent} times"
    return f"{told} Tried {times} without success, and it goes on: “{esc(order.trouble, 120)}”"


def _standstill(instance: Instance) -> str:
    return kept_data(instance) if instance.status is Status.STOPPED else ""


def _facts(instance: Instance, now: datetime) -> str:
    """Two lines: whose, what and where; until when and for how much. A launch that failed is nowhere, for nothing."""
    who = [mention(instance.owner.user), what(instance)]
    if was_never_made(instance):
        return " · ".join([*who, wording.BILLING_WORDS[instance.request.billing_mode]])
    until = [] if instance.status is Status.FAILED and instance.startup.ends_at is None else [lease(instance)]
    terms = [*until, price(instance), *([cost(instance, now, " so far")] if instance.billed else [])]
    return f"{' · '.join([*who, place(instance)])}\n{' · '.join(terms)}"


def cost(instance: Instance, now: datetime, so_far: str = "") -> str:
    """Compute and disk as the bot saw it; the hour matters while it grows, as a card is not edited each minute."""
    usd = f"{wording.roughly(costs.so_far(instance, now))}{so_far}"
    return f"{usd} ({date(now)})" if costs.is_counting(instance) else usd


def _endpoints(instance: Instance) -> str:
    return endpoint_lines(instance.remote.endpoints) if instance.status is Status.RUNNING else ""


def _trouble(instance: Instance) -> str:
    """Why it failed, or what stood in the way so far."""
    if instance.unreadable is not None:
        return f"⚠️ {esc(instance.unreadable.words)} {_end_as_read(instance)}"
    if can_wait(instance) and instance.startup.ends_at:
        then = wording.VERB_DONE[verb_at_end(instance)]
        return f"⏰ *It does not come up: it is {then} at {date(instance.startup.ends_at)} unless you let it go on.*"
    if instance.status is Status.FAILED and instance.failure:
        explanation, then = wording.explain(instance.failure)
        is_said = was_never_made(instance) and states.cause(instance)
        return what_to_do(then) if is_said else f"{esc(explanation)}\n{what_to_do(then)}"
    if instance.faults.present:
        return fault_lines(instance.faults.present)
    if instance.is_launching and (refused := refusals(instance.launch.attempts)):
        return fit_lines([f"• {attempt_words(attempt)}" for attempt in refused], limit=1500, wire_limit=4000)
    return ""


def _end_as_read(instance: Instance) -> str:
    ends_at = leases.end_as_read(instance)
    if ends_at is None:
        return "Until when it may run is not known: watch it in the Novita console."
    return f"It is stopped {date(ends_at)} all the same, and never deleted."


def _when(instance: Instance) -> list[Block]:
    """Since when it is as the card says."""
    when = _change(instance)
    return [b.context(f"{when[0]} {date(when[1])}")] if when else []


def _change(instance: Instance) -> tuple[str, datetime] | None:
    if instance.ended_at and instance.has_ended:
        return "Ended", instance.ended_at
    if instance.status is Status.RUNNING and instance.running_at:
        return "Came up", instance.running_at
    if instance.status is Status.STOPPED and instance.standstill.since:
        return "Stopped", instance.standstill.since
    return "Asked for", instance.created_at


def summary(instance: Instance) -> str:
    """What a notification shows, as mrkdwn."""
    request, offer = instance.request, None if was_never_made(instance) else instance.launch.offer
    where = f" in {esc(offer.region.name, 60)}" if offer else ""
    about = f"{request.gpu_num} × {esc(request.product_name, 80)}{where}"
    return f"{esc(request.name, 100)}: {states.state(instance)}, {about}"
