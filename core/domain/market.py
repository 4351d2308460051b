"""What Novita sells: regions, products with their prices and stock, and an offer of one of them."""

from __future__ import annotations

from decimal import Decimal
from enum import StrEnum

from core.domain.base import BillingMode, Instant, Value
from core.domain.request import DISK_MAX_GB, DISK_MIN_GB


class Stock(StrEnum):
    """Novita's `inventoryState`: a hint, never a promise (API.md, Products)."""

    NONE = "none"
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    UNKNOWN = "unknown"


class Region(Value):
    """A Novita cluster: `id` goes into a create, `name` is what people say (`CN-HK-01`), `place` adds `Hong Kong`."""

    id: str
    name: str
    place: str = ""


class Price(Value):
    """What one GPU of a product costs an hour under one billing mode, and how much of it there seems to be."""

    usd: Decimal
    stock: Stock


class Product(Value):
    """One product in one region. Prices and stock are that region's."""

    id: str
    name: str
    region: Region
    prices: dict[BillingMode, Price]
    cpu_per_gpu: int = 0
    memory_per_gpu: int = 0
    """Host RAM in GB, not VRAM, which Novita gives only inside the name."""
    min_disk: int = DISK_MIN_GB
    max_disk: int = DISK_MAX_GB


class Market(Value):
    """What Novita has for sale at one moment: its regions and the products in each."""

    as_of: Instant
    regions: tuple[Region, ...]
    products: tuple[Product, ...]

    def named(self, product_name: str) -> tuple[Product, ...]:
        return tuple(product for product in self.products if product.name == product_name)


class Offer(Value):
    """One way to meet a request: a product in a region at a price (USD per GPU-hour)."""

    region: Region
    product_id: str
    product_name: str
    price: Decimal
    billing_mode: BillingMode
    stock: Stock
