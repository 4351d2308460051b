"""Sends signed payloads to the bot as Slack does, and takes the time: over one session, built before the clock runs."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from bot.slack.ids import EVENTS_PATH
from tests.bench.processes import NotMeasured

_PATIENCE = aiohttp.ClientTimeout(total=70)


@dataclass(frozen=True)
class Request:
    """One signed payload; `name` is the instance's, for a submission."""

    body: bytes
    headers: dict[str, str]
    name: str = ""

    @classmethod
    def read(cls, made: dict[str, Any]) -> Request:
        return cls(made["body"].encode(), made["headers"], made.get("name", ""))


@dataclass(frozen=True)
class Ack:
    """The answer. `sent_at` is time.monotonic(), which all processes of a machine share."""

    status: int
    body: bytes
    sent_at: float
    seconds: float


@dataclass
class Driver:
    """One HTTP session for everything that the bench sends."""

    session: aiohttp.ClientSession = field(
        default_factory=lambda: aiohttp.ClientSession(
            connector=aiohttp.TCPConnector(limit=0, keepalive_timeout=300), timeout=_PATIENCE, trust_env=False
        )
    )

    async def send(self, url: str, request: Request) -> Ack:
        """Raises NotMeasured when the answer is not 200: a quick no is no acknowledgement."""
        sent_at = time.monotonic()
        async with self.session.post(url + EVENTS_PATH, data=request.body, headers=request.headers) as response:
            body = await response.read()
        ack = Ack(response.status, body, sent_at, time.monotonic() - sent_at)
        if ack.status != 200:
            raise NotMeasured(f"the bot answered {ack.status}: {body[:200]!r}")
        return ack

    async def submit(self, url: str, request: Request) -> Ack:
        """Sends a submission, which must be taken: errors under fields are quick too."""
        ack = await self.send(url, request)
        if b'"update"' not in ack.body:
            raise NotMeasured(f"the submission was not taken: {ack.body[:300]!r}")
        return ack

    async def submit_at_once(self, url: str, requests: Sequence[Request]) -> list[Ack]:
        return list(await asyncio.gather(*(self.submit(url, request) for request in requests)))

    async def ask(self, url: str, body: dict[str, Any] | None = None, method: str = "POST") -> Any:
        """One question to a server of the bench. Raises NotMeasured when it does not answer 200."""
        async with self.session.request(method, url, json=body or {}) as response:
            if response.status != 200:
                raise NotMeasured(f"{url} answered {response.status}: {(await response.text())[:300]}")
            return await response.json(content_type=None)
