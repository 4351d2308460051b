"""What the listeners work with, chosen by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from slack_sdk.web.async_client import AsyncWebClient

from bot.background import Background
from bot.doctor import Finding
from bot.identity import Identity
from bot.notifier import SlackNotifier
from bot.reachable import Reachable
from core.catalog import Catalog
from core.clock import Clock
from core.errors import NoSuchInstance
from core.launch import Launcher
from core.lifecycle import Lifecycle
from core.models import Actor, Instance, NovitaInstance
from core.outbox import Outbox
from core.policy import Policy
from core.requests import Limits
from core.store import Store
from core.strays import Strays


@dataclass(frozen=True)
class Parts:
    """One of each. `priority` is REGION_PRIORITY, `default_region` what the modal preselects."""

    client: AsyncWebClient
    identity: Identity
    catalog: Catalog
    launcher: Launcher
    lifecycle: Lifecycle
    strays: Strays
    outbox: Outbox
    store: Store
    notifier: SlackNotifier
    background: Background
    clock: Clock
    limits: Limits
    reachable: Reachable
    examine: Callable[[], Awaitable[list[Finding]]]
    """What the doctor finds."""
    outside: Callable[[], Awaitable[list[NovitaInstance]]]
    """What is at Novita and on no record, as of a few seconds ago. Raises NovitaError and StoreUnavailable."""
    priority: tuple[str, ...] = ()
    default_region: str | None = None
    allowed_channels: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()

    @property
    def policy(self) -> Policy:
        return Policy(
            home_team=self.identity.team,
            home_teams=self.identity.teams,
            allowed_channels=self.allowed_channels,
            admins=self.admins,
            max_lease=self.limits.max_lease,
        )

    def limits_for(self, actor: Actor) -> Limits:
        """What this person may choose."""
        return replace(self.limits, may_be_endless=self.policy.is_admin(actor))

    async def instance(self, instance_id: str) -> Instance:
        """The record of this id. Raises NoSuchInstance and StoreUnavailable."""
        instance = await self.store.get(instance_id)
        if instance is None:
            raise NoSuchInstance(instance_id)
        return instance
