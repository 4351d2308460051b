"""The headline card of an instance: one message, drawn anew from the record at each change (design.md 5)."""

from __future__ import annotations

from datetime import datetime

from bot import words
from bot.views import blocks as b
from bot.views import buttons, states
from bot.views.attempts import attempt_words, refusals
from bot.views.blocks import Message
from bot.views.endpoints import endpoint_lines
from bot.views.failures import CONSOLE_LINK, fault_lines, what_to_do
from bot.views.text import clip, code, countdown, date, esc, fit_lines, link, mention
from core import costs
from core.durations import duration_words
from core.models import Instance, Order, Status
from core.transitions import GIVE_UP_AFTER, can_wait, verb_at_end


def card(instance: Instance, now: datetime) -> Message:
    """The card as it stands now. The owner is named in it, which notifies nobody when a message is edited."""
    state = _state(instance, now)
    headline = f"{states.emoji(instance)} *{esc(instance.request.name, 100)}* {state}"
    blocks = [b.section(text) for text in (headline, _spot_notice(instance), _order(instance)) if text]
    blocks.append(b.fields(_facts(instance, now)))
    blocks += [b.section(text) for text in (_endpoints(instance), _trouble(instance), _standstill(instance)) if text]
    return Message(_summary(instance), [*blocks, *buttons.rows(instance, now), b.context(_footer(instance))])


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
    billing = words.BILLING_WORDS[instance.request.billing_mode]
    amount = instance.hourly_price
    return billing if amount is None else f"{words.money(amount)}/h, {billing}"


def place(instance: Instance) -> str:
    """`AS-SGP-02 (Singapore)`, as mrkdwn."""
    if instance.offer is None:
        return esc(instance.request.region or "any region", 60)
    region = instance.offer.region
    return f"{esc(region.name, 60)} ({esc(region.place, 60)})" if region.place else esc(region.name, 60)


def lease(instance: Instance) -> str:
    """When it ends and what happens then, as mrkdwn."""
    then = f"then {words.END_WORDS[instance.lease_end]}"
    if instance.lease_ends_at:
        return f"until {date(instance.lease_ends_at)}, {then}"
    if instance.request.lease is None:
        return "no end"
    length = duration_words(instance.request.lease)
    if instance.has_ended:
        return length
    begin = "counted anew from the next start" if instance.status is Status.STOPPED else "counted from running"
    return f"{length}, {begin}, {then}"


def kept_data(instance: Instance) -> str:
    """What a stopped instance still costs, and how long its data is kept, as mrkdwn."""
    until = f"until {date(instance.data_until)}" if instance.data_until else words.DATA_KEPT
    return (
        f"Its GPU is no longer billed. {buttons.disk_cost(instance)} Novita keeps the data {until}; "
        "a start may find no free GPU."
    )


def _who_asked(instance: Instance, order: Order) -> str:
    """`@bo asked`, or why the bot does it by itself."""
    return f"{mention(order.actor.user)} asked" if order.actor else by_itself(instance)


def by_itself(instance: Instance) -> str:
    """Why the bot stops or deletes it although nobody has asked for that."""
    return "its lease is over" if instance.start_ends_at is None else "it has not come up for so long"


def _state(instance: Instance, now: datetime) -> str:
    """The rest of the headline after the name."""
    if instance.is_launching:
        return _launching(instance)
    if states.shows_strange_state(instance):
        return f"is {states.state(instance)}"
    if instance.status in (Status.CREATING, Status.STARTING):
        return _starting(instance, now)
    if instance.status is Status.RUNNING and instance.running_at:
        return f"is running since {date(instance.running_at)}"
    if instance.status is Status.STOPPED and instance.stopped_at:
        return f"is stopped since {date(instance.stopped_at)}"
    if instance.status is Status.FAILED:
        return "was not created" if instance.novita_id is None else "failed"
    ended = f" since {date(instance.ended_at)}" if instance.ended_at and instance.has_ended else ""
    return f"is {words.STATUS_WORDS[instance.status]}{ended}"


def _launching(instance: Instance) -> str:
    if instance.in_doubt_since:
        return (
            f"may or may not have been made; the bot looks for it until {date(instance.in_doubt_since + GIVE_UP_AFTER)}"
        )
    return f"is being created in {place(instance)}"


def _starting(instance: Instance, now: datetime) -> str:
    ready = instance.estimated_ready_at
    if instance.slow_notices:
        since = instance.starting_since or instance.launched_at
        began = f" since {date(since)}" if since else ""
        return f"takes longer than usual to start{began}{_novita_says(instance)}"
    soon = f", running about {date(ready)}" if ready and ready > now else ""
    return f"is starting{_novita_says(instance)}{soon}"


def _novita_says(instance: Instance) -> str:
    return f" (Novita says {code(instance.novita_status, 40)})" if instance.novita_status else ""


def _spot_notice(instance: Instance) -> str:
    """That Novita takes the GPU back, until it has."""
    if not instance.spot_noticed or instance.status not in (Status.RUNNING, Status.STARTING):
        return ""
    when = countdown(instance.spot_reclaim_at) if instance.spot_reclaim_at else "soon (it does not say when)"
    return f"⚠️ *Novita takes this spot instance back: {when}.* Save what you need from it before that."


def _order(instance: Instance) -> str:
    """What the bot has asked of Novita and not seen done."""
    order = instance.order
    if order is None:
        return ""
    told = f"⏳ To be {words.VERB_DONE[order.verb]}: {_who_asked(instance, order)}, {date(order.at)}."
    if not order.trouble:
        return told
    times = "once" if order.sent == 1 else f"{order.sent} times"
    return f"{told} Tried {times} without success, and it goes on: “{esc(order.trouble, 120)}”"


def _standstill(instance: Instance) -> str:
    return kept_data(instance) if instance.status is Status.STOPPED else ""


def _facts(instance: Instance, now: datetime) -> dict[str, str]:
    return {
        "Owner": mention(instance.owner.user),
        "GPU": what(instance),
        **_terms(instance, now),
        "Disk": words.disk(instance.request.rootfs_size),
        "Template": _template(instance),
        **({"Novita id": code(instance.novita_id, 80)} if instance.novita_id else {}),
    }


def _template(instance: Instance) -> str:
    return esc(instance.template_name, 60) if instance.template_name else code(instance.request.template_id, 80)


def _terms(instance: Instance, now: datetime) -> dict[str, str]:
    """Where and for how much; a launch that failed is nowhere and costs nothing."""
    if instance.status is Status.FAILED and instance.novita_id is None:
        return {"Billing": words.BILLING_WORDS[instance.request.billing_mode]}
    terms = {"Where": place(instance), "Price": price(instance), "Lease": lease(instance)}
    return terms | ({"Cost so far": _cost(instance, now)} if instance.billed else {})


def _cost(instance: Instance, now: datetime) -> str:
    """Compute as the bot saw it; the hour matters while the meter runs, as a card is not edited each minute."""
    usd = f"≈ {words.spent(costs.so_far(instance, now))}"
    return f"{usd} by {date(now)}" if costs.is_billed(instance) else usd


def _endpoints(instance: Instance) -> str:
    return endpoint_lines(instance.endpoints) if instance.status is Status.RUNNING else ""


def _trouble(instance: Instance) -> str:
    """Why it failed, or what stood in the way so far."""
    if can_wait(instance) and instance.start_ends_at:
        then = words.VERB_DONE[verb_at_end(instance)]
        return f"⏰ *It does not come up: it is {then} at {date(instance.start_ends_at)} unless you let it go on.*"
    if instance.status is Status.FAILED and instance.failure:
        explanation, then = words.explain(instance.failure)
        return f"{esc(explanation)}\n{what_to_do(then)}"
    if instance.fault:
        return fault_lines(instance.fault)
    if instance.is_launching and (refused := refusals(instance.attempts)):
        return fit_lines([f"• {attempt_words(attempt)}" for attempt in refused], limit=1500, wire_limit=4000)
    return ""


def _footer(instance: Instance) -> str:
    parts = [f"Name at Novita {code(instance.novita_name, 120)}", f"asked for {date(instance.created_at)}"]
    if instance.env_names:
        parts.append(f"{len(instance.env_names)} variable{'s' if len(instance.env_names) > 1 else ''} set")
    return " · ".join([*parts, CONSOLE_LINK])


def _summary(instance: Instance) -> str:
    """What a notification shows."""
    status = states.state(instance)
    where = f" in {clip(instance.offer.region.name, 60)}" if instance.offer else ""
    request = instance.request
    return esc(f"{request.name}: {status}, {request.gpu_num} × {clip(request.product_name, 80)}{where}", 400)
