"""A small HTTP proxy: CONNECT, and plain forwarding. Every name leads to this machine; what it was asked is kept."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import urlsplit

from tests.tls import copy


class SmallProxy:
    """`asked` are the first lines; `refuses` makes it answer 403 to everything."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.heads: list[str] = []
        self.refuses = False
        self.url = ""
        self._writers: list[asyncio.StreamWriter] = []
        self._serving: list[asyncio.Task[Any]] = []

    @contextlib.asynccontextmanager
    async def open(self, tls: ssl.SSLContext | None = None) -> AsyncIterator[SmallProxy]:
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=tls)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{server.sockets[0].getsockname()[1]}"
        try:
            yield self
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.gather(*self._serving, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.append(writer)
        if (task := asyncio.current_task()) is not None:
            self._serving.append(task)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ValueError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            first, _, rest = head.partition("\r\n")
            self.asked.append(first)
            self.heads.append(head)
            await self._answer(first, rest, reader, writer)
        writer.close()

    async def _answer(self, first: str, rest: str, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        method, target, version = first.split(" ")
        if self.refuses:
            writer.write(b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\n\r\n")
            return
        is_tunnel = method == "CONNECT"
        parts = urlsplit(f"//{target}" if is_tunnel else target)
        there, back = await asyncio.open_connection("127.0.0.1", parts.port)
        self._writers.append(back)
        if is_tunnel:
            writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        else:
            path = parts.path + (f"?{parts.query}" if parts.query else "")
            is_upgrade = "upgrade" in rest.lower()
            rest = rest if is_upgrade else f"Connection: close\r\n{_without(rest, 'connection')}"
            back.write(f"{method} {path} {version}\r\n{rest}".encode("latin-1"))
        await asyncio.gather(copy(reader, back), copy(there, writer))


def _without(head: str, name: str) -> str:
    return "\r\n".join(line for line in head.split("\r\n") if not line.lower().startswith(f"{name}:"))
