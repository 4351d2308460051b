"""The price line of the create modal: what it costs, until when, and where it will be tried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal

from bot import words
from bot.ids import Action
from bot.views.blocks import actions, button, context, section
from bot.views.modal.form import Form
from bot.views.text import Block, date, esc
from core.durations import duration_words
from core.models import BillingMode, Market, Offer, Stock
from core.offers import cheapest
from core.requests import unlisted_region

OLD = timedelta(minutes=2)
"""Prices older than this are said to be old."""

_NAMED_REGIONS = 3


def price_blocks(form: Form, market: Market, offers: Sequence[Offer], now: datetime) -> list[Block]:
    """The line itself, a way out when the product is not sold as chosen, and how old the prices are if they are old."""
    lines = [section(_line(form, market, offers, now), "price")]
    if (price := _on_demand_instead(form, market)) is not None:
        label = f"Use on demand ({words.money(price)}/h per GPU)"
        lines.append(actions(button(Action.USE_ON_DEMAND, label), block_id="instead"))
    return [*lines, *age_blocks(market, now)]


def age_blocks(market: Market, now: datetime) -> list[Block]:
    """How old the prices are, if they are old."""
    age = now - market.as_of
    return (
        [context(f"🕑 These prices are {duration_words(age)} old: Novita has not answered since.")] if age > OLD else []
    )


def _line(form: Form, market: Market, offers: Sequence[Offer], now: datetime) -> str:
    if not form.product_name:
        return "Choose a GPU to see what it costs."
    if not market.named(form.product_name):
        return f"Novita no longer lists *{esc(form.product_name, 150)}*. Choose another GPU."
    if not offers:
        return _unsold(form, market)
    return _cost(form, offers, now) + _remarks(form, market, offers)


def _cost(form: Form, offers: Sequence[Offer], now: datetime) -> str:
    count = form.gpu_num or 1
    low, high = min(offer.price for offer in offers) * count, max(offer.price for offer in offers) * count
    total = _total(form, low, high, now)
    return f"≈ *{words.money_range(low, high)}/h*{total}; {route(offers)}"


def _total(form: Form, low: Decimal, high: Decimal, now: datetime) -> str:
    if form.lease is None:
        return ", with no end" if form.no_end else ""
    hours = Decimal(int(form.lease.total_seconds())) / 3600
    return f", {words.money_range(low * hours, high * hours)} until {date(now + form.lease)}"


def route(offers: Sequence[Offer]) -> str:
    """`CN-HK-01 first, then AS-SGP-02, OC-AU-01 and 3 more`."""
    names = list(dict.fromkeys(offer.region.name for offer in offers))
    first, then = esc(names[0], 60), [esc(name, 60) for name in names[1 : 1 + _NAMED_REGIONS]]
    more = len(names) - 1 - len(then)
    if not then:
        return f"only {first} has it"
    if more:
        return f"{first} first, then {', '.join(then)} and {more} more"
    return f"{first} first, then {', '.join(then)}"


def _remarks(form: Form, market: Market, offers: Sequence[Offer]) -> str:
    remarks = ""
    is_listed = unlisted_region(form.region, market) is None
    if form.region and is_listed and all(offer.region.name != form.region for offer in offers):
        remarks += f"\n{esc(form.region, 60)} does not sell it."
    if all(offer.stock is Stock.NONE for offer in offers):
        remarks += "\n⚠️ Novita lists no stock right now; a create will still be tried everywhere."
    return remarks


def _unsold(form: Form, market: Market) -> str:
    """Why a listed product has no offer: never a price that was not asked for (design.md 3.4)."""
    name, billing = esc(form.product_name or "", 150), form.billing_mode or BillingMode.SPOT
    if cheapest(market, form.product_name or "", billing) is not None:
        return f"No region sells *{name}* with that disk size. Choose another disk size."
    if (price := _on_demand_instead(form, market)) is not None:
        return f"*{name}* has no spot price right now. On demand it costs {words.money(price)}/h per GPU."
    return f"*{name}* has no {words.BILLING_WORDS[billing]} price right now. Choose another billing or another GPU."


def _on_demand_instead(form: Form, market: Market) -> Decimal | None:
    """The on-demand price (USD per GPU-hour) of a product that is chosen on spot and has no spot price."""
    name = form.product_name
    if not name or form.billing_mode is BillingMode.ON_DEMAND or cheapest(market, name, BillingMode.SPOT) is not None:
        return None
    return cheapest(market, name, BillingMode.ON_DEMAND)
