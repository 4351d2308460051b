"""The stock of several GPUs at once: asked for when it is wanted, once for everybody, and never in the way."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from bot.sandbox.novita import Fault, SandboxNovita
from core.domain.base import BillingMode
from core.domain.market import Market, Stock
from core.services.stock import StockList, with_stock
from tests.core.processes import Process, process
from tests.core.samples import ADA, NOON, TurnedClock, market, product, request

SPOT, ON_DEMAND = BillingMode.SPOT, BillingMode.ON_DEMAND
RTX = "RTX 4090 24GB"
LONG = timedelta(seconds=60)
"""More than any machine needs."""


@pytest.fixture
async def web(sandbox: SandboxNovita, redis_url: str, clock: TurnedClock) -> AsyncIterator[Process]:
    made = process(sandbox, redis_url, clock)
    yield made
    await made.close()


def stocks(sale: Market, mode: BillingMode = SPOT, name: str = RTX) -> dict[tuple[str, str], Stock]:
    return {(p.region.name, p.id): p.prices[mode].stock for p in sale.named(name) if mode in p.prices}


def asked_for(sandbox: SandboxNovita, gpu_num: int) -> int:
    return sum(call.query.get("gpuNum") == str(gpu_num) for call in sandbox.calls_of("products"))


ONE, TWO, THREE = product("CN-HK-01"), product("AS-SGP-02"), product("OC-AU-01", stock=Stock.NONE)


@pytest.mark.parametrize(
    ("regions", "expected"),
    [
        ({"cn-hk-01": {"4090.16c62g": Stock.LOW}}, [Stock.LOW, Stock.UNKNOWN, Stock.NONE]),
        ({"cn-hk-01": {}}, [Stock.NONE, Stock.UNKNOWN, Stock.NONE]),
        ({"cn-hk-01": {"4090.16c62g": Stock.NONE}}, [Stock.NONE, Stock.UNKNOWN, Stock.NONE]),
        ({"oc-au-01": {"4090.16c62g": Stock.HIGH}}, [Stock.UNKNOWN, Stock.UNKNOWN, Stock.HIGH]),
        (None, [Stock.UNKNOWN, Stock.UNKNOWN, Stock.NONE]),
    ],
)
def test_what_a_region_did_not_say_of_so_many_is_unknown_and_what_it_does_not_list_is_none(
    regions: dict[str, dict[str, Stock]] | None, expected: list[Stock]
) -> None:
    sale = market(ONE, TWO, THREE)
    listed = None if regions is None else StockList(as_of=NOON, regions=regions)
    fitted = with_stock(sale, {SPOT: listed})
    assert [p.prices[SPOT].stock for p in fitted.products] == expected
    assert [p.prices[SPOT].usd for p in fitted.products] == [p.prices[SPOT].usd for p in sale.products]


async def test_what_is_sold_out_for_eight_is_shown_so_and_the_price_per_gpu_stays(
    web: Process, sandbox: SandboxNovita
) -> None:
    sandbox.sell_at_most("CN-HK-01", 7, RTX)
    single, eight = await web.catalog.get_market(), await web.catalog.get_market_for(8, SPOT, patience=LONG)
    assert stocks(single)["CN-HK-01", "4090.16c62g"] is Stock.NORMAL
    assert stocks(eight)["CN-HK-01", "4090.16c62g"] is Stock.NONE
    assert stocks(eight)["AS-SGP-02", "4090.16c62g"] is Stock.HIGH
    assert stocks(await web.catalog.get_market_for(7, SPOT, patience=LONG)) == stocks(single)
    assert {p.id: p.prices[SPOT].usd for p in eight.named(RTX)} == {p.id: p.prices[SPOT].usd for p in single.named(RTX)}


async def test_it_is_asked_once_a_region_for_what_is_wanted_and_shared_with_the_others(
    web: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    regions = len((await web.catalog.get_market()).regions)
    first, *others = await asyncio.gather(*(web.catalog.get_market_for(8, SPOT, patience=LONG) for _ in range(5)))
    assert all(each is first for each in others)
    assert (asked_for(sandbox, 8), asked_for(sandbox, 7)) == (regions, 0)
    other = process(sandbox, redis_url, clock)
    assert stocks(await other.catalog.get_market_for(8, SPOT, patience=LONG)) == stocks(first)
    await web.catalog.get_market_for(1, SPOT, ON_DEMAND, patience=LONG)
    assert asked_for(sandbox, 8) == regions
    clock.turn(seconds=29)
    await web.catalog.get_market_for(8, SPOT, patience=LONG)
    assert asked_for(sandbox, 8) == regions
    clock.turn(seconds=1)
    await web.catalog.get_market_for(8, SPOT, patience=LONG)
    assert asked_for(sandbox, 8) == 2 * regions
    await other.close()


async def test_a_novita_that_does_not_answer_makes_it_unknown_and_holds_nobody_up(
    web: Process, sandbox: SandboxNovita
) -> None:
    await web.catalog.get_market()
    sandbox.fail_all(Fault.hang(has_effect=False), "products")
    nothing = await web.catalog.get_market_for(8, SPOT, patience=timedelta(seconds=0.01))
    assert set(stocks(nothing).values()) == {Stock.UNKNOWN, Stock.NONE}
    sandbox.clear_faults()


async def test_what_was_known_is_shown_for_two_minutes_while_novita_is_away(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    sandbox.sell_at_most("CN-HK-01", 1, RTX)
    known = stocks(await web.catalog.get_market_for(2, SPOT, patience=LONG))
    sandbox.fail_all(Fault.refused(400, "SOMETHING"), "products")
    clock.turn(seconds=119)
    assert stocks(await web.catalog.get_market_for(2, SPOT, patience=LONG)) == known
    clock.turn(seconds=1)
    assert Stock.UNKNOWN in stocks(await web.catalog.get_market_for(2, SPOT, patience=LONG)).values()


async def test_a_create_of_eight_tries_first_where_there_are_eight(web: Process, sandbox: SandboxNovita) -> None:
    sandbox.sell_at_most("AS-SGP-02", 4, RTX)
    await web.catalog.get_market()
    asked = len(sandbox.calls_of("products"))
    await web.catalog.get_market_for(8, SPOT, patience=LONG)
    launch = await web.begin(request(gpu_num=8), owner=ADA, key="view:V1")
    made = await web.launcher.finish(launch)
    assert [attempt.region for attempt in made.attempts] == ["CN-HK-01"]
    assert len(sandbox.calls_of("products")) - asked == len((await web.catalog.get_market()).regions)
