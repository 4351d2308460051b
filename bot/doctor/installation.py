"""What is examined: the settings, and the ways to Slack, Novita and Redis that they lead to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from slack_sdk.web.async_client import AsyncWebClient

from core.adapters.novita import NovitaClient
from core.adapters.outbound import Outbound
from core.adapters.redis import Store
from core.adapters.settings import Settings
from core.domain.clock import Clock


@dataclass(frozen=True)
class Installation:
    """`open_store` gives the same store each time, and raises SettingsError when there is no Redis to be had.

    `channel` is where to try to post; empty: nowhere. `is_running`: a process that serves Slack examines itself, and
    opens no second way in, over which Slack would send what people do.
    """

    settings: Settings
    client: AsyncWebClient
    novita: NovitaClient
    clock: Clock
    open_store: Callable[[], Awaitable[Store]]
    channel: str = ""
    outbound: Outbound = field(default_factory=lambda: Outbound({}))
    is_running: bool = False
