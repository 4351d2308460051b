"""`/gpu offers` and `/gpu templates`: what can be had, at what price and where, and what can be put on it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal

from bot.slack.ids import COMMAND
from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.buttons import create_button
from bot.views.modal.price import age_blocks
from bot.views.text import code, date, esc, fit_lines
from bot.wording import BILLING_WORDS, STOCK_WORDS, VOLUMES_LEFT_OUT, money, money_range, region_count
from core.domain.base import BillingMode
from core.domain.market import Market, Product
from core.domain.offers import Sale, on_sale
from core.domain.search import templates_about
from core.domain.template import Template

IN_DETAIL = 4
"""Of so many GPUs each region is shown; more are shown in a line each."""


def offer_list(market: Market, words: str, now: datetime, *, gpu_num: int = 1) -> Message:
    """The GPUs whose name holds all the words: live prices and stock, by region when they are few.

    The market's stock is that of `gpu_num` at once.
    """
    found = _named(market, words)
    if not found:
        return _no_offers(market, words)
    if len(found) <= IN_DETAIL:
        rows = [b.section(f"*{esc(name, 60)}*\n{_by_region(found[name])}") for name in found]
        hint = "Novita's stock is a hint: a create tries region after region until one says yes."
    else:
        rows = [b.section(fit_lines((_summary(name, found[name]) for name in found), wire_limit=9000))]
        hint = f"`{COMMAND} offers 4090` shows a GPU region by region."
    title = f"{len(found)} GPU{'s' if len(found) > 1 else ''}, prices per GPU and hour, as of {date(market.as_of)}"
    title += f"; stock of {gpu_num} at once" if gpu_num > 1 else ""
    tail = [b.context(hint), *age_blocks(market, now), b.actions(create_button())]
    return Message(title, [b.section(title), *rows, *tail])


def template_list(templates: Iterable[Template], words: str) -> Message:
    """The templates whose name, image or id holds all the words; the account's own first."""
    fitting, wanted = templates_about(templates, words), words.strip()
    if not fitting:
        text = f"No template fits {code(words, 60)}." if wanted else "Novita lists no templates right now."
        return Message(text, [b.section(text)])
    title = f"{len(fitting)} template{'s' if len(fitting) > 1 else ''}" + (f" for {code(words, 60)}" if wanted else "")
    hint = f"`{COMMAND} templates WORDS` narrows it down; `{COMMAND} create 4090 from NAME` takes one."
    return Message(title, [b.section(title), b.section(_template_lines(fitting)), b.context(hint)])


def _named(market: Market, words: str) -> dict[str, list[Product]]:
    """Products by name, what is in stock first, then the cheapest."""
    wanted, groups = words.casefold().split(), defaultdict[str, list[Product]](list)
    for product in market.products:
        if product.prices and all(word in product.name.casefold() for word in wanted):
            groups[product.name].append(product)
    return {name: groups[name] for name in sorted(groups, key=lambda name: (*_attraction(groups[name]), name))}


def _attraction(group: Iterable[Product]) -> tuple[bool, Decimal]:
    return min(sale.attraction for sale in _sales(group).values())


def _sales(group: Iterable[Product]) -> dict[BillingMode, Sale]:
    products = list(group)
    return {mode: sale for mode in BillingMode if (sale := on_sale(products, mode)) is not None}


def _by_region(group: Iterable[Product]) -> str:
    """A line for each region, what is in stock first, then the cheapest:

    `• CN-HK-01 (Hong Kong): spot $0.18, stock high · on demand …`.
    """
    lines: dict[str, tuple[tuple[bool, Decimal], str]] = {}
    for region, products in _regions(group).items():
        sales = _sales(products)
        place = products[0].region.place
        where = f"{esc(region, 30)} ({esc(place, 30)})" if place else esc(region, 30)
        offered = " · ".join(f"{BILLING_WORDS[mode]} {_offered(sale)}" for mode, sale in sales.items())
        lines[region] = (min(sale.attraction for sale in sales.values()), f"• {where}: {offered}")
    return fit_lines((text for _, text in sorted(lines.values())), limit=2500, wire_limit=2400)


def _regions(group: Iterable[Product]) -> dict[str, list[Product]]:
    regions = defaultdict[str, list[Product]](list)
    for product in group:
        regions[product.region.name].append(product)
    return regions


def _summary(name: str, group: Sequence[Product]) -> str:
    """`• *RTX 4090 24GB*: spot from $0.18, stock high · on demand from $0.35, stock high (3 regions)`."""
    sales = _sales(group)
    counts = {mode: f" ({region_count(sale)})" for mode, sale in sales.items()}
    is_one = len(set(counts.values())) == 1
    offered = " · ".join(
        f"{BILLING_WORDS[mode]} {_offered(sale, 'from ')}{'' if is_one else counts[mode]}"
        for mode, sale in sales.items()
    )
    return f"• *{esc(name, 60)}*: {offered}{next(iter(counts.values())) if is_one else ''}"


def _offered(sale: Sale, start: str = "") -> str:
    """`$0.18, stock high`, or `no stock listed ($0.18)`: what cannot be had has no "from"."""
    if sale.is_sold_out:
        return f"{STOCK_WORDS[sale.stock]} ({money_range(sale.low, sale.high)})"
    return f"{start}{money(sale.low)}, {STOCK_WORDS[sale.stock]}"


def _no_offers(market: Market, words: str) -> Message:
    if not words.strip():
        text = "Novita lists no GPU right now."
    else:
        text = f"Novita lists no GPU whose name holds {code(words, 60)}. `{COMMAND} offers` shows all of them."
    return Message(text, [b.section(text)])


def _template_lines(templates: Iterable[Template]) -> str:
    lines = (
        f"• *{esc(each.name, 60)}* {code(each.id, 40)} · {esc(each.channel, 20)} · {esc(each.image, 80)}"
        + (f" · {VOLUMES_LEFT_OUT}" if each.has_local_volumes else "")
        for each in templates
    )
    return fit_lines(lines, wire_limit=9000)
