"""What a lifecycle asks of Novita, of the store and of the past."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from core.domain.instance import Instance
from core.domain.novita import Connection, NovitaInstance


class Novita(Protocol):
    """What a lifecycle asks of Novita (core.adapters.novita.NovitaClient)."""

    async def start(self, novita_id: str) -> None: ...
    async def stop(self, novita_id: str) -> None: ...
    async def restart(self, novita_id: str) -> None: ...
    async def delete(self, novita_id: str) -> None: ...
    async def instance(self, novita_id: str) -> NovitaInstance: ...
    async def connection(self, novita_id: str) -> Connection: ...


class Records(Protocol):
    """What is read of the store (core.adapters.redis.Store)."""

    async def get(self, instance_id: str) -> Instance | None: ...
    async def live(self) -> list[Instance]: ...
    async def claim_once(self, what: str, kept: timedelta) -> bool: ...


class Past(Protocol):
    """Whether the store still knows what it knew (core.services.continuity.Continuity)."""

    async def doubt_if_gone_back(self) -> None:
        """Marks what is on record as in doubt when the store has gone back. Raises StoreUnavailable."""
        ...
