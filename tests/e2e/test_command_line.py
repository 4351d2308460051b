"""The command line as people meet it: what it says of itself, of wrong words, and when it is ready."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import re
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest

from bot.slack.manifest import manifest
from tests.e2e.stage import ROOT, Stage, open_stage
from tests.patience import NO_HURRY_SECONDS, patience

COMMANDS = ("up", "web", "worker", "sandbox", "manifest", "doctor")


def gpu_bot(*words: str, code: int = 0) -> str:
    """What it says, standard error too."""
    done = subprocess.run(
        [sys.executable, "-m", "bot", *words],
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "COLUMNS": "80"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=NO_HURRY_SECONDS,
    )
    assert done.returncode == code, done.stdout
    return done.stdout


def test_it_says_its_version_as_a_report_of_a_defect_needs_it() -> None:
    said = gpu_bot("--version")
    assert re.fullmatch(rf"gpu-bot {re.escape(version('gpu-bot'))} \(Python 3\.\d+\.\d+, \w+ \w+\)\n", said)


@pytest.mark.parametrize("command", ["", *COMMANDS])
def test_help_speaks_to_people(command: str) -> None:
    said = gpu_bot(*command.split(), "--help")
    assert not re.search(r"<|<=|\bmodal\b|\.\.\.$|\bint\b|\bstr\b|\bbool\b", said.replace("[ARGS]...", ""), re.M)


def test_help_names_every_command() -> None:
    assert re.findall(r"^  (\w+)  ", gpu_bot("--help").partition("Commands:")[2], re.M) == list(COMMANDS)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("sandbox --port x", "'--port': 'x' is no port; write a number from 0 to 65535"),
        ("sandbox --port 65536", "'--port': '65536' is no port; write a number from 0 to 65535"),
        ("sandbox --port -1", "'--port': '-1' is no port; write a number from 0 to 65535"),
        ("sandbox --rehearse nope", "'nope' is no story; write create or lifecycle"),
        ("manifest --url foo", "--url: Slack only calls https addresses"),
        ("doctor --channel general", "--channel: is a channel's id, such as C012AB3CD; names do not work here"),
    ],
)
def test_a_word_that_is_not_understood_is_told_in_words_of_its_own(words: str, said: str) -> None:
    answer = gpu_bot(*words.split(), code=2)
    assert said in answer
    assert "PUBLIC_URL" not in answer
    assert "Input should be" not in answer


@pytest.mark.parametrize("url", [None, "https://gpu-bot.example.com"])
def test_the_link_makes_the_app_with_the_manifest_that_is_printed(url: str | None) -> None:
    way = ["--url", url] if url else []
    [link] = gpu_bot("manifest", "--link", *way).splitlines()
    parts = urlsplit(link)
    filled_in = parse_qs(parts.query)
    assert (parts.scheme, parts.netloc, parts.path) == ("https", "api.slack.com", "/apps")
    assert filled_in["new_app"] == ["1"]
    assert json.loads(filled_in["manifest_json"][0]) == manifest(url) == json.loads(gpu_bot("manifest", *way))


async def read_until(terminal: int, words: bytes) -> None:
    shown = b""
    async with patience():
        while words not in shown:
            shown += await asyncio.to_thread(os.read, terminal, 4096)


async def started_by_hand(stage: Stage, role: str, **settings: str) -> tuple[asyncio.subprocess.Process, int]:
    """The process, and the terminal that it is started at."""
    ours, its = pty.openpty()
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", role),
        env=stage.environment(**settings),
        cwd=stage.folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=its,
        stderr=its,
    )
    os.close(its)
    return process, ours


@pytest.mark.parametrize(("role", "mode"), [("up", "Socket Mode"), ("up", "HTTP"), ("web", "HTTP")])
async def test_whoever_starts_it_by_hand_is_told_what_to_do_next(tmp_path: Path, role: str, mode: str) -> None:
    async with open_stage(tmp_path) as stage:
        way = {"SLACK_APP_TOKEN": stage.slack.app_token} if mode == "Socket Mode" else {}
        process, terminal = await started_by_hand(stage, role, **way)
        await read_until(terminal, b"Ready. Type /gpu create in Slack (workspace Sandbox).\r\n")
        assert bool(way) == stage.slack.sockets.connected
        process.terminate()
        assert await process.wait() == 0
        os.close(terminal)


async def test_a_log_that_is_kept_has_no_line_that_is_for_people(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        up = await stage.start("up")
        await up.says("web_ready")
        await up.says("worker_ready")
        assert await up.stop() == 0
        assert all(line.startswith("{") for line in up.lines)
