"""Regions, products, prices and templates, read from Novita's JSON."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal

from pydantic import SecretStr

from core.adapters.novita.paging import Page
from core.adapters.novita.parse.values import Json, holding, id_in, integer, listed_rows, page, rows_of, text, unwrapped
from core.domain.base import BillingMode
from core.domain.errors import NovitaUnclear
from core.domain.market import Price, Product, Region, Stock
from core.domain.request import DISK_MAX_GB, DISK_MIN_GB
from core.domain.template import Port, Template, Tool

PRICE_UNIT = Decimal(100_000)
"""A price of 1 means 1/100000 USD per GPU-hour (API.md, Products)."""
LARGEST_PRICE = 10**10
"""A hundred thousand USD an hour: no GPU costs as much, and a sum of such prices would mean nothing."""

_PRICE_FIELD = {BillingMode.SPOT: "spotPrice", BillingMode.ON_DEMAND: "price"}


def regions(body: Json) -> list[Region]:
    """`GET /clusters`."""
    return [_region(row) for row in listed_rows(body, "data") if text(row.get("id"))]


def _region(row: Json) -> Region:
    region_id = text(row.get("id"))
    name, place = split_region_name(text(row.get("name")))
    return Region(id=region_id, name=name or region_id, place=place)


def split_region_name(display_name: str) -> tuple[str, str]:
    """`US-CA-06 (California)` is `US-CA-06` in `California` (API.md, Clusters)."""
    name, _, place = display_name.partition("(")
    return name.strip(), place.strip().removesuffix(")").strip()


def products(body: Json, region: Region, billing_mode: BillingMode) -> list[Product]:
    """`GET /products` of one cluster: what can be had there under `billing_mode`, at that mode's price."""
    found = (_product(row, region, billing_mode) for row in listed_rows(body, "data"))
    return [product for product in found if product is not None]


def _product(row: Json, region: Region, billing_mode: BillingMode) -> Product | None:
    product_id, name = text(row.get("id")), text(row.get("name"))
    price = _price(row, billing_mode)
    if not product_id or not name or price is None:
        return None
    return Product(
        id=product_id,
        name=name,
        region=region,
        prices={billing_mode: price},
        cpu_per_gpu=integer(row.get("cpuPerGpu")),
        memory_per_gpu=integer(row.get("memoryPerGpu")),
        min_disk=integer(row.get("minRootFS")) or DISK_MIN_GB,
        max_disk=integer(row.get("maxRootFS")) or DISK_MAX_GB,
    )


def _price(row: Json, billing_mode: BillingMode) -> Price | None:
    modes = row.get("billingMethods")
    if isinstance(modes, list) and billing_mode not in modes:
        return None
    amount = integer(row.get(_PRICE_FIELD[billing_mode]))
    return Price(usd=Decimal(amount) / PRICE_UNIT, stock=_stock(row)) if 0 < amount <= LARGEST_PRICE else None


def _stock(row: Json) -> Stock:
    if row.get("availableDeploy") is False:
        return Stock.NONE
    word = text(row.get("inventoryState"))
    return Stock(word) if word in set(Stock) else Stock.UNKNOWN


def templates(body: Json) -> Page[Template]:
    """`GET /templates`; its key is singular (API.md, Templates)."""
    body = holding(body, "template")
    return page(body, "template", [_template(row) for row in listed_rows(body, "template") if id_in(row)])


def template(body: Json) -> Template:
    """`GET /template`. Raises NovitaUnclear when the reply holds none."""
    row = unwrapped(body, "template", "data")
    if not id_in(row):
        raise NovitaUnclear("a template without an id")
    return _template(row)


def _template(row: Json) -> Template:
    template_id = id_in(row)
    return Template(
        id=template_id,
        name=text(row.get("name")) or template_id,
        channel=text(row.get("channel")),
        image=text(row.get("image")),
        image_auth_id=text(row.get("imageAuth")),
        command=text(row.get("startCommand")),
        entrypoint=text(row.get("entrypoint")),
        disk_gb=integer(row.get("rootfsSize")),
        ports=tuple(_template_ports(row)),
        tools=tuple(_tools(row)),
        envs=dict(_envs(row)),
        min_cuda_version=text(row.get("minCudaVersion")),
        has_local_volumes=any(rows_of(row, "volumes")),
    )


def _template_ports(row: Json) -> Iterator[Port]:
    for group in rows_of(row, "ports"):
        ports = group.get("ports")
        for value in ports if isinstance(ports, list) else ():
            if 0 < (port := integer(value)) <= 65535:
                yield Port(port=port, type=text(group.get("type")) or "tcp")


def _envs(row: Json) -> Iterator[tuple[str, SecretStr]]:
    for env in rows_of(row, "envs"):
        if key := text(env.get("key")):
            yield key, SecretStr(text(env.get("value")))


def _tools(row: Json) -> Iterator[Tool]:
    for tool in rows_of(row, "tools"):
        name, port = text(tool.get("name")), integer(tool.get("port"))
        if name and 0 < port <= 65535:
            yield Tool(name=name, port=port, type=text(tool.get("type")) or "http")
