"""The price line of the create modal: what it costs, until when, and where it will be tried."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from bot import wording
from bot.slack.ids import Action
from bot.views.blocks import actions, button, context, section
from bot.views.modal.form import Form, rankable
from bot.views.text import Block, date, esc
from core.domain import costs
from core.domain.base import BillingMode
from core.domain.costs import Quote
from core.domain.durations import duration_words
from core.domain.market import Market, Offer, Stock
from core.domain.offers import Sale, on_sale, sale_of
from core.domain.request import DISK_DEFAULT_GB, InstanceRequest
from core.domain.validation import unlisted_region

OLD = timedelta(minutes=2)
"""Prices older than this are said to be old."""

_NAMED_REGIONS = 3


def price_blocks(form: Form, market: Market, offers: Sequence[Offer], now: datetime) -> list[Block]:
    """The line itself, a way out when the product is not sold as chosen, and how old the prices are if they are old."""
    lines = [section(_line(form, market, offers, now), "price")]
    if (sale := _on_demand_instead(form, market)) is not None:
        label = f"Use on demand ({wording.money(sale.low)}/h per GPU)"
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
    wanted = rankable(form)
    if not offers or wanted is None:
        return _unsold(form, market)
    return _cost(form, wanted, offers, now) + _remarks(form, market, offers)


def _cost(form: Form, wanted: InstanceRequest, offers: Sequence[Offer], now: datetime) -> str:
    quote = costs.quote(wanted, offers)
    lines = [f"{hour(quote, offers)}{_total(form, quote, now)}; {route(offers)}", sold_out(offers), extra_disk(quote)]
    return "\n".join(filter(None, lines))


def hour(quote: Quote, offers: Sequence[Offer]) -> str:
    """`≈ *$0.36/h* in CN-HK-01, at most $0.44 elsewhere`: what it costs where it is tried first, and at worst."""
    first, where = f"≈ *{wording.money(quote.first)}/h*", esc(offers[0].region.name, 60)
    if wording.money(quote.lowest) == wording.money(quote.highest):
        return first
    if wording.money(quote.first) == wording.money(quote.highest):
        return f"{first} in {where}, less elsewhere"
    return f"{first} in {where}, at most {wording.money(quote.highest)} elsewhere"


def total(quote: Quote) -> str:
    """`$2.88`, or `$2.88 (at most $3.52)`, of the whole lease with its disk; empty without an end."""
    first, highest = quote.total(quote.first), quote.total(quote.highest)
    if first is None or highest is None:
        return ""
    dearer = f" (at most {wording.money(highest)})" if wording.money(first) != wording.money(highest) else ""
    return f"{wording.money(first)}{dearer}"


def extra_disk(quote: Quote) -> str:
    """What the disk costs above what is free; empty where it costs nothing."""
    if not quote.disk:
        return ""
    counted = "; the total has it for the lease" if quote.lease is not None else ""
    return (
        f"💾 Disk above the free {DISK_DEFAULT_GB} GB: {wording.money(quote.disk)} a day as long as it exists, "
        f"running or stopped{counted}."
    )


def _total(form: Form, quote: Quote, now: datetime) -> str:
    if form.lease is None:
        return ", with no end" if form.no_end else ""
    return f", {total(quote)} until {date(now + form.lease)}"


def route(offers: Sequence[Offer]) -> str:
    """`CN-HK-01 first, then AS-SGP-02, OC-AU-01 and 3 more`, of the regions that have some; of all when none has."""
    sale = sale_of(offers)
    names = list(sale.regions) if sale else []
    first, then = esc(names[0], 60), [esc(name, 60) for name in names[1 : 1 + _NAMED_REGIONS]]
    more = len(names) - 1 - len(then)
    if not then:
        return f"only {first} has it"
    if more:
        return f"{first} first, then {', '.join(then)} and {more} more"
    return f"{first} first, then {', '.join(then)}"


def sold_out(offers: Sequence[Offer]) -> str:
    """The regions that list no stock beside others that do: they are tried last. Empty without such."""
    sale = sale_of(offers)
    gone = [offer for offer in offers if sale and not sale.is_sold_out and offer.region.name not in sale.regions]
    names = list(dict.fromkeys(offer.region.name for offer in gone))
    if not gone:
        return ""
    prices = wording.money_range(min(offer.price for offer in gone), max(offer.price for offer in gone))
    named = ", ".join(esc(name, 60) for name in names[:_NAMED_REGIONS])
    more = f" and {len(names) - _NAMED_REGIONS} more" if len(names) > _NAMED_REGIONS else ""
    return f"No stock listed in {named}{more} ({prices}/h per GPU): tried last."


def _remarks(form: Form, market: Market, offers: Sequence[Offer]) -> str:
    remarks = ""
    is_listed = unlisted_region(form.region, market) is None
    if form.region and is_listed and all(offer.region.name != form.region for offer in offers):
        remarks += f"\n{esc(form.region, 60)} does not sell it."
    if all(offer.stock is Stock.NONE for offer in offers):
        remarks += "\n⚠️ Novita lists no stock right now; a create will still be tried everywhere."
    return remarks


def _unsold(form: Form, market: Market) -> str:
    """Why a listed product has no offer: never a price that was not asked for."""
    name, billing = esc(form.product_name or "", 150), form.billing_mode or BillingMode.SPOT
    if on_sale(market.named(form.product_name or ""), billing) is not None:
        return f"No region sells *{name}* with that disk size. Choose another disk size."
    if (sale := _on_demand_instead(form, market)) is not None:
        return f"*{name}* has no spot price right now. On demand it costs {wording.lowest(sale)} per GPU."
    return f"*{name}* has no {wording.BILLING_WORDS[billing]} price right now. Choose another billing or another GPU."


def _on_demand_instead(form: Form, market: Market) -> Sale | None:
    """What a product costs on demand that is chosen on spot and has no spot price."""
    products = market.named(form.product_name) if form.product_name else ()
    if form.billing_mode is BillingMode.ON_DEMAND or on_sale(products, BillingMode.SPOT) is not None:
        return None
    return on_sale(products, BillingMode.ON_DEMAND)
