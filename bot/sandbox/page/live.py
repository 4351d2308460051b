"""Keeps one open page up to date: what changed is pushed over its websocket, and nothing else."""

from __future__ import annotations

import asyncio
import contextlib
import json
import time
from collections.abc import AsyncIterator
from typing import Any, Protocol

from aiohttp import WSCloseCode, WSMsgType, web
from pydantic import BaseModel, ConfigDict, ValidationError

from bot.sandbox.novita import SandboxNovita
from bot.sandbox.page.cloud import cloud
from bot.sandbox.page.sight import people, sight
from bot.sandbox.slack import SandboxSlack

CLOCK_SECONDS = 0.5
"""How often an open drawer looks again: an instance's status moves with the clock, without a change to hear of."""


class Sandbox(Protocol):
    """What the page needs of the sandbox."""

    @property
    def slack(self) -> SandboxSlack: ...

    @property
    def novita(self) -> SandboxNovita: ...


class Wish(BaseModel):
    """What a page wants to see: as whom, and whether the drawer is open."""

    model_config = ConfigDict(extra="forbid")
    person: str
    drawer: bool = False


class Live:
    """One open page."""

    def __init__(self, sandbox: Sandbox, socket: web.WebSocketResponse) -> None:
        self._sandbox = sandbox
        self._socket = socket
        self._wish: Wish | None = None
        self._sent: dict[str, str] = {}
        self._news = asyncio.Event()

    async def run(self) -> None:
        """Until the page is closed."""
        async with self._subscribed(), self._telling():
            async for message in self._socket:
                if message.type is not WSMsgType.TEXT or not self._take(message.data):
                    await self._socket.close(code=WSCloseCode.POLICY_VIOLATION)

    def _take(self, text: str) -> bool:
        """Follows a wish; False when it is none."""
        try:
            wish = Wish.model_validate_json(text)
        except ValidationError:
            return False
        if wish.person not in [member.name for member in people(self._sandbox.slack)]:
            return False
        if self._wish is None or self._wish.person != wish.person:
            self._sent = {}
        self._wish = wish
        self._news.set()
        return True

    @contextlib.asynccontextmanager
    async def _subscribed(self) -> AsyncIterator[None]:
        with contextlib.ExitStack() as stack:
            stack.callback(self._sandbox.slack.subscribe(lambda _: self._news.set()))
            stack.callback(self._sandbox.novita.subscribe(self._news.set))
            yield

    @contextlib.asynccontextmanager
    async def _telling(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._tell())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def _tell(self) -> None:
        with contextlib.suppress(ConnectionError):
            while True:
                await self._wait()
                self._news.clear()
                if (patch := self._patch()) is not None:
                    await self._socket.send_str(patch)

    async def _wait(self) -> None:
        patience = CLOCK_SECONDS if self._wish and self._wish.drawer else None
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(patience):
                await self._news.wait()

    def _patch(self) -> str | None:
        """What differs from what the page has been told; None when nothing does."""
        if self._wish is None:
            return None
        parts = {name: json.dumps(part) for name, part in self._parts(self._wish).items()}
        changed = {name: part for name, part in parts.items() if self._sent.get(name) != part}
        gone = [name for name in self._sent if name not in parts]
        if not changed and not gone:
            return None
        begins = not self._sent
        self._sent = parts
        body = ",".join(f"{json.dumps(name)}:{part}" for name, part in changed.items())
        head = {"person": self._wish.person, "begins": begins, "now": time.time(), "gone": gone}
        return f'{json.dumps(head)[:-1]},"set":{{{body}}}}}'

    def _parts(self, wish: Wish) -> dict[str, Any]:
        slack, novita = self._sandbox.slack, self._sandbox.novita
        drawer = {f"novita/{name}": part for name, part in cloud(novita).items()} if wish.drawer else {}
        return {**sight(slack, slack.person(wish.person)), **drawer}
