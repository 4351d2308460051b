"""Draws the create modal from what is for sale and what has been typed so far: the GPU and its price on top."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from bot import wording
from bot.slack.ids import CHANNEL_ID, Action, Field, View
from bot.views import blocks as b
from bot.views.modal import options
from bot.views.modal.form import NOTE_LIMIT, Form, ModalContext
from bot.views.modal.price import price_blocks
from bot.views.text import Block, esc
from core.domain import costs
from core.domain.base import BillingMode
from core.domain.durations import duration_words
from core.domain.market import Market, Offer
from core.domain.offers import disk_limits
from core.domain.request import DISK_DEFAULT_GB, DISK_MAX_GB, DISK_MIN_GB, LeaseEnd
from core.domain.validation import Limits, allowed_lease, unlisted_region, unlisted_words


def create_view(
    form: Form,
    market: Market,
    offers: Sequence[Offer],
    *,
    limits: Limits,
    context: ModalContext,
    now: datetime,
    note: str | None = None,
) -> Block:
    """The whole modal. `offers` are those for `draft(form)`, ranked; none while no GPU is chosen.

    `note` is a plain line on top, such as what a one-liner did not say clearly; the modal keeps it when redrawn.
    A lease that is not allowed is shown, counted and said as the nearest one that is.
    """
    lease, instead = allowed_lease(form.lease, limits, no_end=form.no_end)
    form = replace(form, lease=lease, no_end=lease is None)
    if note or instead:
        context = context.noting(" ".join(filter(None, (note or context.note, instead))))
    context = context.model_copy(update={"advanced": context.advanced or bool(form.webhook_url)})
    return b.modal(
        View.CREATE,
        "Create a GPU instance",
        [
            *_note(context),
            _product(form, market),
            *price_blocks(form, market, offers, now),
            _template(form),
            _name(form, context),
            *_machine(form, market),
            *_terms(form, limits, context),
            _channel(form, context),
            *_advanced(form, context),
        ],
        close="Cancel",
        submit="Create",
        private_metadata=context.dump(),
    )


def disk_bounds(product_name: str | None, market: Market) -> tuple[int, int]:
    """The smallest and the largest disk in GB that the form takes. Novita's own bounds hold whatever a product says."""
    found = disk_limits(market.named(product_name)) if product_name else None
    low, high = found or (DISK_MIN_GB, DISK_MAX_GB)
    low = min(max(low, DISK_MIN_GB), DISK_MAX_GB)
    return low, max(low, min(high, DISK_MAX_GB))


def _note(context: ModalContext) -> list[Block]:
    return [b.section(f"💬 {esc(context.note, NOTE_LIMIT)}", "note")] if context.note else []


def _machine(form: Form, market: Market) -> list[Block]:
    return [_count(form), _region(form, market), _disk(form, market)]


def _terms(form: Form, limits: Limits, context: ModalContext) -> list[Block]:
    return [_billing(form, context), _lease(form, limits), _lease_end(form)]


def _name(form: Form, context: ModalContext) -> Block:
    element = b.plain_text_input((form.name or "")[:100], max_length=100)
    proposed = " Left as it is, it follows the template." if context.named else ""
    return b.input_(Field.NAME, "Name", element, hint=f"Letters, digits, - and _.{proposed}")


def _product(form: Form, market: Market) -> Block:
    choices = options.products(market, form.billing_mode or BillingMode.SPOT, form.disk)
    if not choices.options:
        choices = options.NOTHING_FOR_SALE
    return b.input_(
        Field.PRODUCT_NAME,
        "GPU",
        b.static_select(choices.options, choices.chosen(form.product_name), "Choose a GPU"),
        block_id=choices.block_id,
        hint="Prices are per GPU and hour."
        + (f" {choices.left_out} more do not fit here." if choices.left_out else ""),
        dispatch=True,
    )


def _template(form: Form) -> Block:
    chosen = None
    if form.template_id and b.fits_option(form.template_id):
        chosen = b.option(form.template_name or form.template_id, form.template_id)
    return b.input_(Field.TEMPLATE_ID, "Template", b.external_select(chosen, "Choose a template, or type to search"))


def _region(form: Form, market: Market) -> Block:
    choices = options.regions(market, form.product_name, form.billing_mode or BillingMode.SPOT, form.disk)
    chosen = choices.chosen(form.region) or choices.chosen(options.ANY_REGION)
    unlisted = unlisted_region(form.region, market)
    unmet = f"{unlisted_words(unlisted)} " if unlisted else ""
    return b.input_(
        Field.REGION,
        "Preferred region",
        b.static_select(choices.options, chosen),
        block_id=choices.block_id,
        hint=f"{unmet}Tried first. When it is full, the other regions are tried in turn.",
        dispatch=True,
    )


def _count(form: Form) -> Block:
    choices = options.GPU_COUNTS
    element = b.static_select(choices.options, choices.chosen(str(form.gpu_num or 1)))
    return b.input_(Field.GPU_NUM, "GPUs", element, dispatch=True)


def _disk(form: Form, market: Market) -> Block:
    low, high = disk_bounds(form.product_name, market)
    initial = min(max(form.disk or DISK_DEFAULT_GB, low), high)
    price = f"{wording.money(costs.DISK_USD_PER_GB_DAY)} a day, running or stopped"
    hint = f"{low} to {high} GB. {DISK_DEFAULT_GB} GB are free; each GB more costs {price}."
    return b.input_(Field.ROOTFS_SIZE, "Disk (GB)", b.number_input(low, high, initial), hint=hint, dispatch=True)


def _billing(form: Form, context: ModalContext) -> Block:
    element = b.radio(list(options.BILLINGS.values()), options.BILLINGS[form.billing_mode or BillingMode.SPOT])
    block_id = f"{Field.BILLING_MODE.value}:{context.switches}"
    return b.input_(Field.BILLING_MODE, "Billing", element, block_id=block_id, dispatch=True)


def _lease(form: Form, limits: Limits) -> Block:
    choices = options.leases(limits.max_lease, limits.default_lease, form.lease, endless=limits.allow_no_end)
    return b.input_(
        Field.LEASE,
        "Lease",
        b.static_select(choices.options, options.chosen_lease(choices, form.lease, no_end=form.no_end)),
        block_id=choices.block_id,
        hint=f"How long it may run, counted from running. Reminders come {wording.REMINDED} before, with Extend."
        + (f" At most {duration_words(limits.max_lease)}." if limits.max_lease else ""),
        dispatch=True,
    )


def _lease_end(form: Form) -> Block:
    element = b.radio(list(options.LEASE_ENDS.values()), options.LEASE_ENDS[form.lease_end or LeaseEnd.STOP])
    return b.input_(Field.LEASE_END, "When the lease is over", element)


def _channel(form: Form, context: ModalContext) -> Block:
    wanted = form.channel or context.channel
    initial = wanted if CHANNEL_ID.fullmatch(wanted) else None
    element = b.conversations_select(initial)
    return b.input_(Field.CHANNEL, "Channel", element, hint="One message there tells how it goes, in its thread.")


def _advanced(form: Form, context: ModalContext) -> list[Block]:
    if not context.advanced:
        return [_toggle("More: webhook, environment variables")]
    return [_toggle("Hide and clear webhook and variables"), _webhook(form), _envs()]


def _toggle(label: str) -> Block:
    return b.actions(b.button(Action.REVEAL_ADVANCED, label), block_id="advanced")


def _webhook(form: Form) -> Block:
    typed = form.webhook_url or ""
    known = typed if typed.startswith("https://") and len(typed) <= 2000 else None
    element = b.url_input(known, "https://example.com/hook")
    return b.input_(Field.WEBHOOK_URL, "Webhook", element, hint="Told of each change to the instance.", optional=True)


def _envs() -> Block:
    """Never drawn with what was typed: the values are secrets, and Slack itself keeps them in the open form."""
    element = b.plain_text_input(max_length=3000, placeholder="HF_HOME=/workspace/hf", multiline=True)
    return b.input_(
        Field.ENVS,
        "Environment variables",
        element,
        hint=(
            "One KEY=value a line. The values go to Novita only and are not stored here. They pass through Slack: "
            "give no secret that you would not share with your workspace's owners."
        ),
        optional=True,
    )
