"""Instances, their connections and the account's balance, read from Novita's JSON."""

from __future__ import annotations

from collections.abc import Iterator
from decimal import Decimal, InvalidOperation

from pydantic import SecretStr

from core.adapters.novita.paging import Page
from core.adapters.novita.parse.market import LARGEST_PRICE, PRICE_UNIT, split_region_name
from core.adapters.novita.parse.values import (
    Json,
    holding,
    instant,
    integer,
    listed_rows,
    page,
    part_of,
    rows_of,
    said,
    text,
    unwrapped,
)
from core.domain.errors import NovitaUnclear
from core.domain.novita import Connection, Endpoint, NovitaInstance

BALANCE_UNIT = Decimal(10_000)
"""A balance of 1 means 1/10000 USD (API.md, Balance)."""
_LARGEST_BALANCE = Decimal(10) ** 15


def instances(body: Json) -> Page[NovitaInstance]:
    """`GET /gpu/instances`."""
    body = holding(body, "instances")
    return page(body, "instances", [_instance(row) for row in listed_rows(body, "instances") if text(row.get("id"))])


def instance(body: Json) -> NovitaInstance:
    """`GET /gpu/instance`. Raises NovitaUnclear without an id."""
    row = unwrapped(body, "instance", "data")
    if not text(row.get("id")):
        raise NovitaUnclear("an instance without an id")
    return _instance(row).replace(is_detailed=True)


def connection(body: Json) -> Connection:
    """How to reach the instance in `GET /gpu/instance`: all of it secret."""
    body = unwrapped(body, "instance", "data")
    ssh, jupyter = part_of(body, "connectComponentSSH"), part_of(body, "connectComponentJupyter")
    web_terminal, logs = part_of(body, "connectComponentWebTerminal"), part_of(body, "connectComponentLog")
    return Connection(
        ssh_command=text(ssh.get("sshCommand")),
        ssh_password=SecretStr(text(ssh.get("password"))),
        jupyter_url=text(jupyter.get("address")),
        web_terminal_url=text(web_terminal.get("address")),
        instance_log_url=text(logs.get("instanceLogAddress")),
        system_log_url=text(logs.get("systemLogAddress")),
        endpoints=tuple(_endpoints(body)),
    )


def _instance(row: Json) -> NovitaInstance:
    error = row.get("statusError")
    error = error if isinstance(error, dict) else {}
    name, _ = split_region_name(text(row.get("clusterName")))
    return NovitaInstance(
        id=text(row.get("id")),
        name=text(row.get("name")),
        status=said(row.get("status")),
        region=name or text(row.get("clusterId")),
        region_id=text(row.get("clusterId")),
        product_id=text(row.get("productId")),
        product_name=text(row.get("productName")),
        image=text(row.get("imageUrl")),
        gpu_num=integer(row.get("gpuNum")),
        disk_gb=integer(row.get("rootfsSize")),
        price=_hourly(row),
        created_at=instant(row.get("createdAt")),
        error_state=said(error.get("state")),
        error_message=said(error.get("message")),
        endpoints=tuple(_endpoints(row)),
        billing_mode=text(row.get("billingMode")),
        started_at=instant(row.get("lastStartedAt")) or instant(row.get("startedAt")),
        stopped_at=instant(row.get("lastStoppedAt")) or instant(row.get("stoppedAt")),
        spot_status=text(row.get("spotStatus")),
        spot_reclaim_at=instant(row.get("spotReclaimTime")),
        data_until=instant(row.get("releaseDataAt")),
    )


def _hourly(row: Json) -> Decimal | None:
    """USD per GPU-hour, in the unit of the products' prices; None where Novita does not say."""
    units = integer(row.get("instancePrice"))
    return Decimal(units) / PRICE_UNIT if 0 < units < LARGEST_PRICE else None


def _endpoints(row: Json) -> Iterator[Endpoint]:
    for mapping in rows_of(row, "portMappings"):
        if url := text(mapping.get("endpoint")):
            yield Endpoint(port=integer(mapping.get("port")), type=text(mapping.get("type")), url=url)


def balance(body: Json) -> Decimal:
    """`GET /openapi/v1/billing/balance/detail`: USD that can still be spent; below zero when money is owed."""
    try:
        units = Decimal(str(holding(body, "availableBalance").get("availableBalance")))
    except InvalidOperation as error:
        raise NovitaUnclear("a balance without its amount") from error
    if not units.is_finite() or abs(units) > _LARGEST_BALANCE:
        raise NovitaUnclear("a balance that is none")
    return units / BALANCE_UNIT
