"""Accepts connections, at most so many: when there is no room, whoever has been silent longest makes way."""

from __future__ import annotations

import asyncio
import errno
import heapq
import socket
from collections.abc import Callable

import structlog

from bot.http.connections.connection import ClientConnection, Timeouts
from core.telemetry import metrics

log = structlog.get_logger(__name__)

_AT_A_TIME = 16
"""Accepted before anything else has its turn."""
_BACKLOG = 1024
_A_FEW = 64
"""The part of all connections that makes way at a time."""
_SWEEP_SECONDS = 1.0
_SHORT_OF_FILES = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_PAUSE_SECONDS = 0.05


class Acceptor:
    """All connections to one address, at most so many. Accepts them itself: asyncio's own way of accepting writes an
    error for each one that it has no file for, many thousands a second, and rests a second each time."""

    def __init__(self, make: Callable[[], asyncio.Protocol], most: int, timeouts: Timeouts | None = None) -> None:
        self._make = make
        self._most = most
        self._timeouts = timeouts or Timeouts()
        self._loop = asyncio.get_running_loop()
        self._connections: dict[ClientConnection, None] = {}
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

    def joined(self, connection: ClientConnection) -> None:
        self._connections[connection] = None

    def left(self, connection: ClientConnection) -> None:
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
            await self._loop.connect_accepted_socket(lambda: ClientConnection(self._make(), self), accepted)
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
            connection.tend(now, self._timeouts)
