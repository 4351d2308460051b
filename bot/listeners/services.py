"""What the listeners work with, chosen by the composition root."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

from slack_sdk.web.async_client import AsyncWebClient

from bot.doctor import CheckResult
from bot.notifiers.instances import SlackNotifier
from bot.process.background import Background
from bot.slack.identity import Identity
from bot.slack.reachable import Reachable
from core.domain.card import Card
from core.domain.clock import Clock
from core.services.gpus import Gpus


class Stamps(Protocol):
    """What every process remembers of what Slack sent for a while (core.adapters.redis.Store)."""

    async def max_stamp(self, name: str, stamp: float) -> float: ...
    async def claim_once(self, what: str, kept: timedelta) -> bool: ...


class Cards(Protocol):
    """Where the cards of instances stand (core.adapters.redis.Store)."""

    async def card(self, instance_id: str) -> Card | None: ...
    async def instance_at(self, channel: str, ts: str) -> str | None: ...


class Telling(Protocol):
    """What this process is telling right now (core.services.outbox.Dispatcher)."""

    async def settled(self, instance_id: str) -> None: ...


@dataclass(frozen=True)
class Services:
    """One of each."""

    client: AsyncWebClient
    identity: Identity
    gpus: Gpus
    telling: Telling
    cards: Cards
    stamps: Stamps
    notifier: SlackNotifier
    background: Background
    clock: Clock
    reachable: Reachable
    examine: Callable[[], Awaitable[list[CheckResult]]]
    """What the doctor finds."""
    allowed_channels: tuple[str, ...] = ()
    admins: tuple[str, ...] = ()
