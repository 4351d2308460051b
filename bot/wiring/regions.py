"""Says in the log which regions of the settings Novita does not list: they end no start, and are never tried."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog

from bot.process.supervise import supervised
from bot.wiring.base import Base
from core.adapters.settings import unknown_regions
from core.domain.errors import NovitaError

log = structlog.get_logger(__name__)

_ASK_AGAIN = timedelta(seconds=10)


@contextlib.asynccontextmanager
async def compared(base: Base) -> AsyncIterator[None]:
    """One warning for each setting, as soon as Novita's list is at hand."""

    async def compare() -> None:
        known = await _regions(base)
        for variable, names in unknown_regions(base.settings, known).items():
            log.warning("region_unknown", setting=variable, regions=names, known=sorted(known))

    async with supervised(compare, name="regions"):
        yield


async def _regions(base: Base) -> set[str]:
    while True:
        with contextlib.suppress(NovitaError):
            return {region.name for region in (await base.catalog.get_market()).regions}
        await base.clock.sleep(_ASK_AGAIN)
