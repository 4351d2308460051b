"""The bot as real processes between the make-believe Slack and Novita, on an embedded Redis of their own."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import Message, SandboxSlack
from core.adapters.redis import Store, connect
from core.adapters.redis_server import EmbeddedRedis, embedded_redis
from core.domain.instance import Instance
from core.services.outbox import Progress
from tests.bot.app_fixture import BOOT_SECONDS, Scene, instance_id_of
from tests.bot.leaks import found_in, secrets_of
from tests.patience import NO_HURRY_SECONDS, patience

ROOT = Path(__file__).parents[2]
Json = dict[str, Any]

LONG_AGO = timedelta(seconds=50)
"""Longer than a process may be silent, and longer than the right to tell lasts."""


class BotProcess:
    """`python -m bot ROLE`, heard line by line."""

    def __init__(self, role: str) -> None:
        self.role = role
        self.lines: list[str] = []
        self.events: list[Json] = []
        self.prefix: tuple[str, ...] = ()
        """What it is started through, such as a shell that sets limits."""
        self._heard = asyncio.Event()

    async def start(self, environment: dict[str, str], folder: Path) -> None:
        self._process = await asyncio.create_subprocess_exec(
            *(*self.prefix, sys.executable, "-m", "bot", self.role),
            env=environment,
            cwd=folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=1024 * 1024,
        )
        self._hearing = asyncio.create_task(self._hear(self._process))

    async def says(self, event: str, where: Callable[[Json], bool] = lambda _: True, *, times: int = 1) -> Json:
        """The line of the log with this event, once it was written so many times."""
        async with patience():
            while True:
                found = [line for line in self.events if line.get("event") == event and where(line)]
                if len(found) >= times:
                    return found[-1]
                assert not self._hearing.done(), f"{self.role} has ended: {self.lines[-5:]}"
                self._heard.clear()
                await self._heard.wait()

    @property
    def pid(self) -> int:
        return self._process.pid

    def signal(self, number: signal.Signals) -> None:
        """Harmless when it has ended."""
        if self._process.returncode is None:
            self._process.send_signal(number)

    async def ended(self) -> int:
        """The exit code, once it has ended and all that it said was heard."""
        code = await self._process.wait()
        await self._hearing
        return code

    async def kill(self) -> None:
        """kill -9: it does nothing more, not even to clean up."""
        self.signal(signal.SIGKILL)
        await self.ended()

    async def stop(self) -> int:
        """Asks it to end, and returns its exit code. Harmless when it has ended."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        async for line in process.stdout:
            self.lines.append(line.decode(errors="replace").rstrip())
            if line.startswith(b"{"):
                self.events.append(json.loads(line))
            self._heard.set()
        self._heard.set()


@dataclass
class Stage(Scene):
    """Where the processes play. `redis` is the embedded server that those without REDIS_URL share."""

    folder: Path
    api: str
    redis: EmbeddedRedis
    store: Store
    processes: list[BotProcess] = field(default_factory=list)

    def environment(self, **settings: str) -> dict[str, str]:
        """A process's whole environment; a setting given as "" is not set."""
        inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
        own = {
            "PYTHONPATH": str(ROOT),
            "SLACK_BOT_TOKEN": self.slack.bot_token,
            "SLACK_SIGNING_SECRET": self.slack.signing_secret,
            "SLACK_API_URL": self.api,
            "NOVITA_API_KEY": self.novita.api_key,
            "NOVITA_API_URL": self.novita.base_url,
            "DATA_DIR": str(self.folder),
            "HOST": "127.0.0.1",
            "PORT": "0",
            "OBSERVE_INTERVAL": "0.2",
            "LOG_LEVEL": "debug",
            "LOG_FORMAT": "json",
        }
        return {name: value for name, value in {**inherited, **own, **settings}.items() if value}

    async def start(self, role: str, **settings: str) -> BotProcess:
        process = BotProcess(role)
        self.processes.append(process)
        await process.start(self.environment(**settings), self.folder)
        return process

    async def web(self, **settings: str) -> BotProcess:
        """A web that is ready for people, prices and templates at hand, and that Slack knows the address of."""
        web = await self.start("web", **settings)
        ready = await web.says("web_ready")
        self.slack.bot_url = f"http://{ready['addresses'][0]}"
        await web.says("novita_call", lambda call: str(call["path"]).endswith("/templates"), times=2)
        return web

    async def worker(self, **settings: str) -> BotProcess:
        worker = await self.start("worker", **settings)
        await worker.says("worker_ready")
        return worker

    async def told(self) -> None:
        """Returns once everything that has happened is told and noted as told."""
        async with patience():
            while await self.store.outbox_size():  # noqa: ASYNC110
                await asyncio.sleep(0.01)  # Redis tells nobody when it changes.

    async def record(self, card: Message) -> Instance:
        record = await self.store.get(instance_id_of(card))
        assert record is not None
        return record

    async def bury(self, record: Instance) -> None:
        """As if the process that launches it had died long ago: no sign of life since, and its rights run out."""
        dead = Store(self._redis(), holder=record.launch.process)
        now = datetime.now(UTC)
        await dead.beat(now - LONG_AGO)
        right = await dead.claim(record.id, now, is_ours=True)
        if right is not None:
            await dead.postpone(record.id, Progress(right.delivery, right.first), right.first + len(right.events), now)
        await dead.aclose()

    async def age(self, record: Instance, minutes: int) -> None:
        """As if all that is on the record had happened so much earlier."""
        shift = timedelta(minutes=minutes)
        since = record.launch.in_doubt_since
        launch = record.launch.replace(in_doubt_since=since and since - shift)
        earlier = record.replace(created_at=record.created_at - shift, launch=launch)
        await self.store.commit(earlier, [], datetime.now(UTC))

    def _redis(self) -> Redis:
        return connect(self.redis.url)


@asynccontextmanager
async def open_stage(folder: Path) -> AsyncIterator[Stage]:
    """Opened empty; closed when every process has ended, and none of them has let a secret into its log."""
    slack, novita = (
        SandboxSlack(rate_limits=None, answer_limit=NO_HURRY_SECONDS),
        SandboxNovita(boot_seconds=BOOT_SECONDS),
    )
    async with AsyncExitStack() as stack:
        await novita.start()
        stack.push_async_callback(novita.stop)
        api = await slack.start()
        stack.push_async_callback(slack.stop)
        redis = await stack.enter_async_context(embedded_redis(folder))
        store = Store(connect(redis.url))
        stack.push_async_callback(store.aclose)
        stage = Stage(slack, novita, folder, api, redis, store)
        stack.push_async_callback(_clear, stage)
        yield stage
    said = "\n".join(line for process in stage.processes for line in process.lines)
    assert found_in(said, secrets_of(slack, novita)) == set()
    assert novita.violations == []
    assert slack.problems == []


async def _clear(stage: Stage) -> None:
    """Whatever still runs is of no more use."""
    stage.novita.clear_faults()
    stage.slack.faults.clear()
    for process in stage.processes:
        await process.kill()
