"""A bot that only keeps what it is sent and answers as it is told, for tests of what the page draws and sends."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import parse_qs

from aiohttp import web
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import SandboxSlack

Json = dict[str, Any]


@dataclass
class Bare:
    """A sandbox without the real bot."""

    slack: SandboxSlack = field(default_factory=SandboxSlack)
    novita: SandboxNovita = field(default_factory=SandboxNovita)


class TinyBot:
    """`payloads` are what came in, `answer` makes each reply."""

    def __init__(self, sandbox: Bare, api: str) -> None:
        self.sandbox = sandbox
        self.client = AsyncWebClient(token=sandbox.slack.bot_token, base_url=api, retry_handlers=[])
        self.payloads: list[Json] = []
        self.answer: Callable[[Json], web.Response] = lambda _: web.Response()

    @classmethod
    @asynccontextmanager
    async def running(cls) -> AsyncIterator[TinyBot]:
        sandbox = Bare()
        bot = cls(sandbox, await sandbox.slack.start())
        app = web.Application()
        app.router.add_post("/slack/events", bot._receive)
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        sandbox.slack.bot_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
        yield bot
        await runner.cleanup()
        await sandbox.slack.stop()

    async def _receive(self, request: web.Request) -> web.Response:
        payload = _read(await request.text(), request.content_type)
        self.payloads.append(payload)
        # Something has happened that nobody but this bot knows of; whoever waits looks again.
        self.sandbox.slack.workspace.changes.happened("bot_was_told", payload)
        return self.answer(payload)

    async def told(self, kind: str) -> Json:
        """The first payload of a type, such as block_actions, waited for."""
        found = await self.sandbox.slack.wait_until(
            lambda: [each for each in self.payloads if each.get("type") == kind]
        )
        return found[0]

    async def post(self, blocks: list[Json], text: str = "a message") -> str:
        """Posts in #gpu and gives the message's ts."""
        channel = self.sandbox.slack.channel_id("gpu")
        answer = await self.client.chat_postMessage(channel=channel, text=text, blocks=blocks)
        return str(answer["ts"])


def _read(raw: str, content_type: str) -> Json:
    if content_type == "application/json":
        return dict(json.loads(raw))
    fields = {name: values[0] for name, values in parse_qs(raw, keep_blank_values=True).items()}
    return dict(json.loads(fields["payload"])) if "payload" in fields else fields
