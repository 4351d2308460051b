"""HTTP/1.1 by hand: says anything at all to a server, which no well-mannered client would."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from tests.patience import patience

Headers = Mapping[str, str | bytes]


async def say(port: int, words: bytes, *, then_leave: bool = False) -> bytes:
    """Sends the bytes and returns the beginning of what comes back. `then_leave`: goes away right after speaking."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        async with patience():
            writer.write(words)
            await writer.drain()
            if then_leave:
                writer.write_eof()
            return await reader.read(65536)
    except ConnectionError:
        return b""
    finally:
        writer.close()


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
