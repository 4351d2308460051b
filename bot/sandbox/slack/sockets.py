"""Socket Mode: hands out websocket addresses, says hello, sends envelopes to any one connection, reads the
acks (PLATFORM.md, Socket Mode).
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import StrEnum
from typing import Any

from aiohttp import WSMessage, WSMsgType, web

from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.constants import APP_ID

Json = dict[str, Any]


class Manner(StrEnum):
    """How a connection is met."""

    PROPER = "proper"
    WORDLESS = "wordless"
    """Taken, and its pings are answered; but hello never comes, nor does anything else."""
    DEAF = "deaf"
    """Greeted, and then nothing any more: no payload, no pong."""
    CLOSING = "closing"
    """Greeted, and closed at once."""
    TURNED_OFF = "turned_off"
    """Sent away in place of a greeting, because Socket Mode was turned off for the app."""
    HANGING = "hanging"
    """Never taken: the request to connect gets no answer."""


class Sockets:
    """The open connections. `base` is the ws:// address they are served under."""

    def __init__(self, changes: Changes) -> None:
        self.base = ""
        self._changes = changes
        self._tickets: set[str] = set()
        self._connections: dict[web.WebSocketResponse, Manner] = {}
        self._waiting: defaultdict[str, list[asyncio.Future[Json]]] = defaultdict(list)
        """By envelope_id; more than one while the same envelope is delivered twice."""
        self._turn = 0
        self._manners: deque[Manner] = deque()
        self.met: list[Manner] = []
        """How every connection so far was met."""
        self.pings = 0
        """How many were answered."""

    @property
    def connected(self) -> int:
        return len(self._connections)

    def open_address(self) -> str:
        """A new address that takes one connection."""
        ticket = secrets.token_urlsafe(12)
        self._tickets.add(ticket)
        return f"{self.base}/socket?ticket={ticket}"

    async def connect(self, request: web.Request) -> web.StreamResponse:
        ticket = request.query.get("ticket", "")
        if ticket not in self._tickets:
            raise web.HTTPUnauthorized
        self._tickets.remove(ticket)
        manner = self._manners.popleft() if self._manners else Manner.PROPER
        self.met.append(manner)
        self._changes.happened("socket_met", manner)
        if manner is Manner.HANGING:
            await asyncio.Event().wait()
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        async with self._joined(socket, manner):
            if manner in (Manner.CLOSING, Manner.TURNED_OFF):
                await socket.close()
            async for frame in socket:
                await self._hear(socket, frame)
        return socket

    def meet_next(self, manner: Manner, times: int = 1) -> None:
        """The next connections are met in this manner, after those told before."""
        self._manners.extend([manner] * times)

    def go_deaf(self) -> None:
        """From now on nothing passes over the connections there are, in either direction; they stay open."""
        self._connections = dict.fromkeys(self._connections, Manner.DEAF)

    async def send(self, kind: str, payload: Json, *, envelope_id: str | None = None) -> Json:
        """Sends an envelope to the next connection and returns its ack.

        Cancel it to stop waiting; raises ConnectionError with no connection.
        """
        if not self._connections:
            raise ConnectionError("no bot is connected by Socket Mode")
        envelope_id = envelope_id or secrets.token_hex(16)
        self._turn += 1
        socket, manner = list(self._connections.items())[self._turn % len(self._connections)]
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id].append(waiting)
        try:
            if manner is Manner.PROPER:
                await socket.send_json(_envelope(envelope_id, kind, payload))
            return await waiting
        finally:
            self._waiting[envelope_id].remove(waiting)
            if not self._waiting[envelope_id]:
                del self._waiting[envelope_id]

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Says goodbye to every connection and closes it, as Slack does every few hours."""
        for socket in tuple(self._connections):
            await socket.send_json(_farewell(reason))
            await socket.close()

    async def announce_end(self, reason: str) -> None:
        """Says that every connection is about to end, and leaves it to the bot to close it."""
        await self.say(json.dumps(_farewell(reason)))

    async def say(self, text: str) -> None:
        """Sends any text at all over every connection."""
        for socket in tuple(self._connections):
            await socket.send_str(text)

    @asynccontextmanager
    async def _joined(self, socket: web.WebSocketResponse, manner: Manner) -> AsyncIterator[None]:
        self._connections[socket] = manner
        if manner is not Manner.WORDLESS:
            await socket.send_json(_farewell("link_disabled") if manner is Manner.TURNED_OFF else self._hello())
        self._changes.happened("socket_connected", self.connected)
        try:
            yield
        finally:
            del self._connections[socket]
            self._changes.happened("socket_closed", self.connected)

    async def _hear(self, socket: web.WebSocketResponse, frame: WSMessage) -> None:
        if self._connections[socket] is Manner.DEAF:
            return
        if frame.type is WSMsgType.PING:
            self.pings += 1
            self._changes.happened("socket_pinged", self.pings)
            await socket.pong(frame.data)
        if frame.type is WSMsgType.TEXT:
            self._acknowledge(json.loads(frame.data))

    def _hello(self) -> Json:
        return {
            "type": "hello",
            "num_connections": self.connected,
            "connection_info": {"app_id": APP_ID},
            "debug_info": {"host": "sandbox", "approximate_connection_time": 18060},
        }

    def _acknowledge(self, ack: Json) -> None:
        for waiting in self._waiting.get(ack.get("envelope_id", ""), ()):
            if not waiting.done():
                waiting.set_result(ack)
                return


def _farewell(reason: str) -> Json:
    return {"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}}


def _envelope(envelope_id: str, kind: str, payload: Json) -> Json:
    return {
        "envelope_id": envelope_id,
        "type": kind,
        "accepts_response_payload": kind != "events_api",
        "payload": payload,
    }
