"""`gpu-bot doctor` as people run it: it names every ill, ends in time, and leaves nothing behind."""

from __future__ import annotations

import asyncio
import json
import signal
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.sandbox.novita import Fault as NovitaFault
from bot.sandbox.slack import ANY_METHOD, Fault
from core.adapters.redis_server.folder import Folder
from tests.bot.leaks import found_in, secrets_of
from tests.e2e.stage import Stage, open_stage
from tests.patience import SOON_SECONDS, patience

CY = "U0CY000001"


@dataclass(frozen=True)
class Told:
    """What the command said, and its exit code."""

    code: int
    out: str
    err: str

    @property
    def findings(self) -> dict[str, dict[str, Any]]:
        return {finding["name"]: finding for finding in json.loads(self.out)["findings"]}

    def of_state(self, state: str) -> set[str]:
        return {name for name, finding in self.findings.items() if finding["state"] == state}


async def begun(
    stage: Stage, *arguments: str, folder: Path | None = None, **settings: str
) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "doctor", *arguments),
        env=stage.environment(**{"ADMINS": CY, **settings}),
        cwd=folder or stage.folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def doctor(stage: Stage, *arguments: str, folder: Path | None = None, **settings: Any) -> Told:
    process = await begun(stage, *arguments, folder=folder, **settings)
    out, err = await process.communicate()
    told = Told(process.returncode or 0, out.decode(), err.decode())
    assert "Traceback" not in told.out + told.err
    assert found_in(told.out + told.err, secrets_of(stage.slack, stage.novita)) == set()
    return told


def is_running(data_dir: Path) -> bool:
    """Whether an embedded server runs on the folder."""
    with Folder(data_dir).lock_file("alive.lock").closing() as lock:
        return not lock.try_alone()


async def test_a_bot_that_runs_well_is_found_well(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        await stage.worker()
        await stage.novita.wait_until(lambda: bool(stage.novita.calls_of("instances")))
        async with patience():
            while await stage.store.worker_seen_at() is None:  # noqa: ASYNC110 - a worker tells nobody of its round
                await asyncio.sleep(0.01)  # Redis tells nobody when it changes.
        told = await doctor(stage)
        assert (told.code, told.err) == (0, "")
        assert "All is well" in told.out
        assert max(map(len, told.out.splitlines())) <= 80
        assert "\x1b" not in told.out
        assert is_running(tmp_path), "the server that others use was left running"


async def test_without_any_process_the_embedded_server_is_tried_and_not_left_behind(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        own = tmp_path / "own"
        told = await doctor(stage, "--json", DATA_DIR=str(own))
        assert told.code == 0
        assert "this host only" in told.findings["Redis"]["found"]
        assert told.of_state("warning") == {"Worker"}
        assert not is_running(own)


async def test_wrong_settings_are_lines_of_the_table_and_the_other_checks_go_on(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        wrong: dict[str, Any] = {"PORT": "http", "SLACK_BOT_TOKEN": "xoxp-hush-hush", "NOVITA_API_URL": "hush"}
        told = await doctor(stage, "--json", SLACK_SIGNING_SECRET="", **wrong)
        assert told.code == 1
        assert told.of_state("failed") == {*wrong, "SLACK_SIGNING_SECRET"}
        assert told.of_state("ok") >= {"Redis", "Outbox"}
        assert told.findings["Novita key"]["found"] == "not checked: it needs NOVITA_API_URL"
        assert "hush" not in told.out + told.err


async def test_settings_are_read_from_the_env_file_of_the_folder(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        home = tmp_path / "home"
        home.mkdir()
        (home / ".env").write_text(f"NOVITA_API_KEY={stage.novita.api_key}\n")
        assert (await doctor(stage, folder=home, NOVITA_API_KEY="")).code == 0
        (home / ".env").write_bytes(b"PORT=\xff\n")
        told = await doctor(stage, "--json", folder=home)
        assert (told.code, told.of_state("failed")) == (1, {".env"})


async def test_with_slack_and_novita_silent_it_ends_in_time_and_says_both(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        stage.slack.faults.always(ANY_METHOD, Fault.hang())
        stage.novita.fail_all(NovitaFault.hang(has_effect=False))
        began = asyncio.get_running_loop().time()
        told = await doctor(stage, "--json")
        assert asyncio.get_running_loop().time() - began < 2 * SOON_SECONDS
        assert told.code == 1
        assert told.of_state("failed") == {"Slack token", "Novita key"}
        assert told.of_state("ok") >= {"Redis", "Outbox"}


async def test_a_channel_is_tried_when_asked_and_a_name_in_its_place_is_wrong_use(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        told = await doctor(stage, "--json", "--channel", stage.slack.channel_id("gpu"))
        assert told.findings["Slack channel"]["state"] == "ok"
        assert stage.slack.person("ada").messages("gpu") == []
        told = await doctor(stage, "--channel", "#gpu")
        assert told.code == 2
        assert "C012AB3CD" in told.err


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_ended_half_way_it_leaves_no_server_and_no_traceback(tmp_path: Path, number: signal.Signals) -> None:
    async with open_stage(tmp_path) as stage:
        own = tmp_path / "own"
        stage.slack.faults.always(ANY_METHOD, Fault.hang())
        process = await begun(stage, DATA_DIR=str(own))
        await stage.slack.wait_until(lambda: stage.slack.calls_of("auth.test"))
        async with patience():
            while not (own / "redis" / "server.pid").exists():  # noqa: ASYNC110 - a server tells nobody that it is up
                await asyncio.sleep(0.01)
        process.send_signal(number)
        out, err = await process.communicate()
        assert process.returncode == 1
        assert (out, err) == (b"", b"")
        assert not is_running(own)
