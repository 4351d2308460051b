"""Connections that say nothing, stop half-way or trickle: Slack is answered all the same, and the log stays small."""

from __future__ import annotations

import asyncio
import contextlib
import resource
import socket
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.e2e.stage import BotProcess, Stage, open_stage
from tests.patience import SOON_SECONDS, patience, until

MANY = 1200
HEAD = b"POST /slack/events HTTP/1.1\r\nHost: bot\r\n"

Address = tuple[str, int]


@pytest.fixture(autouse=True)
def room_for_many() -> Iterator[None]:
    """For this side of the connections."""
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (before[1], before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


async def web_with(stage: Stage, files: int, role: str = "web", **settings: str) -> tuple[BotProcess, Address]:
    """A process that may have so many files open, and where it listens."""
    process = BotProcess(role)
    process.prefix = ("sh", "-c", f'ulimit -n {files}; exec "$@"', "sh")
    stage.processes.append(process)
    await process.start(stage.environment(**settings), stage.folder)
    ready = await process.says("metrics_ready" if role == "worker" else "web_ready")
    stage.slack.bot_url = f"http://{ready['addresses'][0]}"
    host, _, port = ready["addresses"][0].rpartition(":")
    return process, (host, int(port))


@contextlib.contextmanager
def crowd(address: Address, beginning: bytes, count: int = MANY) -> Iterator[list[socket.socket]]:
    """So many connections that all begin in this way."""
    made = []
    try:
        for _ in range(count):
            made.append(socket.create_connection(address, timeout=30))
            with contextlib.suppress(OSError):
                made[-1].sendall(beginning)
        yield made
    finally:
        for each in made:
            each.close()


async def trickle(sockets: list[socket.socket]) -> None:
    while True:
        for each in sockets:
            with contextlib.suppress(OSError):
                each.send(b"x")
        await asyncio.sleep(0.2)  # What is sent slowly is the point.


@contextlib.asynccontextmanager
async def beside(work: asyncio.Task[None]) -> AsyncIterator[None]:
    try:
        yield
    finally:
        work.cancel()
        await asyncio.gather(work, return_exceptions=True)


def size_of(process: BotProcess) -> int:
    return sum(len(line) for line in process.lines)


WAYS = {"silent": b"", "half a head": HEAD, "half a body": HEAD + b"Content-Length: 100000\r\n\r\nx", "idle": b"x"}


@pytest.mark.parametrize("files", [256, 4096])
@pytest.mark.parametrize("way", WAYS)
async def test_a_thousand_that_say_nothing_keep_nobody_waiting(tmp_path: Path, way: str, files: int) -> None:
    async with open_stage(tmp_path) as stage:
        process, address = await web_with(stage, files)
        before = size_of(process)
        with crowd(address, WAYS[way]) as sockets:
            async with beside(asyncio.create_task(trickle(sockets[::2]))):
                for _ in range(20):
                    ack = await stage.slack.person("ada").command("/gpu help")
                    assert ack.ok, ack.failure  # While the crowd stays: how fast is the machine's affair.
        assert size_of(process) - before < 1_000_000
        assert await process.stop() == 0


async def test_with_socket_mode_and_at_a_workers_port_it_is_the_same(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        process, address = await web_with(stage, 256, "worker", METRICS_PORT="0")
        with crowd(address, HEAD):
            async with patience():
                assert b"alive" in await asked(address, b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n")
        await until(lambda: _is_small(process))


async def _is_small(process: BotProcess) -> bool:
    return size_of(process) < 1_000_000


async def asked(address: Address, *parts: bytes, pause: float = 0.0, answers: int = 1) -> bytes:
    """All that comes back for a request in these parts, until it holds so many answers or the connection ends."""
    reader, writer = await asyncio.open_connection(*address)
    said = b""
    try:
        for part in parts:
            writer.write(part)
            await asyncio.sleep(pause)
        while said.count(b"HTTP/1.1 ") < answers or not said.endswith(b"}"):
            if not (more := await reader.read(65536)):
                break
            said += more
    finally:
        writer.close()
    return said


async def test_who_stops_half_way_is_told_so_in_ten_seconds_and_who_is_slow_is_served(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        _, address = await web_with(stage, 4096)
        began = time.monotonic()
        slow = asked(address, b"GET /healthz HT", b"TP/1.1\r\nHo", b"st: bot\r\n", b"\r\n", pause=1.0)
        twice = asked(address, b"GET /healthz HTTP/1.1\r\nHost: bot\r\n\r\n" * 3, answers=3)
        half, nothing = asked(address, HEAD), asked(address)
        async with patience():
            served, all_three, told, silence = await asyncio.gather(slow, twice, half, nothing)
        assert served.startswith(b"HTTP/1.1 200")
        assert all_three.count(b"HTTP/1.1 200") == 3
        assert told.startswith(b"HTTP/1.1 408")
        assert silence == b""
        assert 9 < time.monotonic() - began < 10 + SOON_SECONDS


async def test_as_many_files_are_allowed_as_the_system_allows(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        process = BotProcess("web")
        process.prefix = ("sh", "-c", 'ulimit -S -n 128; exec "$@"', "sh")
        stage.processes.append(process)
        await process.start(stage.environment(), stage.folder)
        await process.says("web_ready")
        if sys.platform == "linux":
            soft, hard = resource.prlimit(process.pid, resource.RLIMIT_NOFILE)
            assert soft == hard
