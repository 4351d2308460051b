"""Socket Mode: hands out websocket addresses, says hello, sends envelopes to any one connection, reads the
acks (slack.md A13).
"""

from __future__ import annotations

import asyncio
import json
import secrets
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import WSMsgType, web

from bot.sandbox.slack.changes import Changes
from bot.sandbox.slack.constants import APP_ID

Json = dict[str, Any]


class Sockets:
    """The open connections. `base` is the ws:// address they are served under."""

    def __init__(self, changes: Changes) -> None:
        self.base = ""
        self._changes = changes
        self._tickets: set[str] = set()
        self._connections: list[web.WebSocketResponse] = []
        self._waiting: defaultdict[str, list[asyncio.Future[Json]]] = defaultdict(list)
        """By envelope_id; more than one while the same envelope is delivered twice."""
        self._turn = 0

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
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        async with self._joined(socket):
            await socket.send_json(self._hello())
            async for frame in socket:
                if frame.type is WSMsgType.TEXT:
                    self._acknowledge(json.loads(frame.data))
        return socket

    async def send(self, kind: str, payload: Json, *, envelope_id: str | None = None) -> Json:
        """Sends an envelope to the next connection and returns its ack.

        Cancel it to stop waiting; raises ConnectionError with no connection.
        """
        if not self._connections:
            raise ConnectionError("no bot is connected by Socket Mode")
        envelope_id = envelope_id or secrets.token_hex(16)
        self._turn += 1
        socket = self._connections[self._turn % len(self._connections)]
        waiting: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._waiting[envelope_id].append(waiting)
        try:
            await socket.send_json(_envelope(envelope_id, kind, payload))
            return await waiting
        finally:
            self._waiting[envelope_id].remove(waiting)
            if not self._waiting[envelope_id]:
                del self._waiting[envelope_id]

    async def disconnect(self, reason: str = "refresh_requested") -> None:
        """Says goodbye to every connection and closes it, as Slack does every few hours."""
        for socket in tuple(self._connections):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})
            await socket.close()

    @asynccontextmanager
    async def _joined(self, socket: web.WebSocketResponse) -> AsyncIterator[None]:
        self._connections.append(socket)
        self._changes.happened("socket_connected", self.connected)
        try:
            yield
        finally:
            self._connections.remove(socket)
            self._changes.happened("socket_closed", self.connected)

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


def _envelope(envelope_id: str, kind: str, payload: Json) -> Json:
    return {
        "envelope_id": envelope_id,
        "type": kind,
        "accepts_response_payload": kind != "events_api",
        "payload": payload,
    }
