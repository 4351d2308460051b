"""Whether the store still knows what it knew: after it was emptied or restored, leases are asked about, not ended.

A lease that was extended runs on by the newest record alone. When Redis was put back to an older state, people were
told of later ends than are written there; so nothing is stopped by such a record before they were asked once.

What tells a restored store from one that merely was not used for a while (every worker off for a night):
- A process that lived through it remembers more commits than the store does. A pause never does that.
- A worker that has just started finds, in its first look, an instance of this bot's that is on no record although the
  store knows of earlier looks: it was made, and its record written, after the state that the store has now.
- The server itself was started after the last look, and more than ten minutes later: it may have been filled from a
  backup. One that was switched off with everything else looks the same, so people may be asked once needlessly; the
  embedded server, which is switched off with its only host each night and has its own log, is taken at its word.
A server that is only started anew, or fails over, goes on from where it was within seconds, and nobody is asked.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

import structlog

from core.domain import transitions
from core.domain.instance import Instance
from core.services.outbox import UnitOfWork

log = structlog.get_logger(__name__)

RESTART_WITHIN = timedelta(minutes=10)
"""A server that is back this soon after the last look is taken to have its newest state."""


class Records(Protocol):
    """What is read of the store (core.adapters.redis.Store)."""

    async def live(self) -> list[Instance]: ...
    async def take_gone_back(self) -> bool: ...
    async def last_look(self) -> int | None: ...
    async def looked(self, outside: int) -> int: ...
    async def up_since(self) -> int | None: ...


class Continuity:
    """One process's memory of how far the store had come. Every method raises StoreUnavailable."""

    def __init__(self, records: Records, unit_of_work: UnitOfWork, *, is_embedded: bool = False) -> None:
        self._records = records
        self._unit_of_work = unit_of_work
        self._is_embedded = is_embedded
        self._has_begun = False
        self._has_looked = False
        self._why = ""

    async def doubt_if_gone_back(self) -> None:
        """Before anything is believed of the records: marks their leases when the store has gone back."""
        if await self._records.take_gone_back():
            self._why = "store_went_back"
        elif not self._has_begun and await self._may_be_a_backup():
            self._why = "server_filled_anew"
        self._has_begun = True
        await self._doubt()

    async def looked(self, *, outside: int, lost: int) -> None:
        """A look is complete: it saw so many made outside this bot, and so many of its own whose record was lost."""
        if lost and not self._has_looked and await self._records.last_look() is not None:
            self._why = "records_missing"
        self._has_looked = True
        await self._doubt()
        await self._records.looked(outside)

    async def _may_be_a_backup(self) -> bool:
        stamp = await self._records.last_look()
        if stamp is None or self._is_embedded:
            return False
        up_since = await self._records.up_since()
        return up_since is not None and timedelta(milliseconds=up_since - stamp) > RESTART_WITHIN

    async def _doubt(self) -> None:
        """Marks every lease, if there is a reason to: it is remembered until all are marked."""
        if not self._why:
            return
        live = await self._records.live()
        log.error("store_in_doubt", why=self._why, instances=len(live))
        for instance in live:
            if instance.unreadable is None:
                await self._unit_of_work.update(instance, transitions.doubted)
        self._why = ""
