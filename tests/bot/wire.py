"""HTTP/1.1 by hand: says anything at all to a server, which no well-mannered client would."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Mapping

from tests.patience import patience

Headers = Mapping[str, str | bytes]


async def say(port: int, words: bytes, *, then_leave: bool = False) -> bytes:
    """Sends the bytes and returns the beginning of what comes back. `then_leave`: goes away right after speaking."""
    loop = asyncio.get_running_loop()
    with socket.socket() as speaker:
        speaker.setblocking(False)
        await loop.sock_connect(speaker, ("127.0.0.1", port))
        async with patience():
            # Whoever answers before all was said may close with a reset; the answer has come all the same, and
            # asyncio's streams would drop it when both are there at once.
            with contextlib.suppress(ConnectionError):
                await loop.sock_sendall(speaker, words)
                if then_leave:
                    speaker.shutdown(socket.SHUT_WR)
            try:
                return await loop.sock_recv(speaker, 65536)
            except ConnectionError:
                return b""


async def converse(port: int, *words: bytes) -> list[bytes]:
    """Says one thing after another on one connection, each after the answer to the one before."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    answers = []
    async with patience():
        for each in words:
            writer.write(each)
            answers.append(await reader.read(65536))
    writer.close()
    return answers


async def request(
    port: int, body: bytes = b"", headers: Headers | None = None, *, method: str = "POST", path: str = "/slack/events"
) -> int:
    """The status of the answer to one request; 0 when the connection is just closed."""
    lines = {"Host": "bot", "Connection": "close", "Content-Length": str(len(body)), **(headers or {})}
    head = b"".join(_line(name, value) for name, value in lines.items())
    return status_of(await say(port, f"{method} {path} HTTP/1.1\r\n".encode() + head + b"\r\n" + body))


def status_of(answer: bytes) -> int:
    words = answer.split(b" ", 2)
    return int(words[1]) if len(words) > 1 and words[0].startswith(b"HTTP/") else 0


def _line(name: str, value: str | bytes) -> bytes:
    return name.encode() + b": " + (value if isinstance(value, bytes) else value.encode()) + b"\r\n"
