"""The choices in the create modal's selects. Those that depend on the market are made once for each market.

A select whose options change needs a new block_id, or Slack shows one thing and sends another: so each
list of choices carries a block_id with a digest of it.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2s
from typing import NamedTuple

from bot import wording
from bot.views.blocks import OPTION_TEXT_LIMIT, OPTIONS_LIMIT, Option, fits_option, option
from core.domain.base import BillingMode
from core.domain.clip import clip
from core.domain.durations import duration_words, read_duration
from core.domain.market import Market, Product, Region
from core.domain.offers import Sale, on_sale
from core.domain.request import GPU_NUM_LIMIT, Field, LeaseEnd
from core.domain.search import templates_about
from core.domain.template import Template

ANY_REGION = "*"
"""The value of "Any region": no region's name."""

_NO_END = "none"
_UNITS = {"h": 3600, "m": 60, "s": 1}
_LEASE_HOURS = (1, 2, 4, 8, 12, 24, 48, 72, 96, 168, 336, 720)


class LeaseChoice(NamedTuple):
    """A lease as chosen; `length` None is no end."""

    length: timedelta | None


@dataclass(frozen=True, slots=True)
class Choices:
    """A select's options, and the block_id that changes when they do. `left_out` of them had no room."""

    block_id: str
    options: list[Option]
    left_out: int = 0

    def chosen(self, value: str | None) -> Option | None:
        """The option with this value, for initial_option, which must equal it exactly."""
        return next((one for one in self.options if one["value"] == value), None)


class _Same:
    """A market as a cache key: the same object, because a market's own fields cannot be hashed."""

    __slots__ = ("market",)

    def __init__(self, market: Market) -> None:
        self.market = market

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Same) and other.market is self.market

    def __hash__(self) -> int:
        return id(self.market)


def products(market: Market, billing: BillingMode, disk: int | None = None) -> Choices:
    """One option per product name: price per GPU-hour under `billing`, stock, and in how many regions.

    Regions that take no disk of so many GB do not count. What is in stock stands first, then the cheapest.
    """
    return _products(_Same(market), billing, disk)


def regions(market: Market, product_name: str | None, billing: BillingMode, disk: int | None = None) -> Choices:
    """Any region, then the market's own in their order, with price and stock of the chosen product."""
    return _regions(_Same(market), product_name, billing, disk)


@lru_cache(maxsize=64)
def _products(market: _Same, billing: BillingMode, disk: int | None) -> Choices:
    groups: dict[str, list[Product]] = defaultdict(list)
    for product in market.market.products:
        if fits_option(product.name):
            groups[product.name].append(product)
    sales = {name: on_sale(group, billing, disk) for name, group in groups.items()}
    ranked = sorted(groups, key=lambda name: (*_attraction(sales[name]), name))
    options = [option(_product_line(name, groups[name], sales[name], billing), name) for name in ranked]
    return _choices(Field.PRODUCT_NAME, options)


@lru_cache(maxsize=64)
def _regions(market: _Same, product_name: str | None, billing: BillingMode, disk: int | None) -> Choices:
    named = {region.name: region for region in market.market.regions if region.name != ANY_REGION}
    sold: dict[str, list[Product]] = defaultdict(list)
    for product in market.market.named(product_name) if product_name else ():
        sold[product.region.name].append(product)
    options = [
        option(_region_line(region, on_sale(sold[name], billing, disk) if product_name else None), name)
        for name, region in named.items()
        if fits_option(name)
    ]
    return _choices(Field.REGION, [option("Any region", ANY_REGION), *options])


def _region_line(region: Region, sale: Sale | None) -> str:
    """`CN-HK-01 · Hong Kong · $0.18/h · stock high`."""
    name = f"{region.name} · {region.place}" if region.place else region.name
    if sale is None:
        return name
    tail = f"{wording.asked_for(sale)} · {wording.STOCK_WORDS[sale.stock]}"
    return f"{clip(name, max(10, OPTION_TEXT_LIMIT - len(tail) - 3))} · {tail}"


def _choices(field: Field, options: list[Option]) -> Choices:
    kept = options[:OPTIONS_LIMIT]
    digest = blake2s(json.dumps(kept).encode(), digest_size=5).hexdigest()
    return Choices(f"{field.value}:{digest}", kept, len(options) - len(kept))


def _attraction(sale: Sale | None) -> tuple[bool, bool, Decimal]:
    is_sold_out, low = sale.attraction if sale else (True, Decimal(0))
    return is_sold_out, sale is None, low


def _product_line(name: str, group: Sequence[Product], sale: Sale | None, billing: BillingMode) -> str:
    tail = wording.on_sale(sale) if sale else _unpriced(group, billing)
    return f"{clip(name, max(10, OPTION_TEXT_LIMIT - len(tail) - 3))} · {tail}"


def _unpriced(group: Sequence[Product], billing: BillingMode) -> str:
    if on_sale(group, billing):
        return "no disk of that size"
    other = next(mode for mode in BillingMode if mode is not billing)
    missing, instead = f"no {wording.BILLING_WORDS[billing]}", on_sale(group, other)
    return f"{missing} ({wording.BILLING_WORDS[other]} {wording.lowest(instead)})" if instead else f"{missing} price"


NOTHING_FOR_SALE = Choices(f"{Field.PRODUCT_NAME.value}:none", [option("Novita lists no GPU right now", "-")])
"""Slack refuses a select without options."""

GPU_COUNTS = Choices(Field.GPU_NUM.value, [option(str(count), str(count)) for count in range(1, GPU_NUM_LIMIT + 1)])

BILLINGS = {
    BillingMode.SPOT: option("Spot: about half price, Novita may take it back", BillingMode.SPOT.value),
    BillingMode.ON_DEMAND: option("On demand: full price, yours until you delete it", BillingMode.ON_DEMAND.value),
}


LEASE_ENDS = {
    LeaseEnd.STOP: option(f"Stop it: the data is kept, {wording.DATA_KEPT}", LeaseEnd.STOP.value),
    LeaseEnd.DELETE: option("Delete it, with all its data", LeaseEnd.DELETE.value),
}


@lru_cache(maxsize=64)
def leases(
    longest: timedelta | None, default: timedelta | None, wished: timedelta | None = None, *, endless: bool
) -> Choices:
    """From one hour to `longest`, which, as `default` and what was `wished`, is among them; "No end" if `endless`."""
    usual = {timedelta(hours=hours) for hours in _LEASE_HOURS} | ({longest, default, wished} - {None})
    allowed = sorted(span for span in usual if span and (longest is None or span <= longest))
    options = [option(duration_words(span), _lease_value(span)) for span in allowed]
    if endless:
        options.append(option("No end", _NO_END))
    return _choices(Field.LEASE, options)


def chosen_lease(choices: Choices, length: timedelta | None, *, no_end: bool) -> Option | None:
    if no_end:
        return choices.chosen(_NO_END)
    return choices.chosen(_lease_value(length)) if length else None


def read_lease(value: str) -> LeaseChoice | None:
    """A lease option's value; None when it is none of ours."""
    if value == _NO_END:
        return LeaseChoice(None)
    length = read_duration(value)
    return LeaseChoice(length) if length else None


def _lease_value(span: timedelta) -> str:
    seconds = int(span.total_seconds())
    unit, size = next((unit, size) for unit, size in _UNITS.items() if seconds % size == 0)
    return f"{seconds // size}{unit}"


def template_options(templates: Iterable[Template], typed: str = "") -> list[Option]:
    """At most 100 templates whose name, image or id holds all that was typed; the account's own stand first."""
    found = templates_about((template for template in templates if fits_option(template.id)), typed)
    return [option(_template_line(template), template.id) for template in found[:OPTIONS_LIMIT]]


def _template_line(template: Template) -> str:
    left_out = f" · {wording.VOLUMES_LEFT_OUT}" if template.has_local_volumes else ""
    return f"{clip(template.name, 60 - len(left_out)) or template.id} · {clip(template.channel, 10)}{left_out}"
