"""What use cases change records through, and what telling them needs of the store."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Protocol

from core.domain.events import Event
from core.domain.instance import Instance
from core.services.alarms import AlarmBook
from core.services.outbox.delivery import Begun, Claim, Progress

Transition = Callable[[Instance], "tuple[Instance, Sequence[Event]] | None"]
"""From a record to its next version and what happened; None when there is nothing to do."""


class UnitOfWork(Protocol):
    """Where records are made and changed, each with what happened (core.services.outbox.RecordWriter)."""

    async def begin(self, instance: Instance, events: Sequence[Event], *, has_own_name: bool = False) -> Begun: ...
    async def update(self, instance: Instance, change: Transition) -> Instance: ...


class RecordStore(Protocol):
    """What records are written to (core.adapters.redis.Store says what each does)."""

    async def begin(
        self, instance: Instance, events: Sequence[Event], now: datetime, *, has_own_name: bool = False
    ) -> Begun: ...
    async def commit(
        self, instance: Instance, events: Sequence[Event], now: datetime
    ) -> tuple[Instance, Claim | None]: ...
    async def get(self, instance_id: str) -> Instance | None: ...


class OutboxStore(AlarmBook, Protocol):
    """What is told, and how far that has come (core.adapters.redis.Store says what each does)."""

    async def due(self, now: datetime, limit: int = 100) -> list[str]: ...
    async def claim(self, instance_id: str, now: datetime, *, is_ours: bool = False) -> Claim | None: ...
    async def save_progress(self, instance_id: str, progress: Progress) -> bool: ...
    async def save_and_read_on(self, instance_id: str, progress: Progress, seen: int) -> Claim | None: ...
    async def finish(self, instance_id: str, progress: Progress, seen: int) -> Claim | None: ...
    async def postpone(self, instance_id: str, progress: Progress, seen: int, until: datetime) -> None: ...
    async def add_news(self, instance_id: str, event: Event, now: datetime) -> None: ...


class Telling(Protocol):
    """Who tells what happened (core.services.outbox.Dispatcher)."""

    def start(self, instance_id: str, claim: Claim | None) -> None: ...
