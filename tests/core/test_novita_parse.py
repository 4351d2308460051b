"""Reading Novita's JSON: tolerant of what it may hold, unclear about what it must hold, and nothing in between."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.adapters.novita import parse
from core.domain.base import BillingMode
from core.domain.errors import NovitaUnclear
from core.domain.market import Price, Product, Region, Stock
from core.domain.request import DISK_MAX_GB

HERE = Region(id="us-ca-6", name="US-CA-06")
ROW: dict[str, Any] = {
    "id": "4090.16c62g",
    "name": "RTX 4090 24GB",
    "cpuPerGpu": "16",
    "memoryPerGpu": 62,
    "availableDeploy": True,
    "maxRootFS": "300",
    "price": "35000",
    "spotPrice": "18000",
    "billingMethods": ["onDemand", "spot"],
    "inventoryState": "low",
}

READERS: list[Callable[[parse.Json], object]] = [
    parse.created_id,
    parse.regions,
    lambda body: parse.products(body, HERE, BillingMode.SPOT),
    parse.templates,
    parse.template,
    parse.instances,
    parse.instance,
]

KEYS = [
    *("data", "template", "instances", "instance", "total", "id", "Id", "name", "price", "spotPrice"),
    *("billingMethods", "inventoryState", "availableDeploy", "maxRootFS", "rootfsSize", "ports", "type", "port"),
    *("tools", "envs", "key", "value", "volumes", "statusError", "state", "message", "portMappings", "endpoint"),
    *("spotReclaimTime", "clusterName", "clusterId", "status"),
]

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.sampled_from(["0", "18000", "-1"])
json_values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=6),
    max_leaves=25,
)


@given(st.dictionaries(st.sampled_from(KEYS), json_values, max_size=6), st.sampled_from(READERS))
def test_no_json_makes_a_reader_raise_anything_but_unclear(body: dict[str, Any], read: Any) -> None:
    with suppress(NovitaUnclear):
        read(parse.parse(json.dumps(body).encode()))


@given(st.binary())
def test_no_bytes_make_parsing_raise_anything_but_unclear(content: bytes) -> None:
    with suppress(NovitaUnclear):
        assert isinstance(parse.parse(content), dict)


@pytest.mark.parametrize("content", [b"", b"[]", b"null", b"<html>", b"[" * 100_000, b'{"id": "\xff"}'])
def test_a_body_that_is_no_object_is_unclear(content: bytes) -> None:
    with pytest.raises(NovitaUnclear):
        parse.parse(content)


def sold(**changes: Any) -> list[Product]:
    return parse.products({"data": [ROW | changes]}, HERE, BillingMode.SPOT)


def test_a_product_is_read_with_strings_for_numbers() -> None:
    assert sold() == [
        Product(
            id="4090.16c62g",
            name="RTX 4090 24GB",
            region=HERE,
            prices={BillingMode.SPOT: Price(usd=Decimal("0.18"), stock=Stock.LOW)},
            cpu_per_gpu=16,
            memory_per_gpu=62,
            max_disk=300,
        )
    ]


@pytest.mark.parametrize("price", ["0", "", None, "free", -5, "1e5", True, [], float("inf")])
def test_a_product_without_a_usable_price_is_left_out(price: object) -> None:
    assert sold(spotPrice=price) == []


@pytest.mark.parametrize("price", ["18000", 18000, 18000.0])
def test_a_price_may_be_a_string_or_a_number(price: object) -> None:
    assert sold(spotPrice=price)[0].prices[BillingMode.SPOT].usd == Decimal("0.18")


def test_a_product_that_lacks_the_billing_method_is_left_out() -> None:
    assert sold(billingMethods=["onDemand"]) == []
    assert len(sold(billingMethods=None)) == 1


@pytest.mark.parametrize(
    ("changes", "stock"),
    [
        ({"inventoryState": "none"}, Stock.NONE),
        ({"availableDeploy": False}, Stock.NONE),
        ({"inventoryState": "plenty"}, Stock.UNKNOWN),
        ({"inventoryState": None}, Stock.UNKNOWN),
        ({"inventoryState": "high"}, Stock.HIGH),
    ],
)
def test_stock_is_novitas_word_or_unknown(changes: dict[str, Any], stock: Stock) -> None:
    assert sold(**changes)[0].prices[BillingMode.SPOT].stock is stock


def test_a_missing_disk_limit_is_the_documented_one() -> None:
    assert sold(maxRootFS="")[0].max_disk == DISK_MAX_GB


@pytest.mark.parametrize(
    ("shown", "name", "place"),
    [
        ("US-CA-06 (California)", "US-CA-06", "California"),
        ("US-CA-06", "US-CA-06", ""),
        ("", "us-ca-6", ""),
    ],
)
def test_a_region_name_is_what_stands_before_the_place(shown: str, name: str, place: str) -> None:
    body: parse.Json = {"data": [{"id": "us-ca-6", "name": shown, "availableGpuType": {}}]}
    assert parse.regions(body) == [Region(id="us-ca-6", name=name, place=place)]


@pytest.mark.parametrize("listed", [None, []])
def test_an_empty_listing_may_be_null(listed: object) -> None:
    assert parse.regions({"data": listed}) == []
    assert parse.instances({"instances": listed, "total": 0}).rows == ()


@pytest.mark.parametrize("body", [{}, {"instances": "none"}, {"instances": {}}, {"message": "try later"}])
def test_a_listing_without_rows_is_unclear(body: parse.Json) -> None:
    with pytest.raises(NovitaUnclear):
        parse.instances(body)


@pytest.mark.parametrize(("total", "read"), [("7", 7), (7, 7), (None, None), ("", None), ("many", None)])
def test_a_total_may_be_a_string_or_missing(total: object, read: int | None) -> None:
    assert parse.instances({"instances": [], "total": total}).total == read


WRAPPED = pytest.mark.parametrize(
    "wrap",
    [
        lambda row: row,
        lambda row: {"instance": row},
        lambda row: {"data": row},
        lambda row: {"data": {"instance": row}},
        lambda row: {"code": 0, "data": row},
    ],
)


@WRAPPED
def test_what_there_is_to_connect_to_is_read_bare_or_wrapped(wrap: Callable[[parse.Json], parse.Json]) -> None:
    row: parse.Json = {
        "id": "3f9a",
        "connectComponentSSH": {"sshCommand": "ssh -p 1 root@host", "password": "pw"},
        "portMappings": [{"port": 8188, "endpoint": "https://there.example", "type": "http"}],
    }
    read = parse.connection(wrap(row))
    assert (read.ssh_command, read.ssh_password.get_secret_value()) == ("ssh -p 1 root@host", "pw")
    assert [endpoint.port for endpoint in read.endpoints] == [8188]


@WRAPPED
def test_the_id_of_what_was_made_is_read_bare_or_wrapped(wrap: Callable[[parse.Json], parse.Json]) -> None:
    assert parse.created_id(wrap({"id": "3f9a"})) == "3f9a"


@pytest.mark.parametrize("wrap", [lambda body: body, lambda body: {"data": body}])
def test_listings_templates_and_the_balance_are_read_bare_or_wrapped(
    wrap: Callable[[parse.Json], parse.Json],
) -> None:
    assert parse.instances(wrap({"instances": [{"id": "3f9a"}], "total": "1"})).total == 1
    assert parse.templates(wrap({"template": [{"Id": 7}], "total": 1})).rows[0].id == "7"
    assert parse.template(wrap({"template": {"Id": 7}})).id == "7"
    assert parse.balance(wrap({"availableBalance": "10000"})) == 1


@WRAPPED
def test_an_instance_is_read_bare_or_wrapped(wrap: Callable[[parse.Json], parse.Json]) -> None:
    row: parse.Json = {"id": "3f9a", "status": "pulling", "clusterName": "US-CA-06 (California)"}
    read = parse.instance(wrap(row))
    assert (read.id, read.status, read.region) == ("3f9a", "pulling", "US-CA-06")


@pytest.mark.parametrize("seconds", ["0", "", None, "-1", "9" * 30, "soon"])
def test_an_impossible_reclaim_time_is_none(seconds: object) -> None:
    assert parse.instance({"id": "3f9a", "spotReclaimTime": seconds}).spot_reclaim_at is None


def test_a_port_without_an_endpoint_is_no_endpoint() -> None:
    mappings = [{"port": 80, "type": "http"}, {"port": "81", "type": "http", "endpoint": "https://x"}, None]
    (endpoint,) = parse.instance({"id": "3f9a", "portMappings": mappings}).endpoints
    assert (endpoint.port, endpoint.url) == (81, "https://x")


@pytest.mark.parametrize("body", [{}, {"id": ""}, {"id": None}, {"id": {}}])
def test_a_success_without_an_id_is_unclear(body: parse.Json) -> None:
    with pytest.raises(NovitaUnclear):
        parse.created_id(body)


def test_a_template_may_have_nulls_for_lists_and_a_small_id() -> None:
    template = parse.template({"template": {"id": 107, "ports": None, "tools": None, "envs": None, "volumes": None}})
    assert (template.id, template.name, template.ports, template.has_local_volumes) == ("107", "107", (), False)


def test_the_values_of_a_template_do_not_show_in_its_repr() -> None:
    template = parse.template({"template": {"Id": "1", "envs": [{"key": "TOKEN", "value": "hf_secret"}]}})
    assert template.envs["TOKEN"].get_secret_value() == "hf_secret"
    assert "hf_secret" not in repr(template) + template.model_dump_json()


@pytest.mark.parametrize("amount", ["", None, "much", True, [], {}, "NaN", "Infinity", "1e999999", "-1e20"])
def test_a_balance_without_a_usable_amount_is_unclear(amount: object) -> None:
    with pytest.raises(NovitaUnclear):
        parse.balance({"availableBalance": amount})


@pytest.mark.parametrize(("amount", "usd"), [("25000", "2.5"), (25000, "2.5"), ("-1", "-0.0001"), ("12.5", "0.00125")])
def test_a_balance_is_read_in_ten_thousandths_of_a_dollar(amount: object, usd: str) -> None:
    assert parse.balance({"availableBalance": amount}) == Decimal(usd)


@given(st.none() | st.text())
def test_a_date_that_is_none_is_unclear_and_nothing_worse(header: str | None) -> None:
    with suppress(NovitaUnclear):
        assert parse.date(header).tzinfo is not None
