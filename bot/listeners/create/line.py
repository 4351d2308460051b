"""The one-liner, `/gpu create 4090 x2 spot 4h in sgp as train-1 from pytorch`: confirmed, or put into the modal."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from bot import grammar
from bot.grammar import Vocabulary, Wish
from bot.listeners.create.opening import Opening, first_form, open_modal
from bot.listeners.visits import Visit
from bot.parts import Parts
from bot.views.blocks import Message
from bot.views.confirm import create_confirmation
from bot.views.modal import Form, check, fitted
from core import naming
from core.models import InstanceRequest, Market, Offer
from core.offers import rank
from core.requests import unlisted_region

_STOCK_PATIENCE = timedelta(seconds=0.7)
"""How long the ack waits for the stock of several GPUs at once."""


@dataclass(frozen=True)
class Understood:
    """What a line says, completed with the defaults. `request` only when nothing is missing, unclear or wrong."""

    form: Form
    request: InstanceRequest | None
    note: str
    vocabulary: Vocabulary


async def from_line(parts: Parts, visit: Visit, line: str) -> Message | None:
    """A confirmation with its price when the line says all there is to say; else the modal opens, and None."""
    market = parts.catalog.market
    if market is None:
        open_from_line(parts, visit, line)
        return None
    understood = understand(parts, visit, line, market)
    offers: list[Offer] = []
    if (wanted := understood.request) is not None:
        market = await parts.catalog.get_market_for(wanted.gpu_num, wanted.billing_mode, patience=_STOCK_PATIENCE)
        offers = rank(market, wanted, parts.priority)
    if understood.request is None or not offers:
        open_from_line(parts, visit, line)
        return None
    live = await parts.store.live()
    asked = understood.request
    request = asked.model_copy(update={"name": naming.free_name(asked.name, live)})
    return create_confirmation(
        request,
        offers,
        line=grammar.write(request, understood.vocabulary),
        taken="" if request.name == asked.name else asked.name,
        template_name=parts.catalog.template_name(understood.request.template_id),
        now=parts.clock.now(),
        unlisted=unlisted_region(understood.request.region, market),
    )


def open_from_line(parts: Parts, visit: Visit, line: str) -> None:
    """The modal with what the line says, and a note of what it does not say clearly."""

    def prefill(market: Market) -> Opening:
        understood = understand(parts, visit, line, market)
        return Opening(understood.form, understood.note or None)

    open_modal(parts, visit, prefill)


def understand(parts: Parts, visit: Visit, line: str, market: Market) -> Understood:
    vocabulary = grammar.vocabulary(market, parts.catalog.templates)
    wish = grammar.read(line, vocabulary)
    form = _form(first_form(parts, visit.channel), wish, parts)
    limits = parts.limits_for(visit.actor)
    checked = check(form, market, limits)
    complaint = grammar.complaint(wish, vocabulary)
    if isinstance(checked, dict):
        form, instead = fitted(form, market, limits)
        said = {field: instead.get(field, problem) for field, problem in checked.items()}
        return Understood(form, None, " ".join(filter(None, (complaint, *said.values()))), vocabulary)
    return Understood(form, checked if wish.is_clear else None, complaint, vocabulary)


def _form(form: Form, wish: Wish, parts: Parts) -> Form:
    """The form with what was said in place of the defaults."""
    said: dict[str, Any] = {
        "name": wish.name,
        "product_name": wish.product_name,
        "gpu_num": wish.gpu_num,
        "billing_mode": wish.billing_mode,
        "template_id": wish.template_id,
        "template_name": parts.catalog.template_name(wish.template_id) if wish.template_id else None,
        "rootfs_size": str(wish.rootfs_size) if wish.rootfs_size is not None else None,
        "region": wish.region,
    }
    form = replace(form, **{field: value for field, value in said.items() if value is not None})
    if wish.any_region:
        form = replace(form, region=None)
    if wish.lease is not None or wish.no_end:
        form = replace(form, lease=wish.lease, no_end=wish.no_end)
    return form
