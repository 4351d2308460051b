"""The connections that others open to this process: how long each may keep it waiting, and how many there may be.

Whoever says nothing, stops half-way or does not take its answer gives way to whoever wants something: connections are
bounded below what the system lets this process open, and the one that has been silent longest goes first.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import heapq
import resource
import socket
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Protocol

import structlog
from aiohttp import web

from core.telemetry import metrics

log = structlog.get_logger(__name__)

MOST = 4000
"""Connections; far more than Slack and a load balancer open."""
_ROOM = 512
"""Files for everything else: Redis, Slack, Novita (256), webhooks."""
_LEAST = 8

_AT_A_TIME = 16
"""Accepted before anything else has its turn."""
_BACKLOG = 1024
_A_FEW = 64
"""The part of all connections that makes way at a time."""
_SWEEP_SECONDS = 1.0
_SHORT_OF_FILES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_PAUSE_SECONDS = 0.05

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


def raise_file_limit() -> None:
    """Lets this process open as many files as the system allows it to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # macOS allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_connections() -> int:
    """As many as leave room for everything else that this process opens."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = MOST + _ROOM if soft == resource.RLIM_INFINITY else soft
    return max(_LEAST, min(MOST, limit - min(_ROOM, limit // 2)))


class Connection(asyncio.Protocol):
    """Stands between one connection and aiohttp, hands everything on, and knows since when it waits for the other."""

    def __init__(self, inner: asyncio.Protocol, crowd: Crowd) -> None:
        self._inner = inner
        self._crowd = crowd
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

    def tend(self, now: float, pace: Timeouts) -> None:
        """Ends it when it has kept this process waiting for too long."""
        if self.transport is None:
            return
        if self._closing_since is None and self.transport.is_closing():
            self._closing_since = now
        since = self.silent_since()
        if since is not None and now - since >= self._allowed(pace):
            self._give_up()

    def drop(self) -> None:
        """Ends it at once."""
        if self.transport is not None:
            self._closing_since = self._closing_since or self._now()
            self.transport.abort()

    def _allowed(self, pace: Timeouts) -> float:
        if self._closing_since is not None:
            return pace.closing
        if self._stuck_since is not None:
            return pace.taking
        if self._is_busy:
            return pace.body
        return pace.idle if self.is_between_requests() else pace.head

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
        self._crowd.joined(self)
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
        self._crowd.left(self)
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
    if not isinstance(connection, Connection):
        yield
        return
    connection.begin(request.content)
    try:
        yield
    finally:
        connection.end()


class Crowd:
    """All connections to one address, at most so many. Accepts them itself: asyncio's own way of accepting writes an
    error for each one that it has no file for, many thousands a second, and rests a second each time."""

    def __init__(self, make: Callable[[], asyncio.Protocol], most: int, pace: Timeouts | None = None) -> None:
        self._make = make
        self._most = most
        self._pace = pace or Timeouts()
        self._loop = asyncio.get_running_loop()
        self._connections: dict[Connection, None] = {}
        self._opening: set[asyncio.Task[None]] = set()
        self._sockets: list[socket.socket] = []
        self._sweep: asyncio.TimerHandle | None = None

    def listen(self, sockets: list[socket.socket]) -> None:
        """Accepts what comes to these bound sockets, until `close`."""
        for each in sockets:
            each.setblocking(False)
            each.listen(_BACKLOG)
            self._sockets.append(each)
            self._loop.add_reader(each, self._accept, each)
        self._tend()

    def close(self) -> None:
        """Accepts nothing more. The connections that there are stay, and are tended, until they end."""
        for each in self._sockets:
            self._loop.remove_reader(each)
            each.close()
        self._sockets.clear()

    async def aclose(self) -> None:
        """The end of all of them."""
        self.close()
        if self._sweep is not None:
            self._sweep.cancel()
        for connection in list(self._connections):
            connection.drop()
        await asyncio.gather(*self._opening, return_exceptions=True)

    def joined(self, connection: Connection) -> None:
        self._connections[connection] = None

    def left(self, connection: Connection) -> None:
        self._connections.pop(connection, None)

    def _accept(self, listening: socket.socket) -> None:
        for _ in range(_AT_A_TIME):
            if not self._has_room():
                self._rest(listening)
                return
            try:
                accepted, _address = listening.accept()
            except (BlockingIOError, InterruptedError, ConnectionAbortedError):
                return
            except OSError as error:
                self._not_accepted(listening, error)
                return
            accepted.setblocking(False)
            task = self._loop.create_task(self._take(accepted))
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _take(self, accepted: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(lambda: Connection(self._make(), self), accepted)
        except OSError:
            accepted.close()

    def _has_room(self) -> bool:
        """Whether one more fits; whoever has been silent longest makes way for it."""
        if len(self._connections) + len(self._opening) < self._most:
            return True
        return self._drop_most_silent()

    def _drop_most_silent(self) -> bool:
        """First those that have never asked for anything, or stopped half-way, then those between two requests.

        A few at a time, because it takes a look at all of them.
        """
        silent = [
            (each.is_between_requests(), since, each) for each in self._connections if (since := each.silent_since())
        ]
        for _, _, each in heapq.nsmallest(max(1, self._most // _A_FEW), silent, key=lambda found: found[:2]):
            each.drop()
            self.left(each)
            metrics.connection_dropped("made_way")
        if silent:
            log.warning("connections_at_their_limit", limit=self._most)
        return bool(silent)

    def _not_accepted(self, listening: socket.socket, error: OSError) -> None:
        if error.errno not in _SHORT_OF_FILES:
            log.warning("connection_not_accepted", error=type(error).__name__)
            return
        log.error("no_file_for_a_connection", error=error.strerror)
        self._drop_most_silent()
        self._rest(listening)

    def _rest(self, listening: socket.socket) -> None:
        """The system keeps who waits; soon there is room again."""
        self._loop.remove_reader(listening)
        self._loop.call_later(_PAUSE_SECONDS, self._resume, listening)

    def _resume(self, listening: socket.socket) -> None:
        if listening in self._sockets:
            self._loop.add_reader(listening, self._accept, listening)

    def _tend(self) -> None:
        self._sweep = self._loop.call_later(_SWEEP_SECONDS, self._tend)
        now = self._loop.time()
        for connection in list(self._connections):
            connection.tend(now, self._pace)
