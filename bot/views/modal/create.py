"""Draws the create modal from what is for sale and what has been typed so far: the GPU and its price on top."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.slack.ids import Action, View
from bot.views import blocks as b
from bot.views.modal.fields import ADVANCED, PLAIN, PRODUCT, Scene
from bot.views.modal.fields.terms import LEASE
from bot.views.modal.form import NOTE_LIMIT, Form, ModalContext
from bot.views.modal.price import price_blocks
from bot.views.text import Block, esc
from core.domain.market import Market, Offer
from core.domain.validation import Limits


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
    """The whole modal. `offers` are those for `rankable(form)`, ranked; none while no GPU is chosen.

    `note` is a plain line on top, such as what a one-liner did not say clearly; the modal keeps it when redrawn.
    A lease that is not allowed is shown, counted and said as the nearest one that is.
    """
    form, instead = LEASE.fit(form, market, limits)
    if note or instead:
        context = context.noting(" ".join(filter(None, (note or context.note, instead))))
    context = context.model_copy(update={"advanced": context.advanced or bool(form.webhook_url)})
    scene = Scene(market, limits, context)
    return b.modal(
        View.CREATE,
        "Create a GPU instance",
        [
            *_note(context),
            PRODUCT.block(form, scene),
            *price_blocks(form, market, offers, now),
            *(each.block(form, scene) for each in PLAIN),
            *_advanced(form, scene),
        ],
        close="Cancel",
        submit="Create",
        private_metadata=context.dump(),
    )


def _note(context: ModalContext) -> list[Block]:
    return [b.section(f"💬 {esc(context.note, NOTE_LIMIT)}", "note")] if context.note else []


def _advanced(form: Form, scene: Scene) -> list[Block]:
    if not scene.context.advanced:
        return [_toggle("More: webhook, environment variables")]
    return [_toggle("Hide and clear webhook and variables"), *(each.block(form, scene) for each in ADVANCED)]


def _toggle(label: str) -> Block:
    return b.actions(b.button(Action.REVEAL_ADVANCED, label), block_id="advanced")
