"""What the routes of /api work with, given by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.process.background import Background
from core.adapters.redis import Store
from core.domain.clock import Clock
from core.domain.novita import NovitaInstance
from core.domain.policy import Policy
from core.services.catalog import Catalog
from core.services.creation import Creation
from core.services.lifecycle import Lifecycle


class Services(Protocol):
    """One of each."""

    @property
    def catalog(self) -> Catalog: ...
    @property
    def creation(self) -> Creation: ...
    @property
    def lifecycle(self) -> Lifecycle: ...
    @property
    def store(self) -> Store: ...
    @property
    def background(self) -> Background: ...
    @property
    def clock(self) -> Clock: ...
    @property
    def policy(self) -> Policy: ...
    @property
    def outside(self) -> Callable[[], Awaitable[list[NovitaInstance]]]:
        """What is at Novita and on no record, as of a few seconds ago. Raises NovitaError and StoreUnavailable."""
