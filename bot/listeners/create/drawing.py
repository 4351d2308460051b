"""Draws the create modal from the form and the market at hand."""

from __future__ import annotations

from bot.parts import Parts
from bot.views.modal import Form, ModalContext, create_view, draft
from bot.views.text import Block
from core.models import Actor, BillingMode, Market
from core.offers import rank


def draw(
    parts: Parts, actor: Actor, form: Form, market: Market, context: ModalContext, note: str | None = None
) -> Block:
    """The modal with the price line for what is chosen so far, and what `actor` may choose."""
    request = draft(form)
    market = parts.catalog.market_at_hand(market, form.gpu_num or 1, form.billing_mode or BillingMode.SPOT)
    offers = rank(market, request, parts.priority) if request else []
    limits = parts.limits_for(actor)
    return create_view(form, market, offers, limits=limits, context=context, now=parts.clock.now(), note=note)
