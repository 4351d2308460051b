"""What the routes of /api work with, given by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol

from bot.process.background import Background
from bot.slack.reachable import Reachable
from core.adapters.redis import Store
from core.domain.base import Actor
from core.domain.clock import Clock
from core.domain.novita import NovitaInstance
from core.domain.policy import Policy
from core.domain.validation import Limits
from core.services.catalog import Catalog
from core.services.launch import Launcher
from core.services.lifecycle import Lifecycle


class Services(Protocol):
    """One of each. `default_region` is where a create goes that names no region."""

    @property
    def catalog(self) -> Catalog: ...
    @property
    def launcher(self) -> Launcher: ...
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
    def reachable(self) -> Reachable: ...
    @property
    def default_region(self) -> str | None: ...
    @property
    def outside(self) -> Callable[[], Awaitable[list[NovitaInstance]]]:
        """What is at Novita and on no record, as of a few seconds ago. Raises NovitaError and StoreUnavailable."""

    def limits_for(self, actor: Actor) -> Limits:
        """What this asker may choose."""
