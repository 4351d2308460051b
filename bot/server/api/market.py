"""/api/offers and /api/templates: what can be had and what can be put on it, from what is at hand."""

from __future__ import annotations

from bot.server.api.asking import OffersQuery, TemplatesQuery
from bot.server.api.call import Answer, Call
from bot.server.api.shapes import OfferList, OfferShown, TemplateList, offers_of, template
from core.models import BillingMode, Template


async def offers(call: Call) -> Answer:
    """Waits for Novita while nothing is known of its market, and a moment for the stock of several GPUs at once."""
    query = call.query(OffersQuery)
    market = await call.parts.catalog.get_market_for(query.gpu_num, *BillingMode)
    fitting = [offer for offer in offers_of(market) if _fits(offer, query)]
    fitting.sort(key=lambda o: (o.price, o.product_name, o.region, o.product_id, o.billing_mode))
    return Answer(OfferList(offers=tuple(fitting), total=len(fitting), as_of=market.as_of))


async def templates(call: Call) -> Answer:
    words = (call.query(TemplatesQuery).q or "").casefold().split()
    known = [each for each in await call.parts.catalog.get_templates() if _is_about(each, words)]
    known.sort(key=lambda each: (each.channel != "private", each.name.casefold(), each.id))
    return Answer(TemplateList(templates=tuple(template(each) for each in known), total=len(known)))


def _fits(offer: OfferShown, query: OffersQuery) -> bool:
    words = (query.product or "").casefold().split()
    return (
        all(word in offer.product_name.casefold() for word in words)
        and (query.region is None or query.region.casefold() == offer.region.casefold())
        and query.billing_mode in (None, offer.billing_mode)
    )


def _is_about(template: Template, words: list[str]) -> bool:
    text = f"{template.name} {template.id} {template.image}".casefold()
    return all(word in text for word in words)
