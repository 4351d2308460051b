"""A line to Redis that a test can stall and cut: what the network, or a server that is stopped, does to a process."""

from __future__ import annotations

import asyncio
import contextlib
import re
from typing import Self

_TIME = re.compile(rb"(?<=\*2\r\n\$10\r\n)\d{10}(?=\r\n\$\d+\r\n\d+\r\n)")
"""The seconds in an answer to TIME."""
_UPTIME = b"\nuptime_in_seconds:"
_NO_UPTIME = b"\nuptime_is_unknown:"
"""In its place, and as long: an answer says beforehand how long it is."""


class RedisLine:
    """Passes bytes to a Redis behind a Unix socket and back. `url` is its own address.

    While it is stalled nothing gets through either way, and connections stay open; `down` ends those there are,
    drops what was held back, so that it never reaches Redis, and refuses new ones until `up`.
    """

    def __init__(self, redis_url: str) -> None:
        self._socket = redis_url.removeprefix("unix://")
        self._flowing = asyncio.Event()
        self._flowing.set()
        self._pumps: set[asyncio.Task[None]] = set()
        self._port = 0
        self.held = asyncio.Event()
        """Set once something is being held back."""
        self.url = ""
        self.clock_ahead = 0
        """Seconds by which the server's clock is ahead, for whoever asks it over this line.

        What scripts stamp by it on the server stays right. When the server began, which is reckoned from TIME and
        compared with such stamps, would be wrong by the difference, so meanwhile it does not say how long it is up.
        """

    async def __aenter__(self) -> Self:
        await self.up()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.down()

    async def up(self) -> None:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", self._port)
        self._port = self._server.sockets[0].getsockname()[1]
        self.url = f"redis://127.0.0.1:{self._port}/0"

    async def down(self) -> None:
        self._server.close()
        pumps = list(self._pumps)
        for pump in pumps:
            pump.cancel()
        await asyncio.gather(*pumps, return_exceptions=True)

    def stall(self) -> None:
        self.held.clear()
        self._flowing.clear()

    def resume(self) -> None:
        self._flowing.set()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behind_reader, behind_writer = await asyncio.open_unix_connection(self._socket)
        there = asyncio.create_task(self._pump(reader, behind_writer))
        back = asyncio.create_task(self._pump(behind_reader, writer))
        for pump in (there, back):
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)
        await asyncio.wait({there, back})

    async def _pump(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if not self._flowing.is_set():
                    self.held.set()
                    await self._flowing.wait()
                writer.write(self._falsified(data) if self.clock_ahead else data)
                await writer.drain()

    def _falsified(self, data: bytes) -> bytes:
        answers = data.replace(_UPTIME, _NO_UPTIME)
        return _TIME.sub(lambda found: b"%d" % (int(found[0]) + self.clock_ahead), answers)
