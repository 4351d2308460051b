"""Ranking offers."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.base import BillingMode
from core.domain.market import Market, Product, Stock
from core.domain.offers import disk_limits, on_sale, rank, sale_of
from tests.core.samples import market, product, request

PRIORITY = ("AS-SGP-02", "CN-HK-01")


def _order(sale: Market, **changes: object) -> list[str]:
    return [offer.region.name for offer in rank(sale, request(**changes), PRIORITY)]


def test_the_preferred_region_leads_then_priority_then_the_cheapest_of_the_others() -> None:
    sale = market(
        product("EU-GB-01", "0.40"),
        product("OC-AU-01", "0.30"),
        product("CN-HK-01", "0.50"),
        product("AS-SGP-02", "0.60"),
        product("US-CA-06", "0.70"),
    )
    assert _order(sale, region="US-CA-06") == ["US-CA-06", "AS-SGP-02", "CN-HK-01", "OC-AU-01", "EU-GB-01"]


def test_the_preferred_region_leads_wherever_it_stands_among_the_others() -> None:
    sale = market(product("AS-SGP-02", "0.60"), product("CN-HK-01", "0.50"), product("EU-GB-01", "0.40"))
    assert _order(sale, region="CN-HK-01") == ["CN-HK-01", "AS-SGP-02", "EU-GB-01"]
    assert _order(sale, region="gone") == _order(sale) == ["AS-SGP-02", "CN-HK-01", "EU-GB-01"]


@pytest.mark.parametrize(("disk", "fits"), [(9, False), (10, True), (300, True), (301, False)])
def test_a_disk_fits_from_the_smallest_to_the_largest_that_is_taken(disk: int, *, fits: bool) -> None:
    sale = market(product("CN-HK-01", max_disk=300))
    assert bool(rank(sale, request(rootfs_size=disk))) is fits


def test_inside_a_region_cheaper_then_more_memory_then_more_cpu_then_id_decides() -> None:
    sale = market(
        product("X", "0.20", product_id="d", memory=100),
        product("X", "0.20", product_id="c", memory=100, cpu=32),
        product("X", "0.20", product_id="b", memory=100, cpu=32),
        product("X", "0.20", product_id="a", memory=62),
        product("X", "0.19", product_id="z", memory=8),
    )
    assert [offer.product_id for offer in rank(sale, request())] == ["z", "b", "c", "d", "a"]


def test_every_region_is_tried_once_before_any_region_is_tried_twice() -> None:
    sale = market(
        product("AS-SGP-02", product_id="one"),
        product("AS-SGP-02", "0.90", product_id="two"),
        product("CN-HK-01", "0.95", product_id="one"),
    )
    assert _order(sale) == ["AS-SGP-02", "CN-HK-01", "AS-SGP-02"]


def test_what_the_listing_calls_out_of_stock_goes_last_but_is_not_left_out() -> None:
    sale = market(product("AS-SGP-02", stock=Stock.NONE), product("CN-HK-01"), product("EU-GB-01", stock=Stock.LOW))
    assert _order(sale, region="AS-SGP-02") == ["CN-HK-01", "EU-GB-01", "AS-SGP-02"]


def test_a_product_not_sold_under_the_billing_is_never_offered_under_another() -> None:
    sale = market(product("CN-HK-01", mode=BillingMode.ON_DEMAND))
    assert rank(sale, request()) == []
    assert on_sale(sale.products, BillingMode.SPOT) is None


def test_a_disk_that_does_not_fit_leaves_the_product_out() -> None:
    sale = market(product("CN-HK-01", max_disk=100), product("EU-GB-01", max_disk=500))
    assert _order(sale, rootfs_size=200) == ["EU-GB-01"]
    assert disk_limits(sale.products) == (10, 500)


_products = st.builds(
    product,
    st.sampled_from(["CN-HK-01", "AS-SGP-02", "EU-GB-01", "US-CA-06"]),
    st.decimals("0.01", "9", places=2).map(str),
    product_id=st.sampled_from(["a", "b", "c"]),
    stock=st.sampled_from(Stock),
    mode=st.sampled_from(BillingMode),
)


@given(st.lists(_products, max_size=20), st.sampled_from([None, "CN-HK-01", "gone"]), st.sampled_from(BillingMode))
def test_ranking_offers_exactly_what_fits_each_once(
    products: list[Product], wanted: str | None, mode: BillingMode
) -> None:
    offers = rank(market(*products), request(region=wanted, billing_mode=mode), PRIORITY)
    assert sorted((o.region.name, o.product_id, o.price) for o in offers) == sorted(
        (p.region.name, p.id, p.prices[mode].usd) for p in products if mode in p.prices
    )
    assert all(offer.billing_mode is mode and isinstance(offer.price, Decimal) for offer in offers)


def test_a_price_at_which_there_is_nothing_left_is_never_the_one_from_which_it_is_sold() -> None:
    sale = on_sale(
        [
            product("AS-IN-01", "0.16", stock=Stock.NONE),
            product("AS-SGP-02", "0.19", stock=Stock.LOW),
            product("AS-SGP-02", "0.30", product_id="larger", stock=Stock.HIGH),
            product("EU-GB-01", "0.22", stock=Stock.UNKNOWN),
            product("US-CA-06", "0.90", stock=Stock.NONE),
        ],
        BillingMode.SPOT,
    )
    assert sale is not None
    assert (sale.low, sale.high, sale.stock) == (Decimal("0.19"), Decimal("0.30"), Stock.HIGH)
    assert sale.regions == ("AS-SGP-02", "EU-GB-01")
    assert not sale.is_sold_out


def test_what_is_sold_out_everywhere_says_so_with_the_prices_that_are_listed() -> None:
    sale = on_sale([product("A", "0.16", stock=Stock.NONE), product("B", "0.19", stock=Stock.NONE)], BillingMode.SPOT)
    assert sale is not None
    assert sale.is_sold_out
    assert (sale.low, sale.high, sale.regions) == (Decimal("0.16"), Decimal("0.19"), ("A", "B"))


def test_regions_without_room_for_the_disk_do_not_count() -> None:
    listed = [product("A", "0.16", max_disk=300), product("B", "0.19", max_disk=301)]
    for disk, regions in ((300, ("A", "B")), (301, ("B",))):
        sale = on_sale(listed, BillingMode.SPOT, disk)
        assert sale is not None
        assert sale.regions == regions
    assert on_sale(listed, BillingMode.SPOT, 302) is None


@given(st.lists(st.tuples(st.sampled_from("ABC"), st.decimals(0, 9, places=2), st.sampled_from(Stock)), max_size=6))
def test_the_listing_and_the_ranked_offers_say_the_same(listed: list[tuple[str, Decimal, Stock]]) -> None:
    sale = market(*(product(name, str(usd), product_id=str(i), stock=of) for i, (name, usd, of) in enumerate(listed)))
    one, other = on_sale(sale.products, BillingMode.SPOT, request().rootfs_size), sale_of(rank(sale, request()))
    assert (one is None) == (other is None)
    if one and other:
        assert (one.low, one.high, one.stock, set(one.regions)) == (
            other.low,
            other.high,
            other.stock,
            {*other.regions},
        )
