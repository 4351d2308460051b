"""From the market and a request to the ranked offers that a launch tries in turn (pure)."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from core.models import BillingMode, InstanceRequest, Market, Offer, Product, Stock


def rank(market: Market, request: InstanceRequest, priority: Sequence[str] = ()) -> list[Offer]:
    """Every offer that meets the request, the one to try first in front; empty when nothing does.

    The preferred region leads, then `priority`, then the other regions, cheapest first. Each region's
    best product is tried before any region's second best, so that k full regions cost k refusals. What the listing
    calls out of stock goes last instead of out: listings lie (novita-api.md 1.3).
    """
    fitting = [product for product in market.named(request.product_name) if _fits(product, request)]
    rounds: list[tuple[int, Product]] = []
    for products in _by_region(fitting).values():
        rounds.extend(enumerate(sorted(products, key=lambda p: _inside_region(p, request.billing_mode))))
    order = _region_order(fitting, request, priority)
    rounds.sort(key=lambda item: (_is_out(item[1], request.billing_mode), item[0], order[item[1].region.name]))
    return [_offer(product, request.billing_mode) for _, product in rounds]


def cheapest(market: Market, product_name: str, billing_mode: BillingMode) -> Decimal | None:
    """USD per GPU-hour where the product is cheapest; None when it is not sold that way."""
    return min(
        (product.prices[billing_mode].usd for product in market.named(product_name) if billing_mode in product.prices),
        default=None,
    )


def disk_limits(products: Iterable[Product]) -> tuple[int, int] | None:
    """The smallest and the largest disk in GB that any of the products takes; None without products."""
    limits = [(product.min_disk, product.max_disk) for product in products]
    return (min(low for low, _ in limits), max(high for _, high in limits)) if limits else None


def _fits(product: Product, request: InstanceRequest) -> bool:
    return request.billing_mode in product.prices and product.min_disk <= request.rootfs_size <= product.max_disk


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
