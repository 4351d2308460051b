"""Carries a payload to the bot: by signed HTTP, or over the websocket once the bot connected by Socket Mode
(PLATFORM.md, Signatures, Socket Mode).
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any
from urllib.parse import urlencode

import aiohttp

from bot.sandbox.slack.sockets import Sockets
from bot.sandbox.slack.workspace import Workspace
from bot.slack.ids import EVENTS_PATH

Json = dict[str, Any]


class Kind(StrEnum):
    """How a payload is wrapped; the values are Socket Mode's envelope types."""

    COMMAND = "slash_commands"
    INTERACTIVE = "interactive"
    EVENT = "events_api"


@dataclass(frozen=True)
class Ack:
    """The bot's answer. `status` 0: none came, and `problem` says why. `seconds` is how long Slack waited."""

    status: int
    body: str
    seconds: float
    problem: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300

    @property
    def failure(self) -> str:
        """What went wrong, for an ack that is not ok."""
        return self.problem or f"answered HTTP {self.status}"

    @property
    def is_json(self) -> bool:
        return self.headers.get("Content-Type", "").startswith("application/json")

    def json(self) -> Any:
        """The body read as JSON. Raises ValueError when it is not."""
        return json.loads(self.body)


class Delivery:
    """`bot_url` is the bot's address without a path; it may be set later.

    `signing_secret` signs every request.
    """

    def __init__(
        self,
        sockets: Sockets,
        signing_secret: str,
        bot_url: str | None,
        clock: Callable[[], float],
        answer_limit: float,
    ) -> None:
        self.bot_url = bot_url
        self._sockets = sockets
        self._secret = signing_secret.encode()
        self._clock = clock
        self._answer_limit = answer_limit
        self._session: aiohttp.ClientSession | None = None

    def start(self) -> None:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), trust_env=False)

    async def stop(self) -> None:
        if self._session is not None:
            await self._session.close()

    def signed(self, body: str | bytes, timestamp: int | None = None) -> dict[str, str]:
        """The two headers Slack signs a body with; `timestamp` in Unix seconds, now by default."""
        raw = body.encode() if isinstance(body, str) else body
        stamp = str(int(self._clock()) if timestamp is None else timestamp)
        digest = hmac.new(self._secret, b":".join([b"v0", stamp.encode(), raw]), hashlib.sha256)
        return {"X-Slack-Request-Timestamp": stamp, "X-Slack-Signature": f"v0={digest.hexdigest()}"}

    async def post(
        self,
        payload: Json,
        kind: Kind,
        *,
        headers: Mapping[str, str] | None = None,
        timestamp: int | None = None,
        envelope_id: str | None = None,
    ) -> Ack:
        """Delivers a payload and waits for the answer as long as its limit, as Slack does.

        Over HTTP `headers` are added last, so they can replace the signature; over a socket `envelope_id` can
        repeat one. Raises RuntimeError when there is no bot to deliver to.
        """
        started = time.monotonic()
        try:
            async with asyncio.timeout(self._answer_limit):
                if self._sockets.connected:
                    return await self._by_socket(payload, kind, envelope_id, started)
                return await self._by_http(payload, kind, headers or {}, timestamp, started)
        except TimeoutError:
            return Ack(0, "", time.monotonic() - started, f"no answer within {self._answer_limit:g} s")
        except (aiohttp.ClientError, OSError) as error:
            return Ack(0, "", time.monotonic() - started, f"{type(error).__name__}: {error}")

    async def _by_socket(self, payload: Json, kind: Kind, envelope_id: str | None, started: float) -> Ack:
        ack = await self._sockets.send(kind.value, payload, envelope_id=envelope_id)
        answer = ack.get("payload")
        body = json.dumps(answer) if answer else ""
        return Ack(200, body, time.monotonic() - started, headers={"Content-Type": "application/json"})

    async def _by_http(
        self, payload: Json, kind: Kind, headers: Mapping[str, str], timestamp: int | None, started: float
    ) -> Ack:
        if self._session is None or self.bot_url is None:
            raise RuntimeError("there is no bot: set bot_url, or connect it by Socket Mode")
        body, content_type = encoded(payload, kind)
        sent = {"Content-Type": content_type, **self.signed(body, timestamp), **headers}
        url = self.bot_url.rstrip("/") + EVENTS_PATH
        async with self._session.post(url, data=body.encode(), headers=sent) as response:
            text = await response.text()
            return Ack(response.status, text, time.monotonic() - started, headers=dict(response.headers))


async def deliver(workspace: Workspace, delivery: Delivery, payload: Json, kind: Kind, what: str) -> Ack:
    """Delivers a payload in a person's name; an answer that is late or no 2xx is a problem of `what` they
    did.
    """
    ack = await delivery.post(payload, kind)
    if not ack.ok:
        workspace.complain(f"{what}: {ack.failure}")
    return ack


def encoded(payload: Json, kind: Kind) -> tuple[str, str]:
    """The raw body and its content type."""
    if kind is Kind.EVENT:
        return json.dumps(payload), "application/json"
    fields = payload if kind is Kind.COMMAND else {"payload": json.dumps(payload)}
    return urlencode(fields), "application/x-www-form-urlencoded"
