"""Novita's JSON, read into our models (API.md has its fields).

Numbers may come as strings, lists as null, words may be new. A row without its id is left out, a body that
is not what was asked for raises NovitaUnclear. Nothing else is raised.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from decimal import Decimal, InvalidOperation
from email.utils import parsedate_to_datetime

from pydantic import SecretStr

from core.errors import NovitaUnclear
from core.hiding import without_known_secrets
from core.models import (
    DISK_MAX_GB,
    DISK_MIN_GB,
    BillingMode,
    Connection,
    Endpoint,
    NovitaInstance,
    Port,
    Price,
    Product,
    Region,
    Stock,
    Template,
    Tool,
)
from core.novita.paging import Page, Row

PRICE_UNIT = Decimal(100_000)
"""A price of 1 means 1/100000 USD per GPU-hour (API.md, Products)."""

BALANCE_UNIT = Decimal(10_000)
"""A balance of 1 means 1/10000 USD (API.md, Balance)."""

_LONGEST_SAYING = 1000
_LARGEST = 10**15
_LARGEST_PRICE = 10**10
"""A hundred thousand USD an hour: no GPU costs as much, and a sum of such prices would mean nothing."""
_LAST_SECOND = int(datetime(2100, 1, 1, tzinfo=UTC).timestamp())
_LARGEST_BALANCE = Decimal(10) ** 15
_LARGEST_PRICE = 10**10

_PRICE_FIELD = {BillingMode.SPOT: "spotPrice", BillingMode.ON_DEMAND: "price"}

Json = dict[str, object]


def parse(content: bytes) -> Json:
    """A reply's JSON object. Raises NovitaUnclear when it is not one."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise NovitaUnclear("a reply that is not JSON") from error
    if not isinstance(body, dict):
        raise NovitaUnclear("a reply that is not a JSON object")
    return body


def created_id(body: Json) -> str:
    """The new instance's id out of the answer to a create. Raises NovitaUnclear when there is none."""
    novita_id = text(_unwrapped(body, "instance", "data").get("id"))
    if not novita_id:
        raise NovitaUnclear("a success without an id")
    return novita_id


def regions(body: Json) -> list[Region]:
    """`GET /clusters`."""
    return [_region(row) for row in _listed(body, "data") if text(row.get("id"))]


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
    found = (_product(row, region, billing_mode) for row in _listed(body, "data"))
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
    return Price(usd=Decimal(amount) / PRICE_UNIT, stock=_stock(row)) if 0 < amount <= _LARGEST_PRICE else None


def _stock(row: Json) -> Stock:
    if row.get("availableDeploy") is False:
        return Stock.NONE
    word = text(row.get("inventoryState"))
    return Stock(word) if word in set(Stock) else Stock.UNKNOWN


def templates(body: Json) -> Page[Template]:
    """`GET /templates`; its key is singular (API.md, Templates)."""
    body = _holding(body, "template")
    return _page(body, "template", [_template(row) for row in _listed(body, "template") if _id_in(row)])


def template(body: Json) -> Template:
    """`GET /template`. Raises NovitaUnclear when the reply holds none."""
    row = _unwrapped(body, "template", "data")
    if not _id_in(row):
        raise NovitaUnclear("a template without an id")
    return _template(row)


def _id_in(row: Json) -> str:
    return text(row.get("Id")) or text(row.get("id"))


def _template(row: Json) -> Template:
    template_id = _id_in(row)
    return Template(
        id=template_id,
        name=text(row.get("name")) or template_id,
        channel=text(row.get("channel")),
        image=text(row.get("image")),
        image_auth_id=text(row.get("imageAuth")),
        command=text(row.get("startCommand")),
        entrypoint=text(row.get("entrypoint")),
        rootfs_size=integer(row.get("rootfsSize")),
        ports=tuple(_template_ports(row)),
        tools=tuple(_tools(row)),
        envs=dict(_envs(row)),
        min_cuda_version=text(row.get("minCudaVersion")),
        has_local_volumes=any(_rows(row, "volumes")),
    )


def _template_ports(row: Json) -> Iterator[Port]:
    for group in _rows(row, "ports"):
        ports = group.get("ports")
        for value in ports if isinstance(ports, list) else ():
            if 0 < (port := integer(value)) <= 65535:
                yield Port(port=port, type=text(group.get("type")) or "tcp")


def _envs(row: Json) -> Iterator[tuple[str, SecretStr]]:
    for env in _rows(row, "envs"):
        if key := text(env.get("key")):
            yield key, SecretStr(text(env.get("value")))


def _tools(row: Json) -> Iterator[Tool]:
    for tool in _rows(row, "tools"):
        name, port = text(tool.get("name")), integer(tool.get("port"))
        if name and 0 < port <= 65535:
            yield Tool(name=name, port=port, type=text(tool.get("type")) or "http")


def instances(body: Json) -> Page[NovitaInstance]:
    """`GET /gpu/instances`."""
    body = _holding(body, "instances")
    return _page(body, "instances", [_instance(row) for row in _listed(body, "instances") if text(row.get("id"))])


def instance(body: Json) -> NovitaInstance:
    """`GET /gpu/instance`. Raises NovitaUnclear without an id."""
    row = _unwrapped(body, "instance", "data")
    if not text(row.get("id")):
        raise NovitaUnclear("an instance without an id")
    return _instance(row).model_copy(update={"is_detailed": True})


def connection(body: Json) -> Connection:
    """How to reach the instance in `GET /gpu/instance`: all of it secret."""
    body = _unwrapped(body, "instance", "data")
    ssh, jupyter = _part(body, "connectComponentSSH"), _part(body, "connectComponentJupyter")
    web_terminal, logs = _part(body, "connectComponentWebTerminal"), _part(body, "connectComponentLog")
    return Connection(
        ssh_command=text(ssh.get("sshCommand")),
        ssh_password=SecretStr(text(ssh.get("password"))),
        jupyter_url=text(jupyter.get("address")),
        web_terminal_url=text(web_terminal.get("address")),
        instance_log_url=text(logs.get("instanceLogAddress")),
        system_log_url=text(logs.get("systemLogAddress")),
        endpoints=tuple(_endpoints(body)),
    )


def _unwrapped(body: Json, *envelopes: str) -> Json:
    """One thing out of a reply that holds it bare, as documented, or wrapped once or twice, as some clients saw it."""
    for _ in range(2):
        inner = next((found for name in envelopes if isinstance(found := body.get(name), dict)), None)
        if inner is None or _id_in(body):
            break
        body = inner
    return body


def _holding(body: Json, key: str) -> Json:
    """The reply, or the envelope in it, that has the key."""
    inner = _part(body, "data")
    return inner if key in inner and key not in body else body


def _part(body: Json, name: str) -> Json:
    part = body.get(name)
    return part if isinstance(part, dict) else {}


def _instance(row: Json) -> NovitaInstance:
    error = row.get("statusError")
    error = error if isinstance(error, dict) else {}
    name, _ = split_region_name(text(row.get("clusterName")))
    return NovitaInstance(
        id=text(row.get("id")),
        name=text(row.get("name")),
        status=_said(row.get("status")),
        region=name or text(row.get("clusterId")),
        region_id=text(row.get("clusterId")),
        product_id=text(row.get("productId")),
        product_name=text(row.get("productName")),
        image=text(row.get("imageUrl")),
        gpu_num=integer(row.get("gpuNum")),
        rootfs_size=integer(row.get("rootfsSize")),
        price=_hourly(row),
        created_at=instant(row.get("createdAt")),
        error_state=_said(error.get("state")),
        error_message=_said(error.get("message")),
        endpoints=tuple(_endpoints(row)),
        billing_mode=text(row.get("billingMode")),
        started_at=instant(row.get("lastStartedAt")) or instant(row.get("startedAt")),
        stopped_at=instant(row.get("lastStoppedAt")) or instant(row.get("stoppedAt")),
        spot_status=text(row.get("spotStatus")),
        spot_reclaim_at=instant(row.get("spotReclaimTime")),
        data_until=instant(row.get("releaseDataAt")),
    )


def _said(value: object) -> str:
    """Novita's own words, which may quote anything; once more is hidden where the record's variables are known."""
    return without_known_secrets(text(value))[:_LONGEST_SAYING]


def _hourly(row: Json) -> Decimal | None:
    """USD per GPU-hour, in the unit of the products' prices; None where Novita does not say."""
    units = integer(row.get("instancePrice"))
    return Decimal(units) / PRICE_UNIT if 0 < units < _LARGEST_PRICE else None


def _endpoints(row: Json) -> Iterator[Endpoint]:
    for mapping in _rows(row, "portMappings"):
        if url := text(mapping.get("endpoint")):
            yield Endpoint(port=integer(mapping.get("port")), type=text(mapping.get("type")), url=url)


def balance(body: Json) -> Decimal:
    """`GET /openapi/v1/billing/balance/detail`: USD that can still be spent; below zero when money is owed."""
    try:
        units = Decimal(str(_holding(body, "availableBalance").get("availableBalance")))
    except InvalidOperation as error:
        raise NovitaUnclear("a balance without its amount") from error
    if not units.is_finite() or abs(units) > _LARGEST_BALANCE:
        raise NovitaUnclear("a balance that is none")
    return units / BALANCE_UNIT


def date(header: str | None) -> datetime:
    """The `Date` of a reply. Raises NovitaUnclear when it has none."""
    try:
        found = parsedate_to_datetime(header or "")
    except (ValueError, OverflowError) as error:
        raise NovitaUnclear("a reply without its date") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _page(body: Json, key: str, rows: list[Row]) -> Page[Row]:
    listed, total = body[key], integer(body.get("total"), -1)
    return Page(
        rows=tuple(rows),
        size=len(listed) if isinstance(listed, list) else 0,
        total=total if total >= 0 else None,
    )


def _listed(body: Json, key: str) -> Iterator[Json]:
    # A broken listing must not look like an empty one: "no instances" ends records.
    if not isinstance(body.get(key, ""), list | None):
        raise NovitaUnclear("a listing without its rows")
    return _rows(body, key)


def _rows(body: Json, key: str) -> Iterator[Json]:
    """The objects of a list that may be null, missing or of another type."""
    rows = body.get(key)
    return (row for row in rows if isinstance(row, dict)) if isinstance(rows, list) else iter(())


def text(value: object) -> str:
    """A string; numbers are taken as written, anything else is empty."""
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "replace").decode()
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else ""


def integer(value: object, default: int = 0) -> int:
    """A whole number that may come as a string; `default` for everything else, and for what no number here can be."""
    try:
        number = int(value) if isinstance(value, float) and value.is_integer() else int(str(value))
    except ValueError:
        return default
    return number if abs(number) <= _LARGEST else default


def instant(value: object) -> datetime | None:
    """Unix seconds; None for `0`, empty and impossible ones, such as those beyond the year 2100."""
    seconds = integer(value)
    return datetime.fromtimestamp(seconds, UTC) if 0 < seconds <= _LAST_SECOND else None
