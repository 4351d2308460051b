"""From the market and a request to the ranked offers that a launch tries in turn (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from core.domain.base import BillingMode
from core.domain.market import Market, Offer, Product, Stock
from core.domain.request import InstanceRequest

STOCK_ORDER = (Stock.HIGH, Stock.NORMAL, Stock.LOW, Stock.UNKNOWN, Stock.NONE)
"""The best first. What is unknown may be had; what is sold out may not."""


@dataclass(frozen=True, slots=True)
class Sale:
    """At what price something can be had, and in how many regions. Where it is sold out, at what price it is listed.

    A price at which there is nothing left is never among those at which there is some.
    """

    low: Decimal
    """USD per GPU-hour, as is `high`."""
    high: Decimal
    stock: Stock
    """The best that any region lists."""
    regions: tuple[str, ...]

    @property
    def is_sold_out(self) -> bool:
        return self.stock is Stock.NONE

    @property
    def attraction(self) -> tuple[bool, Decimal]:
        """What sorts first is what one would take first."""
        return self.is_sold_out, self.low


def rank(market: Market, request: InstanceRequest, priority: Sequence[str] = ()) -> list[Offer]:
    """Every offer that meets the request, the one to try first in front; empty when nothing does.

    The preferred region leads, then `priority`, then the other regions, cheapest first. Each region's
    best product is tried before any region's second best, so that k full regions cost k refusals. What the listing
    calls out of stock goes last instead of out: listings lie (API.md, Products).
    """
    fitting = [product for product in market.named(request.product_name) if _fits(product, request)]
    rounds: list[tuple[int, Product]] = []
    for products in _by_region(fitting).values():
        rounds.extend(enumerate(sorted(products, key=lambda p: _inside_region(p, request.billing_mode))))
    order = _region_order(fitting, request, priority)
    rounds.sort(key=lambda item: (_is_out(item[1], request.billing_mode), item[0], order[item[1].region.name]))
    return [_offer(product, request.billing_mode) for _, product in rounds]


def on_sale(products: Iterable[Product], mode: BillingMode, disk: int | None = None) -> Sale | None:
    """What is said of these products everywhere, of those that take a disk of so many GB; None without a price."""
    return _sale(
        (product.region.name, product.prices[mode].usd, product.prices[mode].stock)
        for product in products
        if mode in product.prices and (disk is None or _takes(product, disk))
    )


def sale_of(offers: Iterable[Offer]) -> Sale | None:
    """The same of offers; None without any."""
    return _sale((offer.region.name, offer.price, offer.stock) for offer in offers)


def disk_limits(products: Iterable[Product]) -> tuple[int, int] | None:
    """The smallest and the largest disk in GB that any of the products takes; None without products."""
    limits = [(product.min_disk, product.max_disk) for product in products]
    return (min(low for low, _ in limits), max(high for _, high in limits)) if limits else None


def _fits(product: Product, request: InstanceRequest) -> bool:
    return request.billing_mode in product.prices and _takes(product, request.rootfs_size)


def _takes(product: Product, disk: int) -> bool:
    return product.min_disk <= disk <= product.max_disk


def _sale(listed: Iterable[tuple[str, Decimal, Stock]]) -> Sale | None:
    """Of regions, prices and stocks."""
    everything = list(listed)
    found = [each for each in everything if each[2] is not Stock.NONE] or everything
    if not found:
        return None
    prices = [usd for _, usd, _ in found]
    stock = min((stock for *_, stock in found), key=STOCK_ORDER.index)
    return Sale(min(prices), max(prices), stock, tuple(dict.fromkeys(region for region, *_ in found)))


def _by_region(products: Iterable[Product]) -> dict[str, list[Product]]:
    grouped: dict[str, list[Product]] = defaultdict(list)
    for product in products:
        grouped[product.region.name].append(product)
    return grouped


def _inside_region(product: Product, mode: BillingMode) -> tuple[bool, Decimal, int, int, str]:
    return (
        _is_out(product, mode),
        product.prices[mode].usd,
        -product.memory_per_gpu,
        -product.cpu_per_gpu,
        product.id,
    )


def _is_out(product: Product, mode: BillingMode) -> bool:
    return product.prices[mode].stock is Stock.NONE


def _region_order(products: Iterable[Product], request: InstanceRequest, priority: Sequence[str]) -> dict[str, int]:
    """Each region's place in the queue."""
    wanted = [request.region, *priority] if request.region else list(priority)
    places = {name: place for place, name in reversed(list(enumerate(wanted)))}
    lowest = {
        name: min(product.prices[request.billing_mode].usd for product in group)
        for name, group in _by_region(products).items()
    }
    queue = sorted(lowest, key=lambda name: (places.get(name, len(wanted)), lowest[name], name))
    return {name: place for place, name in enumerate(queue)}


def _offer(product: Product, mode: BillingMode) -> Offer:
    price = product.prices[mode]
    return Offer(
        region=product.region,
        product_id=product.id,
        product_name=product.name,
        price=price.usd,
        billing_mode=mode,
        stock=price.stock,
    )
