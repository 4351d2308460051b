"""The market as all processes share it: what was last fetched of it, and who is to fetch it now."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import structlog

from core.adapters.redis.commands import Commands, instant, key_of, ms
from core.adapters.redis.documents import Kind, NotReadable, stamped
from core.adapters.redis.migrations import read_value
from core.domain.base import BillingMode
from core.domain.market import Market
from core.services.stock import StockList

log = structlog.get_logger(__name__)

_REFRESH_HOLD = timedelta(seconds=30)


class SharedMarket(Commands):
    """Part of the store. Every method raises StoreUnavailable when Redis cannot answer."""

    async def market_as_of(self) -> datetime | None:
        stamp = await self._again(lambda: self._redis.hget(key_of("market"), "as_of"))
        return instant(stamp) if stamp else None

    async def load_market(self) -> Market | None:
        json = await self._again(lambda: self._redis.hget(key_of("market"), "json"))
        try:
            return read_value(Kind.MARKET, Market, json) if json else None
        except NotReadable as error:
            log.warning("market_not_readable", error=str(error))
            return None

    async def save_market(self, market: Market) -> None:
        fields: dict[Any, Any] = {
            "json": stamped(Kind.MARKET, market.model_dump_json()),
            "as_of": str(ms(market.as_of)),
        }
        await self._again(lambda: self._redis.hset(key_of("market"), mapping=fields))

    async def load_stock(self, gpu_num: int, mode: BillingMode) -> StockList | None:
        """The stock of so many GPUs at once, as some process has last asked for it."""
        json = await self._again(lambda: self._redis.hget(key_of("market:stock"), f"{gpu_num} {mode.value}"))
        try:
            return read_value(Kind.STOCK, StockList, json) if json else None
        except NotReadable as error:
            log.warning("stock_not_readable", error=str(error))
            return None

    async def save_stock(self, gpu_num: int, mode: BillingMode, stock: StockList) -> None:
        fields: dict[Any, Any] = {f"{gpu_num} {mode.value}": stamped(Kind.STOCK, stock.model_dump_json())}
        await self._again(lambda: self._redis.hset(key_of("market:stock"), mapping=fields))

    async def claim_refresh(self) -> bool:
        """Whether this process is the one to fetch the market now."""
        key = key_of("market:refreshing")
        claimed = await self._again(lambda: self._redis.set(key, self.holder, nx=True, px=_REFRESH_HOLD))
        return bool(claimed) or await self._again(lambda: self._redis.get(key)) == self.holder

    async def release_refresh(self) -> None:
        await self._again(lambda: self._redis.delete(key_of("market:refreshing")))
