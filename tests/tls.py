"""Servers that speak TLS on this machine, with certificates of an authority of our own."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import trustme

HOST = "127.0.0.1"
LONG_AGO = datetime(2001, 1, 1, tzinfo=UTC)


class Authority:
    """Issues certificates; `file` is its own, to be trusted by."""

    def __init__(self, folder: Path) -> None:
        self._ca = trustme.CA()
        self.file = folder / f"ca-{id(self)}.pem"
        self._ca.cert_pem.write_to_path(str(self.file))

    def server(self, *names: str, until: datetime | None = None) -> ssl.SSLContext:
        """For a server of these names (of 127.0.0.1 without any), whose certificate ended at `until`."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        began = LONG_AGO if until else None
        self._ca.issue_cert(*names or (HOST,), not_before=began, not_after=until).configure_cert(context)
        return context


@contextlib.asynccontextmanager
async def line_to(redis_url: str, context: ssl.SSLContext | None = None) -> AsyncIterator[str]:
    """The place (HOST:PORT) of a line to the Redis of a test, which speaks TLS by `context`, or plainly."""

    writers: list[asyncio.StreamWriter] = []
    serving: list[asyncio.Task[Any]] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        if (task := asyncio.current_task()) is not None:
            serving.append(task)
        with contextlib.suppress(OSError):
            there, back = await asyncio.open_unix_connection(urlsplit(redis_url).path)
            writers.append(back)
            await asyncio.gather(copy(reader, back), copy(there, writer))

    server = await asyncio.start_server(serve, HOST, 0, ssl=context)
    try:
        yield f"{HOST}:{server.sockets[0].getsockname()[1]}"
    finally:
        server.close()
        for each in writers:
            each.transport.abort()
        await asyncio.gather(*serving, return_exceptions=True)


async def copy(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    """Until one of the two is closed."""
    with contextlib.suppress(OSError):
        while data := await source.read(65536):
            target.write(data)
            await target.drain()
    with contextlib.suppress(OSError):
        target.close()
