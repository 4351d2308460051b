"""What Novita sells: regions, products and templates, kept at hand so that no person waits for them.

The market (regions, products, stock) is fetched by one process at a time and shared through the store. Templates stay
in each process's memory, because their environment values are secrets.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine, Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Protocol

import structlog

from core.domain.base import BillingMode
from core.domain.clock import Clock, is_within
from core.domain.errors import NovitaError, NovitaUnclear, StoreUnavailable
from core.domain.market import Market, Price, Product, Region
from core.domain.template import Template
from core.services import stock
from core.services.concurrency import end_all, for_each

log = structlog.get_logger(__name__)

CHANNELS = ("official", "private")
"""The template channels that people choose from (API.md, Templates)."""

_PARALLEL_CALLS = 8
_STAMP_UNIT = timedelta(milliseconds=1)
"""The store's. A market of another time than the one at hand is taken, an earlier one too: a clock may be set back."""
_TEMPLATES_TTL = timedelta(minutes=5)
_OTHERS_FETCH = timedelta(seconds=15)
"""How long a cold process waits for the market that another process is fetching."""
_LOOK_PAUSE = timedelta(milliseconds=200)


class Novita(stock.Novita, Protocol):
    """What the catalog reads of Novita (core.adapters.novita.NovitaClient)."""

    async def regions(self) -> list[Region]: ...
    async def templates(self, channel: str) -> list[Template]: ...
    async def template(self, template_id: str) -> Template: ...


class MarketStore(stock.StockStore, Protocol):
    """Where processes share the market (core.adapters.redis.Store)."""

    async def market_as_of(self) -> datetime | None: ...
    async def load_market(self) -> Market | None: ...
    async def save_market(self, market: Market) -> None: ...
    async def claim_refresh(self) -> bool: ...
    async def release_refresh(self) -> None: ...


class Catalog:
    """The market and the templates as this process knows them; `market` and `templates` answer from memory."""

    def __init__(self, novita: Novita, store: MarketStore, clock: Clock, *, ttl: timedelta) -> None:
        self._novita = novita
        self._store = store
        self._clock = clock
        self._ttl = ttl
        self.market: Market | None = None
        """The newest market known here, however old; None while there is none."""
        self._templates: dict[str, Template] = {}
        self._templates_as_of: datetime | None = None
        self._underway: dict[str, asyncio.Task[Any]] = {}
        self._stocks = stock.Stocks(novita, store, clock, ttl=ttl)

    async def get_market(self) -> Market:
        """The market at hand; waits only while there is none at all. Raises NovitaError when it cannot be had."""
        if self.market is None:
            await self._once("market", self._first_market())
        if self.market is None:
            raise NovitaUnclear("Novita's price list is not at hand yet", is_read=True)
        return self.market

    async def get_market_for(self, gpu_num: int, *modes: BillingMode, patience: timedelta = stock.PATIENCE) -> Market:
        """The market with the stock of so many GPUs at once under these billing modes; waits at most `patience` more.

        Raises NovitaError as `get_market` does.
        """
        return await self._stocks.fitted(await self.get_market(), gpu_num, modes, patience=patience)

    def market_at_hand(self, market: Market, gpu_num: int, *modes: BillingMode) -> Market:
        """A market with what is known now of the stock of so many GPUs; the rest is asked for meanwhile."""
        return self._stocks.at_hand(market, gpu_num, modes)

    async def get_template(self, template_id: str) -> Template:
        """A template by id, from Novita when it is not at hand. Raises NovitaError, NotFound among them."""
        known = self._templates.get(template_id)
        if known is None:
            known = await self._once(f"template {template_id}", self._novita.template(template_id))
            self._templates[template_id] = known
        return known

    async def get_templates(self) -> list[Template]:
        """The templates at hand; waits only while there are none at all. Raises NovitaError when they cannot be had."""
        if not self._templates:
            await self._once("templates", self.refresh_templates())
        return self.templates

    def template_name(self, template_id: str) -> str:
        """What people call a template, empty when it is not at hand."""
        known = self._templates.get(template_id)
        return known.name if known else ""

    def template_env_names(self, template_id: str) -> tuple[str, ...]:
        """The variables that a template brings; none when it is not at hand."""
        known = self._templates.get(template_id)
        return tuple(sorted(known.envs)) if known else ()

    def prefetch_template(self, template_id: str) -> None:
        """Begins to fetch a template that is not at hand, so that `get_template` has less to wait for."""
        if template_id not in self._templates:
            self._begin(f"template {template_id}", self._novita.template(template_id))

    @property
    def templates(self) -> list[Template]:
        """The templates at hand."""
        return list(self._templates.values())

    async def refresh(self, older_than: timedelta | None = None) -> None:
        """Brings the market up to date: from the store when another process has been there, else from Novita.

        Only what is older than `older_than` (default: the ttl) is fetched anew. Raises StoreUnavailable or NovitaError.
        """
        as_of = await self._store.market_as_of()
        span = self._ttl if older_than is None else older_than
        is_old = as_of is None or not is_within(as_of, span, self._clock.now())
        if is_old and await self._store.claim_refresh():
            await self._once("fetch", self._fetch_for_all())
            return
        if as_of is not None and (self.market is None or abs(self.market.as_of - as_of) >= _STAMP_UNIT):
            await self.take_from_store()

    async def _fetch_for_all(self) -> None:
        """For every process; this one may want it from several sides at once, and the claim is the process's."""
        try:
            self.market = await self._fetch_market()
            await self._store.save_market(self.market)
        finally:
            await self._store.release_refresh()

    async def take_from_store(self) -> None:
        """Takes the market that is in the store, however old. Raises StoreUnavailable."""
        self.market = await self._store.load_market() or self.market

    async def refresh_templates(self) -> None:
        """Fetches the templates when those at hand are old. Raises NovitaError when no channel answers."""
        now = self._clock.now()
        if self._templates_as_of and is_within(self._templates_as_of, _TEMPLATES_TTL, now):
            return
        lists = await asyncio.gather(*(self._novita.templates(channel) for channel in CHANNELS), return_exceptions=True)
        refused = [answer for answer in lists if isinstance(answer, BaseException)]
        if refused and (len(refused) == len(CHANNELS) or not isinstance(refused[0], NovitaError)):
            raise refused[0]
        fetched = {t.id: t for templates in lists if not isinstance(templates, BaseException) for t in templates}
        if refused:
            log.warning("templates_partly_refreshed", error=str(refused[0]))
            fetched = self._templates | fetched
        else:
            self._templates_as_of = now
        self._templates = fetched

    async def keep_at_hand(self) -> None:
        """For a process that answers people: follows the market for ever and fetches it only when no worker does."""
        while True:
            for refresh in (partial(self.refresh, older_than=self._ttl * 2), self.refresh_templates):
                try:
                    await refresh()
                except (NovitaError, StoreUnavailable) as error:
                    log.warning("catalog_not_refreshed", error=str(error))
            await self._clock.sleep(self._ttl / 3)

    async def aclose(self) -> None:
        """Ends what is under way: it needs what is closed next."""
        await end_all(self._underway.values())
        await self._stocks.aclose()

    async def _first_market(self) -> None:
        """Fills an empty catalog; when another process is just fetching it, waits for that."""
        until = self._clock.now() + _OTHERS_FETCH
        while self.market is None and self._clock.now() < until:
            try:
                await self.refresh()
            except StoreUnavailable:
                self.market = await self._fetch_market()
            if self.market is None:
                await self._clock.sleep(_LOOK_PAUSE)

    async def _fetch_market(self) -> Market:
        """Two calls a region, because stock and prices are the region's and the billing's own (API.md, Products)."""
        as_of = self._clock.now()
        regions = await self._novita.regions()
        wanted = [(region, mode) for region in regions for mode in BillingMode]
        answers = await for_each(wanted, lambda pair: self._novita.products(*pair), _PARALLEL_CALLS)
        listed: list[Product] = []
        for (region, mode), answer in zip(wanted, answers, strict=True):
            if isinstance(answer, NovitaError):
                log.warning("region_not_refreshed", region=region.name, billing_mode=mode.value, error=str(answer))
                listed.extend(self._last_known(region, mode))
            elif isinstance(answer, BaseException):
                raise answer
            else:
                listed.extend(answer)
        if regions and all(isinstance(answer, NovitaError) for answer in answers):
            raise NovitaUnclear("no region's products could be fetched", is_read=True)
        return Market(as_of=as_of, regions=tuple(regions), products=tuple(_merged(listed)))

    def _last_known(self, region: Region, mode: BillingMode) -> list[Product]:
        """What was known of a region that does not answer now."""
        known = self.market.products if self.market else ()
        return [_sold_as(product, mode) for product in known if product.region == region and mode in product.prices]

    async def _once(self, name: str, work: Coroutine[Any, Any, Any]) -> Any:
        """Awaits `work`, or the same work that is under way already."""
        return await asyncio.shield(self._begin(name, work))

    def _begin(self, name: str, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        task = self._underway.get(name)
        if task is not None:
            work.close()
            return task
        task = self._underway[name] = asyncio.create_task(work, name=f"catalog {name}")
        task.add_done_callback(lambda done: self._forget(name, done))
        return task

    def _forget(self, name: str, done: asyncio.Task[Any]) -> None:
        self._underway.pop(name, None)
        if not done.cancelled() and done.exception() is None and isinstance(done.result(), Template):
            self._templates[done.result().id] = done.result()


def _sold_as(product: Product, mode: BillingMode) -> Product:
    return product.replace(prices={mode: product.prices[mode]})


def _merged(products: Iterable[Product]) -> list[Product]:
    """One product per region and id, with the prices of all its billing modes."""
    merged: dict[tuple[str, str], Product] = {}
    for product in products:
        key = (product.region.id, product.id)
        prices: dict[BillingMode, Price] = merged[key].prices if key in merged else {}
        merged[key] = product.replace(prices={**prices, **product.prices})
    return list(merged.values())
