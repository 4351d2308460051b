"""A name that leads to Redis: now to one server, now to another, while old connections lead to what was there."""

from __future__ import annotations

import asyncio
import contextlib
import re

from tests.bot.redis_line import RedisLine

_COMMAND = re.compile(rb"(?:^|\r\n)\*\d+\r\n")


class RedisName(RedisLine):
    """As a line; besides, those connected may be refused whatever they ask, and the name may lead elsewhere."""

    def __init__(self, redis_url: str) -> None:
        super().__init__(redis_url)
        self._refusal = b""
        self._refused_until = 0
        self._connections = 0
        self.refused = 0
        """How many commands were."""

    def lead_to(self, redis_url: str) -> None:
        """Whoever connects from now on comes there."""
        self._socket = redis_url.removeprefix("unix://")

    def refuse(self, error: str, *, for_good: bool = False) -> None:
        """Answers each command with this error over the connections there are; `for_good`: over new ones too."""
        self._refusal = f"-{error}\r\n".encode()
        self._refused_until = 10**9 if for_good else self._connections
        self.refused = 0

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._connections += 1
        number = self._connections
        behind_reader, behind_writer = await asyncio.open_unix_connection(self._socket)
        there = asyncio.create_task(self._ask(number, reader, writer, behind_writer))
        back = asyncio.create_task(self._pump(behind_reader, writer))
        for pump in (there, back):
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)
        await asyncio.wait({there, back})

    async def _ask(
        self,
        number: int,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        behind: asyncio.StreamWriter,
    ) -> None:
        with contextlib.closing(behind), contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                if number <= self._refused_until:
                    commands = len(_COMMAND.findall(data))
                    self.refused += commands
                    writer.write(self._refusal * commands)
                    await writer.drain()
                else:
                    behind.write(data)
                    await behind.drain()
