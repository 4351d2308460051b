"""The catalog against the make-believe Novita, shared through a real Redis."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
from redis.asyncio import Redis

from bot.sandbox.novita import Endpoint, Fault, SandboxNovita
from core.domain.base import BillingMode
from core.domain.errors import NotFound, NovitaError
from core.domain.market import Market, Stock
from tests.core.processes import Process, process
from tests.core.samples import TurnedClock


@pytest.fixture
async def web(sandbox: SandboxNovita, redis_url: str, clock: TurnedClock) -> AsyncIterator[Process]:
    made = process(sandbox, redis_url, clock)
    yield made
    await made.close()


async def test_the_market_has_each_regions_own_price_and_stock_for_each_billing(
    web: Process, sandbox: SandboxNovita
) -> None:
    sandbox.out_of_stock_in_listing("CN-HK-01", "RTX 4090 24GB")
    market = await web.catalog.get_market()
    offered = {(p.region.name, p.id): p for p in market.named("RTX 4090 24GB")}
    hong_kong, singapore = offered["CN-HK-01", "4090.16c62g"], offered["AS-SGP-02", "4090.16c62g"]
    assert hong_kong.prices[BillingMode.SPOT].stock is Stock.NONE
    assert singapore.prices[BillingMode.SPOT].usd == Decimal("0.1872")
    assert singapore.prices[BillingMode.ON_DEMAND].usd == Decimal("0.364")
    assert BillingMode.SPOT not in market.named("H200 SXM 141GB")[0].prices


async def test_however_many_ask_a_cold_process_fetches_the_market_once(web: Process, sandbox: SandboxNovita) -> None:
    first, *others = await asyncio.gather(*(web.catalog.get_market() for _ in range(20)))
    assert all(market is first for market in others)
    assert len(sandbox.calls_of("clusters")) == 1


async def test_a_second_process_takes_the_market_from_the_first_without_asking_novita(
    web: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    market = await web.catalog.get_market()
    asked = len(sandbox.calls)
    other = process(sandbox, redis_url, clock)
    assert await other.catalog.get_market() == market
    assert len(sandbox.calls) == asked
    await other.close()


async def test_an_old_market_is_fetched_anew_by_one_process_and_followed_by_the_others(
    web: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    other = process(sandbox, redis_url, clock)
    await web.catalog.get_market()
    await other.catalog.get_market()
    sandbox.set_price("CN-HK-01", "RTX 4090 24GB", price=99_000, spot_price=50_000)
    clock.turn(seconds=31)
    await asyncio.gather(web.catalog.refresh(), other.catalog.refresh())
    await asyncio.gather(web.catalog.refresh(), other.catalog.refresh())
    for each in (web, other):
        assert each.catalog.market is not None
        named = each.catalog.market.named("RTX 4090 24GB")
        prices = {product.region.name: product.prices[BillingMode.SPOT].usd for product in named}
        assert prices["CN-HK-01"] == Decimal("0.5")
    assert len(sandbox.calls_of("clusters")) == 2
    await other.close()


async def test_a_market_fetched_by_a_clock_that_was_ahead_is_fetched_anew_and_every_process_takes_the_new_one(
    web: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    other = process(sandbox, redis_url, clock)
    clock.turn(hours=2)
    for each in (web, other):
        await each.catalog.refresh()
    clock.turn(hours=-2)
    for each in (web, other):
        await each.catalog.refresh()
        assert each.catalog.market is not None
        assert each.catalog.market.as_of == clock.now()
    await other.close()


async def test_while_novita_is_away_the_last_market_stays_at_hand(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    market = await web.catalog.get_market()
    sandbox.fail_all(Fault.server_error())
    clock.turn(minutes=5)
    with pytest.raises(NovitaError):
        await web.catalog.refresh()
    assert await web.catalog.get_market() is market


@pytest.mark.parametrize("failing", [1, 2, 3])
async def test_a_region_that_does_not_answer_keeps_what_was_known_of_it(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock, failing: int
) -> None:
    """Its prices of every billing, also when both of its calls fail."""
    before = await web.catalog.get_market()
    clock.turn(seconds=31)
    sandbox.fail_next("products", Fault.refused(400, "SOMETHING"), times=failing)
    await web.catalog.refresh()
    assert web.catalog.market is not None
    assert web.catalog.market.as_of > before.as_of
    assert _offered(web.catalog.market) == _offered(before)


def _offered(market: Market) -> dict[tuple[str, str], dict[BillingMode, Decimal]]:
    return {
        (product.region.name, product.id): {mode: price.usd for mode, price in product.prices.items()}
        for product in market.products
    }


async def test_a_market_without_any_products_is_none(web: Process, sandbox: SandboxNovita) -> None:
    sandbox.fail_all(Fault.refused(400, "SOMETHING"), "products")
    with pytest.raises(NovitaError):
        await web.catalog.get_market()
    assert web.catalog.market is None


async def test_a_cold_process_without_novita_says_so(web: Process, sandbox: SandboxNovita) -> None:
    sandbox.fail_all(Fault.refused(401, "UNAUTHORIZED"))
    with pytest.raises(NovitaError):
        await web.catalog.get_market()


async def test_templates_come_from_both_channels_and_their_secrets_stay_out_of_redis(
    web: Process, sandbox: SandboxNovita, redis_url: str
) -> None:
    await web.catalog.get_market()
    await web.catalog.refresh_templates()
    assert {template.channel for template in web.catalog.templates} == {"official", "private"}
    async with Redis.from_url(redis_url) as redis:
        assert sorted(await redis.keys("*")) == [b"{gpu}:looked", b"{gpu}:market"]
        kept = await redis.hgetall("{gpu}:market")
        assert not [secret for secret in sandbox.secrets if secret.encode() in kept[b"json"]]


async def test_a_template_that_is_not_at_hand_is_fetched_once_by_id(web: Process, sandbox: SandboxNovita) -> None:
    web.catalog.prefetch_template("101")
    names = await asyncio.gather(*(web.catalog.get_template("101") for _ in range(5)))
    assert {template.name for template in names} == {"PyTorch 2.6"}
    assert [call.endpoint for call in sandbox.calls] == [Endpoint.TEMPLATE]
    with pytest.raises(NotFound):
        await web.catalog.get_template("999")


async def test_templates_are_fetched_again_when_they_are_old_and_only_then(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    await web.catalog.refresh_templates()
    await web.catalog.refresh_templates()
    assert len(sandbox.calls_of("templates")) == 2
    clock.instant += timedelta(minutes=6)
    await web.catalog.refresh_templates()
    assert len(sandbox.calls_of("templates")) == 4


async def test_whoever_asks_first_waits_for_the_templates_and_all_of_them_for_one_fetch(
    web: Process, sandbox: SandboxNovita
) -> None:
    lists = await asyncio.gather(*(web.catalog.get_templates() for _ in range(5)))
    assert all(len(found) == len(sandbox.templates) for found in lists)
    assert len(sandbox.calls_of("templates")) == 2


async def test_one_cold_process_fetches_the_market_once_whoever_wants_it(web: Process, sandbox: SandboxNovita) -> None:
    await asyncio.gather(web.catalog.get_market(), web.catalog.refresh(), web.catalog.get_market())
    assert len(sandbox.calls_of("clusters")) == 1


def fetches() -> list[str]:
    return [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("catalog ")]


async def test_what_is_under_way_is_ended_before_what_it_needs_is_closed(
    sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    made = process(sandbox, redis_url, clock)
    asking = asyncio.create_task(made.catalog.get_market())
    while "catalog fetch" not in fetches():  # noqa: ASYNC110
        await asyncio.sleep(0)
    await made.catalog.aclose()
    assert fetches() == []
    with pytest.raises(asyncio.CancelledError):
        await asking
    assert await made.store.claim_refresh(), "it was given back"
    await made.close()
