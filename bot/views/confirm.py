"""What a complete one-liner is answered with: what would be created, for how much, and one button to do it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot import wording
from bot.slack.ids import Action
from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.modal.price import extra_disk, hour, route, sold_out, total
from bot.views.text import Block, channel_mention, date, esc, mention
from bot.wording.channels import silent_channel
from core.domain import costs
from core.domain.attempt import FailureKind
from core.domain.durations import duration_words
from core.domain.instance import TYPICAL_TIME_TO_RUNNING, Instance
from core.domain.market import Offer, Stock
from core.domain.request import InstanceRequest
from core.domain.validation import unlisted_words

_VALUE_LIMIT = 2000
_LOST = (
    "Novita may have made the first one after all. Look for its name in the Novita console before you create it again."
)


def create_confirmation(
    request: InstanceRequest,
    offers: Sequence[Offer],
    *,
    line: str,
    template_name: str,
    now: datetime,
    unlisted: str | None = None,
    obstacle: str = "",
    taken: str = "",
) -> Message:
    """`offers` are ranked as the create would try them; without any there is nothing to confirm, only to change.

    `unlisted` is the region wished for, if Novita does not list it.

    `taken` is the name that was asked for, if another instance has it.

    `obstacle` is Slack's word for what keeps the bot from writing in the request's channel.

    `line` travels in the buttons, and is read again when one is clicked.
    """
    gpu = f"{request.gpu_num} × {esc(request.product_name, 80)}, {wording.BILLING_WORDS[request.billing_mode]}"
    title = f"Create *{esc(request.name, 100)}*: {gpu}?"
    blocks = [b.section(title), b.fields(_facts(request, offers, template_name, now, unlisted))]
    if taken:
        blocks.append(
            b.context(f"{esc(taken, 100)} is the name of another instance, so this is {esc(request.name, 100)}.")
        )
    blocks += _untold(obstacle)
    if unlisted:
        blocks.append(b.section(esc(unlisted_words(unlisted), 200)))
    if not offers:
        blocks.append(b.section("⚠️ No region sells that right now. Change the GPU, the billing or the disk."))
    elif all(offer.stock is Stock.NONE for offer in offers):
        blocks.append(b.section("⚠️ Novita lists no stock right now; a create will still be tried everywhere."))
    return Message(title, [*blocks, _buttons(line, can_create=bool(offers))])


def again_confirmation(
    earlier: Instance,
    request: InstanceRequest,
    offers: Sequence[Offer],
    *,
    owner: str,
    now: datetime,
    obstacle: str = "",
) -> Message:
    """The same question before the same is created again: with today's price, and whose it will be.

    `offers` are today's, and one at least. The request has the name that it will go by. `obstacle` is Slack's word for
    what keeps the bot from writing in its channel.
    """
    gpu = f"{request.gpu_num} × {esc(request.product_name, 80)}, {wording.BILLING_WORDS[request.billing_mode]}"
    called = "" if request.name == earlier.request.name else f" as *{esc(request.name, 100)}*"
    title = f"Create *{esc(earlier.request.name, 100)}* again{called}: {gpu}?"
    facts = {"Owner": f"{mention(owner)}, as you ask for it"} | _facts(
        request, offers, earlier.intent.template_name, now, None
    )
    blocks = [b.section(title), b.fields(facts)]
    if earlier.failure is not None and earlier.failure.kind is FailureKind.LOST:
        blocks.append(b.section(f"⚠️ {_LOST}"))
    blocks += _untold(obstacle)
    if all(offer.stock is Stock.NONE for offer in offers):
        blocks.append(b.section("⚠️ Novita lists no stock right now; a create will still be tried everywhere."))
    value = f"{request.billing_mode.value} {earlier.id}"
    create = b.button(Action.AGAIN_CONFIRM, "Create", value=value, style="primary")
    return Message(title, [*blocks, b.actions(create, b.button(Action.AGAIN_EDIT, "Change something", value=value))])


def _untold(obstacle: str) -> list[Block]:
    if not obstacle:
        return []
    return [b.section(f"⚠️ {esc(silent_channel(obstacle), 300)} You would hear of it in direct messages.")]


def _facts(
    request: InstanceRequest, offers: Sequence[Offer], template_name: str, now: datetime, unlisted: str | None
) -> dict[str, str]:
    facts = {"Template": esc(template_name or request.template_id, 80), "Disk": wording.disk(request)}
    if offers:
        facts |= {
            "Price": price_facts(request, offers),
            "Where": "\n".join(filter(None, (_where(request, offers, unlisted), sold_out(offers)))),
        }
    facts["Lease"] = _lease(request, now)
    return facts | ({"Told in": channel_mention(request.channel)} if request.channel else {})


def price_facts(request: InstanceRequest, offers: Sequence[Offer]) -> str:
    """The hour and the whole lease where it is tried first and at most, and what is behind the total."""
    quote = costs.quote(request, offers)
    whole = f"; {total(quote)} for {duration_words(request.lease)}" if request.lease is not None else ""
    return "\n".join(filter(None, (f"{hour(quote, offers)}{whole}", extra_disk(quote))))


def _where(request: InstanceRequest, offers: Sequence[Offer], unlisted: str | None) -> str:
    return f"{route(offers)}{'' if unlisted else _elsewhere(request, offers)}"


def _elsewhere(request: InstanceRequest, offers: Sequence[Offer]) -> str:
    is_sold = request.region is None or any(offer.region.name == request.region for offer in offers)
    return "" if is_sold else f" ({esc(request.region or '', 60)} does not sell it)"


def _lease(request: InstanceRequest, now: datetime) -> str:
    if request.lease is None:
        return "⚠️ no end: it runs, and is billed, until somebody stops it"
    until = date(now + TYPICAL_TIME_TO_RUNNING + request.lease)
    then = wording.END_WORDS[request.lease_end]
    return f"{duration_words(request.lease)} from running (until about {until}), then {then}"


def _buttons(line: str, *, can_create: bool) -> Block:
    """A line that no button can carry leads to the empty form."""
    if not 0 < len(line) <= _VALUE_LIMIT:
        return b.actions(b.button(Action.CREATE, "Open the form", style="primary"))
    edit = b.button(Action.EDIT_CREATE, "Change something", value=line)
    create = b.button(Action.CONFIRM_CREATE, "Create", value=line, style="primary")
    return b.actions(*([create] if can_create else []), edit)
