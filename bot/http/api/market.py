"""/api/offers and /api/templates: what can be had and what can be put on it, from what is at hand."""

from __future__ import annotations

from bot.http.api.context import Answer, Context
from bot.http.api.conversion import offers_of, template
from bot.http.api.requests import OffersQuery, TemplatesQuery
from bot.http.api.schemas import OfferList, OfferShown, TemplateList
from core.domain.base import BillingMode
from core.domain.search import templates_about


async def offers(context: Context) -> Answer:
    """Waits for Novita while nothing is known of its market, and a moment for the stock of several GPUs at once."""
    query = context.query(OffersQuery)
    market = await context.services.gpus.get_market_for(query.gpu_num, *BillingMode)
    fitting = [offer for offer in offers_of(market) if _fits(offer, query)]
    fitting.sort(key=lambda o: (o.price, o.product_name, o.region, o.product_id, o.billing_mode))
    return Answer(OfferList(offers=tuple(fitting), total=len(fitting), as_of=market.as_of))


async def templates(context: Context) -> Answer:
    wanted = context.query(TemplatesQuery).q or ""
    known = templates_about(await context.services.gpus.get_templates(), wanted)
    return Answer(TemplateList(templates=tuple(template(each) for each in known), total=len(known)))


def _fits(offer: OfferShown, query: OffersQuery) -> bool:
    words = (query.product or "").casefold().split()
    return (
        all(word in offer.product_name.casefold() for word in words)
        and (query.region is None or query.region.casefold() == offer.region.casefold())
        and query.billing_mode in (None, offer.billing_mode)
    )
