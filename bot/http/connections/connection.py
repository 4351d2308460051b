"""One connection that somebody opened to this process: since when it keeps it waiting, and for how long it may."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from aiohttp import web

from core.telemetry import metrics

_TOO_SLOW = b"HTTP/1.1 408 Request Timeout\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"


@dataclass(frozen=True)
class Timeouts:
    """How long a connection may keep this process waiting, in seconds."""

    head: float = 10.0
    """From the first byte of a request, or from the connection's beginning, until its head is complete."""
    body: float = 30.0
    """From there until its body is; most routes allow less."""
    idle: float = 620.0
    """Between two requests. Some load balancers keep connections for ten minutes, and use them as they are closed."""
    taking: float = 30.0
    """To take an answer that does not fit into the system's buffers."""
    closing: float = 30.0
    """To take the last of it."""


class Body(Protocol):
    """What is to be known of a request's body (aiohttp's StreamReader)."""

    def is_eof(self) -> bool: ...


class Others(Protocol):
    """Where a connection is known as one of many (bot.http.connections.Acceptor)."""

    def joined(self, connection: ClientConnection) -> None: ...
    def left(self, connection: ClientConnection) -> None: ...


class ClientConnection(asyncio.Protocol):
    """Stands between one connection and aiohttp, hands everything on, and knows since when it waits for the other."""

    def __init__(self, inner: asyncio.Protocol, others: Others) -> None:
        self._inner = inner
        self._others = others
        self._now = asyncio.get_running_loop().time
        self.transport: asyncio.Transport | None = None
        self.is_new = True
        """Whether it has never sent a whole head."""
        self._head_since: float | None = None
        self._body: Body | None = None
        self._body_since = 0.0
        self._is_busy = False
        self._idle_since = self._now()
        self._stuck_since: float | None = None
        self._closing_since: float | None = None

    def begin(self, body: Body) -> None:
        """The head of a request is complete, and its answer is this process's business."""
        self.is_new, self._is_busy, self._head_since = False, True, None
        self._body, self._body_since = body, self._now()

    def end(self) -> None:
        """The request is answered; what has come of the next one meanwhile has its time from now."""
        self._is_busy, self._idle_since = False, self._now()
        if self._head_since is not None:
            self._head_since = self._idle_since

    def silent_since(self) -> float | None:
        """Since when this process waits for the other side; None while it is the other way round."""
        if self._closing_since is not None:
            return self._closing_since
        if self._stuck_since is not None:
            return self._stuck_since
        if self._is_busy:
            return self._body_since if self._body is not None and not self._body.is_eof() else None
        return self._head_since or self._idle_since

    def is_between_requests(self) -> bool:
        """Whether it has behaved so far, and may be used again at any moment."""
        is_waiting = not self.is_new and not self._is_busy and self._head_since is None
        return is_waiting and self._stuck_since is None and self._closing_since is None

    def tend(self, now: float, timeouts: Timeouts) -> None:
        """Ends it when it has kept this process waiting for too long."""
        if self.transport is None:
            return
        if self._closing_since is None and self.transport.is_closing():
            self._closing_since = now
        since = self.silent_since()
        if since is not None and now - since >= self._allowed(timeouts):
            self._give_up()

    def drop(self) -> None:
        """Ends it at once."""
        if self.transport is not None:
            self._closing_since = self._closing_since or self._now()
            self.transport.abort()

    def _allowed(self, timeouts: Timeouts) -> float:
        if self._closing_since is not None:
            return timeouts.closing
        if self._stuck_since is not None:
            return timeouts.taking
        if self._is_busy:
            return timeouts.body
        return timeouts.idle if self.is_between_requests() else timeouts.head

    def _give_up(self) -> None:
        assert self.transport is not None  # noqa: S101
        metrics.connection_dropped("too_slow")
        if self._stuck_since is not None or self._closing_since is not None:
            self.drop()
            return
        if self._head_since is not None:
            self.transport.write(_TOO_SLOW)
        self._closing_since = self._now()
        self.transport.close()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)  # noqa: S101
        self.transport = transport
        self._idle_since = self._now()
        self._others.joined(self)
        self._inner.connection_made(transport)

    def data_received(self, data: bytes) -> None:
        is_body = self._body is not None and not self._body.is_eof()
        if self._head_since is None and not is_body:
            self._head_since = self._now()
        self._inner.data_received(data)

    def eof_received(self) -> bool | None:
        return self._inner.eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        self.transport = None
        self._others.left(self)
        self._inner.connection_lost(exc)

    def pause_writing(self) -> None:
        self._stuck_since = self._now()
        self._inner.pause_writing()

    def resume_writing(self) -> None:
        self._stuck_since = None
        self._inner.resume_writing()


@contextlib.contextmanager
def answering(request: web.Request) -> Iterator[None]:
    """While a request is answered, its connection waits for this process and not the other way round."""
    transport = request.transport
    connection = transport.get_protocol() if transport is not None else None
    if not isinstance(connection, ClientConnection):
        yield
        return
    connection.begin(request.content)
    try:
        yield
    finally:
        connection.end()
