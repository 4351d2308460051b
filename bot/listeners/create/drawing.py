"""Draws the create modal from the form and the market at hand."""

from __future__ import annotations

from bot.listeners.services import Services
from bot.views.modal import Form, ModalContext, create_view, rankable
from bot.views.text import Block
from core.domain.base import Actor, BillingMode
from core.domain.market import Market


def draw(
    services: Services, actor: Actor, form: Form, market: Market, context: ModalContext, note: str | None = None
) -> Block:
    """The modal with the price line for what is chosen so far, and what `actor` may choose."""
    request = rankable(form)
    market = services.gpus.market_at_hand(market, form.gpu_num or 1, form.billing_mode or BillingMode.SPOT)
    offers = services.gpus.offers(market, request) if request else []
    limits = services.gpus.limits_for(actor)
    return create_view(form, market, offers, limits=limits, context=context, now=services.clock.now(), note=note)
