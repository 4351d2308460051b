"""What the listeners work with, chosen by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor import CheckResult
from bot.notifiers.instances import SlackNotifier
from bot.process.background import Background
from bot.slack.identity import Identity
from bot.slack.reachable import Reachable
from core.adapters.redis import Store
from core.domain.base import Actor
from core.domain.clock import Clock
from core.domain.errors import NoSuchInstance
from core.domain.instance import Instance
from core.domain.novita import NovitaInstance
from core.domain.policy import Policy
from core.domain.validation import Limits
from core.services.catalog import Catalog
from core.services.creation import Creation
from core.services.lifecycle import Lifecycle
from core.services.outbox import Dispatcher
from core.services.strays import Strays


@dataclass(frozen=True)
class Services:
    """One of each. `priority` is REGION_PRIORITY, `default_region` what the modal preselects."""

    client: AsyncWebClient
    identity: Identity
    catalog: Catalog
    creation: Creation
    lifecycle: Lifecycle
    strays: Strays
    dispatcher: Dispatcher
    store: Store
    notifier: SlackNotifier
    background: Background
    clock: Clock
    limits: Limits
    reachable: Reachable
    examine: Callable[[], Awaitable[list[CheckResult]]]
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
