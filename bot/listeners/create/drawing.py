"""Draws the create modal from the form and the market at hand."""

from __future__ import annotations

from bot.parts import Parts
from bot.views.modal import Form, ModalContext, create_view, draft
from bot.views.text import Block
from core.models import Market
from core.offers import rank


def draw(parts: Parts, form: Form, market: Market, context: ModalContext) -> Block:
    """The modal with the price line for what is chosen so far."""
    request = draft(form)
    offers = rank(market, request, parts.priority) if request else []
    return create_view(form, market, offers, limits=parts.limits, context=context, now=parts.clock.now())
