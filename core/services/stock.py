"""How much there is of several GPUs at once: what a region has of one says nothing of eight.

Asked of Novita only for a number that somebody wants, region by region side by side, and shared through the store.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from datetime import timedelta
from functools import partial
from typing import Protocol

import structlog

from core.domain.base import BillingMode, Instant, Value
from core.domain.clock import Clock, is_within
from core.domain.errors import NovitaError, StoreUnavailable
from core.domain.market import Market, Product, Region, Stock
from core.services.concurrency import end_all, for_each

log = structlog.get_logger(__name__)

PATIENCE = timedelta(seconds=2)
"""How long a create waits for it: the stock is a hint, and regions can be tried without one."""

_USABLE_FOR = timedelta(minutes=2)
"""How long what is known goes on being shown while Novita does not answer."""
_PARALLEL_CALLS = 16


class StockList(Value):
    """What each region says of so many GPUs under one billing mode; a region that did not answer is not in it."""

    as_of: Instant
    regions: dict[str, dict[str, Stock]]
    """A region's id -> a product's id -> its stock."""

    def of(self, product: Product) -> Stock:
        """A product that is not listed for so many GPUs cannot be had."""
        listed = self.regions.get(product.region.id)
        return Stock.UNKNOWN if listed is None else listed.get(product.id, Stock.NONE)


class Novita(Protocol):
    """What is asked of Novita (core.adapters.novita.NovitaClient)."""

    async def products(self, region: Region, billing_mode: BillingMode, gpu_num: int = 1) -> list[Product]: ...


class StockStore(Protocol):
    """Where processes share what they have asked for (core.adapters.redis.Store)."""

    async def load_stock(self, gpu_num: int, mode: BillingMode) -> StockList | None: ...
    async def save_stock(self, gpu_num: int, mode: BillingMode, stock: StockList) -> None: ...


Key = tuple[int, BillingMode]


class Stocks:
    """The stock of several GPUs as this process knows it. What is older than `ttl` is asked for anew when wanted."""

    def __init__(self, novita: Novita, store: StockStore, clock: Clock, *, ttl: timedelta) -> None:
        self._novita = novita
        self._store = store
        self._clock = clock
        self._ttl = ttl
        self._known: dict[Key, StockList] = {}
        self._underway: dict[Key, asyncio.Task[None]] = {}
        self._shown: dict[tuple[int, tuple[BillingMode, ...]], tuple[Market, list[StockList | None], Market]] = {}

    async def fitted(
        self, market: Market, gpu_num: int, modes: Iterable[BillingMode], *, patience: timedelta = PATIENCE
    ) -> Market:
        """The market with the stock of so many GPUs, as far as it is known within `patience`."""
        wanted = tuple(modes)
        waiting = [task for mode in wanted if (task := self._fetching(market, (gpu_num, mode)))]
        if waiting:
            await asyncio.wait(waiting, timeout=patience.total_seconds())
        return self._with_known(market, gpu_num, wanted)

    def at_hand(self, market: Market, gpu_num: int, modes: Iterable[BillingMode]) -> Market:
        """The same without waiting; what is not known yet is asked for meanwhile."""
        wanted = tuple(modes)
        for mode in wanted:
            self._fetching(market, (gpu_num, mode))
        return self._with_known(market, gpu_num, wanted)

    def _fetching(self, market: Market, key: Key) -> asyncio.Task[None] | None:
        """The fetch that is under way, or begins now; None when there is nothing to fetch."""
        if key[0] == 1 or self._is_known(key, self._ttl):
            return None
        if key not in self._underway:
            task = self._underway[key] = asyncio.create_task(self._fetch(market, key), name=f"stock {key}")
            task.add_done_callback(lambda done: self._over(key, done))
        return self._underway[key]

    async def aclose(self) -> None:
        """Ends what is under way."""
        await end_all(self._underway.values())

    def _over(self, key: Key, done: asyncio.Task[None]) -> None:
        self._underway.pop(key, None)
        if not done.cancelled() and (defect := done.exception()) is not None:
            log.error("stock_not_refreshed", gpu_num=key[0], exc_info=defect)

    def _is_known(self, key: Key, span: timedelta) -> bool:
        known = self._known.get(key)
        return known is not None and is_within(known.as_of, span, self._clock.now())

    async def _fetch(self, market: Market, key: Key) -> None:
        """From another process when that has asked already."""
        if await self._take_from_store(key):
            return
        as_of, regions = self._clock.now(), dict[str, dict[str, Stock]]()
        answers = await for_each(market.regions, partial(self._ask, key), _PARALLEL_CALLS)
        for region, answer in zip(market.regions, answers, strict=True):
            if isinstance(answer, NovitaError):
                log.warning("stock_not_refreshed", region=region.name, gpu_num=key[0], error=str(answer))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                regions[region.id] = answer
        if regions:
            self._known[key] = StockList(as_of=as_of, regions=regions)
            await self._put_in_store(key)

    async def _ask(self, key: Key, region: Region) -> dict[str, Stock]:
        gpu_num, mode = key
        products = await self._novita.products(region, mode, gpu_num)
        return {product.id: product.prices[mode].stock for product in products if mode in product.prices}

    async def _take_from_store(self, key: Key) -> bool:
        try:
            shared = await self._store.load_stock(*key)
        except StoreUnavailable:
            return False
        if shared is not None:
            self._known[key] = shared
        return self._is_known(key, self._ttl)

    async def _put_in_store(self, key: Key) -> None:
        try:
            await self._store.save_stock(*key, self._known[key])
        except StoreUnavailable as error:
            log.warning("stock_not_shared", error=str(error))

    def _with_known(self, market: Market, gpu_num: int, modes: tuple[BillingMode, ...]) -> Market:
        """The same object for as long as nothing has changed, since what is drawn of a market is kept."""
        if gpu_num == 1:
            return market
        lists = [self._usable((gpu_num, mode)) for mode in modes]
        shown = self._shown.get((gpu_num, modes))
        if shown is None or shown[0] is not market or shown[1] != lists:
            fitted = with_stock(market, dict(zip(modes, lists, strict=True)))
            shown = self._shown[gpu_num, modes] = market, lists, fitted
        return shown[2]

    def _usable(self, key: Key) -> StockList | None:
        return self._known[key] if self._is_known(key, max(self._ttl, _USABLE_FOR)) else None


def with_stock(market: Market, lists: Mapping[BillingMode, StockList | None]) -> Market:
    """The market with the stock of these lists; without one it is unknown, and where there is not even one, none."""
    return market.replace(products=tuple(_with_stock(product, lists) for product in market.products))


def _with_stock(product: Product, lists: Mapping[BillingMode, StockList | None]) -> Product:
    prices = dict(product.prices)
    for mode in lists.keys() & prices.keys():
        listed = lists[mode]
        stock = Stock.UNKNOWN if listed is None else listed.of(product)
        if prices[mode].stock is Stock.NONE and stock is Stock.UNKNOWN:
            continue
        prices[mode] = prices[mode].replace(stock=stock)
    return product.replace(prices=prices)
