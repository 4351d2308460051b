"""What the listeners work with, chosen by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace

from slack_sdk.web.async_client import AsyncWebClient

from bot.background import Background
from bot.doctor import Finding
from bot.identity import Identity
from core.catalog import Catalog
from core.clock import Clock
from core.launch import Launcher
from core.lifecycle import Lifecycle
from core.models import Actor
from core.outbox import Outbox
from core.policy import Policy
from core.requests import Limits
from core.store import Store


@dataclass(frozen=True)
class Parts:
    """One of each. `priority` is REGION_PRIORITY, `default_region` what the modal preselects."""

    client: AsyncWebClient
    identity: Identity
    catalog: Catalog
    launcher: Launcher
    lifecycle: Lifecycle
    outbox: Outbox
    store: Store
    background: Background
    clock: Clock
    limits: Limits
    examine: Callable[[], Awaitable[list[Finding]]]
    """What the doctor finds."""
    priority: tuple[str, ...] = ()
    default_region: str | None = None
    allowed_channels: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()

    @property
    def policy(self) -> Policy:
        return Policy(home_team=self.identity.team, allowed_channels=self.allowed_channels, admins=self.admins)

    def limits_for(self, actor: Actor) -> Limits:
        """What this person may choose."""
        return replace(self.limits, may_be_endless=self.policy.is_admin(actor))
