"""What the gate asks of what is for sale, of the store, of the channels and of this installation."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from core.domain.base import Actor, BillingMode
from core.domain.instance import Instance
from core.domain.market import Market
from core.domain.policy import Policy
from core.domain.request import Draft
from core.domain.template import Template
from core.domain.validation import Limits


@dataclass(frozen=True)
class Rules:
    """What this installation allows, and what it takes where nothing is said. `priority` is REGION_PRIORITY."""

    policy: Callable[[], Policy]
    """As of now: at the start it is not known yet who is at home."""
    limits: Limits
    priority: tuple[str, ...] = ()
    default_region: str | None = None

    def limits_for(self, actor: Actor) -> Limits:
        """What this actor may choose."""
        return replace(self.limits, may_be_endless=self.policy().is_admin(actor))


class Catalog(Protocol):
    """What is for sale (core.services.catalog.Catalog)."""

    async def get_market(self) -> Market: ...
    async def get_market_for(self, gpu_num: int, *modes: BillingMode, patience: timedelta = ...) -> Market: ...
    async def get_template(self, template_id: str) -> Template: ...


class Records(Protocol):
    """Where records are read, and a person's choices kept (core.adapters.redis.Store)."""

    async def get(self, instance_id: str) -> Instance | None: ...
    async def id_for_request(self, request_key: str) -> str | None: ...
    async def names_taken(self) -> set[str]: ...
    async def save_last_used(self, actor: Actor, last: Draft) -> None: ...


class Channels(Protocol):
    """Where the stories of instances are told."""

    async def obstacle(self, channel: str | None) -> str:
        """What keeps the bot from writing there, as a word; empty when nothing does, or nobody says so in time."""
        ...

    def words(self, obstacle: str) -> str:
        """The same as a sentence for whoever chose the channel."""
        ...


class Background(Protocol):
    """Work that nobody waits for."""

    def start(self, work: Coroutine[Any, Any, object]) -> object: ...
