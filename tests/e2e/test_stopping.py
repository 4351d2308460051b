"""SIGTERM: nothing new is begun, what runs is finished or handed over, and the process leaves cleanly."""

from __future__ import annotations

import signal
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.novita import Fault as NovitaFault
from bot.sandbox.slack import Fault
from tests.e2e.stage import Stage, open_stage
from tests.patience import patience


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize("role", ["web", "worker", "up"])
async def test_an_idle_process_ends_at_once_with_exit_code_0(tmp_path: Path, role: str, number: signal.Signals) -> None:
    async with open_stage(tmp_path) as stage:
        process = await stage.start(role)
        await process.says("worker_ready" if role == "worker" else "web_ready")
        process.signal(number)
        async with patience():
            assert await process.ended() == 0
        assert not any("Traceback" in line for line in process.lines)


async def test_a_create_that_runs_is_finished_and_told_before_the_web_leaves(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        web = await stage.web()
        stage.novita.fail_next("create", NovitaFault.slow(1.0))
        modal = await stage.submitted("train-1")
        await stage.novita.wait_until(lambda: bool(stage.novita.instances))
        assert await web.stop() == 0
        assert modal.title == "Created"
        card = await stage.card("is starting")
        assert "is created" in (await stage.replies(card, 1))[0]
        assert (await stage.record(card)).remote.id in stage.novita.instances


async def test_a_web_that_is_leaving_takes_no_new_requests(tmp_path: Path) -> None:
    """Not on the connections that are open already either: a load balancer keeps those."""
    async with open_stage(tmp_path) as stage, aiohttp.ClientSession() as kept:
        web = await stage.web()
        assert await health(kept, stage) == 200
        stage.novita.fail_next("create", NovitaFault.hang(has_effect=True))
        await stage.submitted("train-1")
        await stage.novita.wait_until(lambda: bool(stage.novita.instances))
        web.signal(signal.SIGTERM)
        await web.says("stopping")
        await refused(kept, stage)
        stage.novita.clear_faults()
        assert await web.ended() == 0
        assert len(stage.novita.calls_of("create")) == 1


async def test_what_could_not_be_told_before_leaving_is_told_by_the_worker(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        web = await stage.web()
        stage.slack.faults.always("chat.postMessage", Fault.server_error(503))
        await stage.submitted("train-1")
        await stage.outcome("Created")
        assert await web.stop() == 0
        stage.slack.faults.clear()
        await stage.worker()
        card = await stage.card("is running")
        created, running = await stage.replies(card, 2)
        assert ("is created" in created, "is running" in running) == (True, True)


async def test_the_last_to_leave_takes_the_embedded_redis_along(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        elsewhere = tmp_path / "elsewhere"
        web = await stage.web(DATA_DIR=str(elsewhere))
        worker = await stage.worker(DATA_DIR=str(elsewhere))
        await stage.submitted("train-1")
        await stage.card("is running")
        assert await web.stop() == 0
        assert (elsewhere / "redis" / "redis.sock").exists(), "the worker still needs it"
        assert await worker.stop() == 0
        assert not (elsewhere / "redis" / "redis.sock").exists()


async def health(session: aiohttp.ClientSession, stage: Stage) -> int:
    async with session.get(f"{stage.slack.bot_url}/healthz") as answer:
        return answer.status


async def refused(session: aiohttp.ClientSession, stage: Stage) -> None:
    """Returns once the web takes no more requests; it says so before it is done with closing its door."""
    async with patience():
        while True:
            try:
                await health(session, stage)
            except aiohttp.ClientError:
                return
