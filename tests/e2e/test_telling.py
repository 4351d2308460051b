"""A log line never breaks what it tells of: without a reader, with a full disk or one that sleeps, all goes on."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.sandbox import free_port
from tests.e2e.stage import Stage, open_stage
from tests.patience import patience

PIPE = asyncio.subprocess.PIPE
TOKEN = "token-of-a-program-that-listens"


def broken_pipe() -> int:
    read, write = os.pipe()
    os.close(read)
    return write


def full_disk() -> int:
    return os.open("/dev/full", os.O_WRONLY)


READERS = {"gone": broken_pipe, "a full disk": full_disk}


@contextlib.asynccontextmanager
async def up(stage: Stage, stderr: int, **settings: str) -> AsyncIterator[str]:
    """`gpu-bot up` whose log nobody reads; gives its address once it answers."""
    port = free_port()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "up"),
        env=stage.environment(PORT=str(port), API_TOKEN=TOKEN, **settings),
        cwd=stage.folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=stderr,
    )
    try:
        stage.slack.bot_url = f"http://127.0.0.1:{port}"
        await _answering(f"{stage.slack.bot_url}/readyz")
        yield stage.slack.bot_url
        process.send_signal(signal.SIGTERM)
        async with patience():
            assert await process.wait() == 0
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


async def _answering(url: str) -> None:
    async with patience(), aiohttp.ClientSession() as session:
        while True:
            with contextlib.suppress(aiohttp.ClientError):
                async with session.get(url) as answer:
                    if answer.status == 200:
                        return
            await asyncio.sleep(0.05)  # A process that does not write tells nobody when it is ready.


async def lost_lines(url: str) -> float:
    async with aiohttp.ClientSession() as session, session.get(f"{url}/metrics") as answer:
        lines = (await answer.text()).splitlines()
    return sum(float(line.rpartition(" ")[2]) for line in lines if line.startswith("gpu_bot_log_lines_lost_total"))


async def created_by_program(url: str, channel: str) -> tuple[int, dict[str, str]]:
    wish = {"name": "by-api", "productName": "RTX 4090 24GB", "templateId": "107672", "channel": channel}
    headers = {"Authorization": f"Bearer {TOKEN}", "Idempotency-Key": "once"}
    async with (
        aiohttp.ClientSession() as session,
        session.post(f"{url}/api/instances", json=wish, headers=headers) as answer,
    ):
        return answer.status, await answer.json()


@pytest.mark.parametrize("reader", READERS)
async def test_without_a_reader_of_the_log_a_create_is_told_once_and_truly(tmp_path: Path, reader: str) -> None:
    async with open_stage(tmp_path) as stage:
        stderr = READERS[reader]()
        async with up(stage, stderr) as url:
            channel = stage.slack.channel_id("gpu")
            status, answer = await created_by_program(url, channel)
            assert (status, bool(answer.get("instanceId"))) == (201, True), answer
            await stage.card("is starting")
            await stage.told()
            assert len(stage.slack.person("ada").messages("gpu")) == 1
            assert len(stage.novita.calls_of("create")) == 1
            assert await lost_lines(url) > 0
        os.close(stderr)


async def test_a_reader_that_sleeps_holds_up_nobody(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        read, write = os.pipe()
        os.set_blocking(write, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(write, b"x" * 65536)
        os.set_blocking(write, True)
        async with up(stage, write) as url:
            os.close(write)
            status, answer = await created_by_program(url, stage.slack.channel_id("gpu"))
            assert (status, bool(answer.get("instanceId"))) == (201, True), answer
            async with patience():
                assert (await stage.slack.person("ada").command("/gpu help")).ok
        os.close(read)


async def said(
    stdout: int, *words: str, stderr: int = PIPE, environment: dict[str, str] | None = None
) -> tuple[int, str]:
    """A command's exit code, and what it says on standard error."""
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", *words),
        env={**os.environ, **(environment or {})},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=stdout,
        stderr=stderr,
    )
    _, err = await process.communicate()
    return process.returncode or 0, (err or b"").decode()


@pytest.mark.parametrize("command", [("manifest",), ("--help",), ("doctor", "--help")])
async def test_a_reader_that_has_read_enough_is_no_fault(command: tuple[str, ...]) -> None:
    pipe = broken_pipe()
    assert await said(pipe, *command) == (0, "")
    os.close(pipe)


async def test_the_doctor_keeps_its_verdict_when_nobody_reads_it(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        pipe, wrong = broken_pipe(), stage.environment(NOVITA_API_KEY="sk_wrong_wrong")
        for extra in ((), ("--json",)):
            assert await said(pipe, "doctor", *extra, environment=wrong) == (1, "")
        os.close(pipe)


async def test_what_is_to_be_kept_and_cannot_be_is_a_fault_in_one_line() -> None:
    full = full_disk()
    code, err = await said(full, "manifest")
    assert (code, err) == (1, f"The output could not be written: {os.strerror(errno.ENOSPC)}.\n")
    os.close(full)


async def test_a_wrong_setting_still_ends_with_1_when_nobody_can_be_told() -> None:
    for stderr in (broken_pipe(), full_disk()):
        code, _ = await said(asyncio.subprocess.DEVNULL, "web", stderr=stderr, environment={"PORT": "http"})
        os.close(stderr)
        assert code == 1


@pytest.mark.parametrize("locale", ["C", "POSIX", "xx_XX.nonsense", "en_US.ISO-8859-1"])
async def test_an_odd_locale_costs_letters_and_nothing_else(locale: str) -> None:
    odd = {
        "LANG": locale,
        "LC_ALL": locale,
        "PYTHONUTF8": "0",
        "PYTHONCOERCECLOCALE": "0",
        "REDIS_URL": "redis://127.0.0.1:1",
    }
    for command in (("--help",), ("manifest",), ("doctor",)):
        code, err = await said(asyncio.subprocess.DEVNULL, *command, environment=odd)
        assert "Traceback" not in err
        assert code == (1 if command == ("doctor",) else 0)
