"""A whole installation to measure: Redis, the make-believe Slack and Novita, the bot's web and, if wanted, its worker.

Everything runs in a process of its own, so that only the bot's CPU is the bot's.
"""

from __future__ import annotations

import asyncio
import tempfile
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from redis.asyncio import Redis

from core.adapters.redis_server import ensure_server
from tests.bench.desk import GPU
from tests.bench.driver import Ack, Driver, Request
from tests.bench.processes import Child, NotMeasured, clean_environment

FOREVER = "86400"
"""Seconds. A CATALOG_TTL that keeps the web's own look at the prices out of what is counted."""

_QUIET_SECONDS = 0.05
_WARM_SECONDS = 15.0


@dataclass
class Slack:
    """What is asked of Slack's side: payloads to send, and when instances were told."""

    desk: str
    driver: Driver
    seen: int = 0

    async def submissions(self, count: int) -> list[Request]:
        return await self._requests("submissions", count=count)

    async def commands(self, text: str, count: int = 1) -> list[Request]:
        return await self._requests("commands", text=text, count=count)

    async def opened(self) -> Request:
        """The submission of the modal that the bot opens next."""
        return (await self._requests("opened"))[0]

    async def told(self, count: int) -> dict[str, float]:
        """Waits for `count` more instances to be told: each Novita id and the moment it was first named."""
        answer = await self.ask("told", total=self.seen + count, since=self.seen)
        self.seen += count
        found: dict[str, float] = answer["told"]
        return found

    async def settled(self) -> None:
        """Waits until the bot has nothing more to say."""
        await self.ask("settled", seconds=_QUIET_SECONDS)

    async def ask(self, question: str, **details: Any) -> Any:
        return await self.driver.ask(f"{self.desk}/{question}", details)

    async def _requests(self, question: str, **details: Any) -> list[Request]:
        return [Request.read(made) for made in (await self.ask(question, **details))["requests"]]


@dataclass
class Novita:
    """How the make-believe Novita is steered and watched."""

    url: str
    driver: Driver

    async def latency(self, seconds: float) -> None:
        await self.do("latency", seconds=seconds)

    async def refuse_in(self, *regions: str) -> None:
        """From now on these regions promise the GPU and refuse the create."""
        for region in regions:
            await self.do("stock", region=region, product_name=GPU, stock="none", at_create=True)

    async def restock(self, *regions: str) -> None:
        for region in regions:
            await self.do("stock", region=region, product_name=GPU, stock="high")

    async def calls(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = await self.driver.ask(f"{self.url}/_sandbox/calls", method="GET")
        return found

    async def ids(self) -> dict[str, str]:
        """Novita's id of each instance by the name in its request."""
        state = await self.driver.ask(f"{self.url}/_sandbox/state", method="GET")
        return {row["name"].rpartition("-")[0]: row["id"] for row in state["instances"]}

    async def do(self, command: str, **details: Any) -> None:
        await self.driver.ask(f"{self.url}/_sandbox/{command}", details)


@dataclass
class World:
    """One installation. `worker` is None when the figure wants the web alone."""

    driver: Driver
    folder: Path
    redis: Redis
    slack: Slack
    slack_api: str
    novita: Novita
    env: dict[str, str]
    web: Child = field(init=False)
    worker: Child | None = None
    url: str = ""
    children: AsyncExitStack = field(default_factory=AsyncExitStack)
    _redis_pid: int = 0

    async def start_web(self) -> None:
        """Starts the bot's web; it may be cold when this returns."""
        self.web = await _child(self.children, "web", ["bot", "web"], self.folder, self.env)
        ready = await self.web.event("web_ready")
        self.url = f"http://{ready['addresses'][0]}"
        await self.driver.ask(f"{self.slack_api}/_sandbox/bot_url", {"bot_url": self.url}, method="PUT")

    async def until_warm(self) -> None:
        """Waits until the web has prices and templates at hand."""
        for _ in range(int(_WARM_SECONDS / _QUIET_SECONDS)):
            done = [call["endpoint"] for call in await self.novita.calls() if call["status"] == 200]
            if done.count("templates") >= 2 and done.count("products") >= 2:
                await asyncio.sleep(_QUIET_SECONDS)
                return
            await asyncio.sleep(_QUIET_SECONDS)
        raise NotMeasured("the web did not fetch the catalog")

    async def create(self, request: Request) -> tuple[Ack, float]:
        """Submits one form and waits for its end: the ack, and the seconds until the instance was told."""
        ack = await self.driver.submit(self.url, request)
        (told_at,) = (await self.slack.told(1)).values()
        await self.slack.settled()
        return ack, told_at - ack.sent_at

    async def create_at_once(self, count: int) -> tuple[list[Ack], list[float]]:
        """Submits `count` forms in the same moment: the acks, and the seconds until each instance was told."""
        requests = await self.slack.submissions(count)
        acks = await self.driver.submit_at_once(self.url, requests)
        told = await self.slack.told(count)
        await self.slack.settled()
        ids = await self.novita.ids()
        waits = [told[ids[request.name]] - ack.sent_at for request, ack in zip(requests, acks, strict=True)]
        return acks, waits

    async def redis_pid(self) -> int:
        """The server's own word, which must be asked for before the server is stopped."""
        if not self._redis_pid:
            self._redis_pid = int((await self.redis.info("server"))["process_id"])
        return self._redis_pid

    async def problems(self) -> list[str]:
        """What was not as it should be: figures taken meanwhile mean little."""
        state = await self.driver.ask(f"{self.novita.url}/_sandbox/state", method="GET")
        return [*(await self.slack.ask("problems"))["problems"], *state["violations"]]


@asynccontextmanager
async def open_world(*, worker: bool, warm_up: int = 5, faulty: bool = False, **settings: str) -> AsyncIterator[World]:
    """A warm installation in which `warm_up` instances have been created; `settings` are the bot's variables.

    Raises NotMeasured at the end when Slack or Novita had to refuse something, unless the figure is about faults.
    """
    async with AsyncExitStack() as stack:
        world = await _outside(stack, settings)
        stack.push_async_callback(world.children.aclose)
        await world.start_web()
        await world.until_warm()
        await world.slack.ask("pattern")
        if not worker:
            await stack.enter_async_context(_looked_at(world.redis))
        if worker:
            world.worker = await _child(world.children, "worker", ["bot", "worker"], world.folder, world.env)
            await world.worker.event("worker_ready")
        for request in await world.slack.submissions(warm_up):
            await world.create(request)
        yield world
        if not faulty and (problems := await world.problems()):
            raise NotMeasured(f"not all went well meanwhile: {problems[:3]}")


@asynccontextmanager
async def _looked_at(redis: Redis) -> AsyncIterator[None]:
    """In place of a worker that looks at Novita, without its load: else each create would look there first."""

    async def stamp() -> None:
        while True:
            await redis.hset("{gpu}:looked", "at", str(int(time.time()) * 1000))
            await asyncio.sleep(10)

    stamping = asyncio.create_task(stamp())
    try:
        yield
    finally:
        stamping.cancel()
        await asyncio.gather(stamping, return_exceptions=True)


async def _outside(stack: AsyncExitStack, settings: dict[str, str]) -> World:
    """Everything but the bot."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gpu-bench-")))
    driver = Driver()
    stack.push_async_callback(driver.session.close)
    redis = await ensure_server(folder)
    stack.push_async_callback(redis.close)
    client = Redis.from_url(redis.url, decode_responses=True)
    stack.push_async_callback(client.aclose)
    slack = await serve(stack, "slack", folder)
    novita = await serve(stack, "novita", folder)
    env = clean_environment() | {
        "SLACK_BOT_TOKEN": slack["token"],
        "SLACK_SIGNING_SECRET": slack["secret"],
        "SLACK_API_URL": slack["api"],
        "NOVITA_API_KEY": novita["key"],
        "NOVITA_API_URL": novita["url"],
        "REDIS_URL": redis.url,
        "HOST": "127.0.0.1",
        "PORT": "0",
        "LOG_FORMAT": "json",
        **settings,
    }
    api = slack["api"].removesuffix("/api/")
    return World(driver, folder, client, Slack(slack["desk"], driver), api, Novita(novita["url"], driver), env)


async def serve(stack: AsyncExitStack, name: str, folder: Path) -> dict[str, Any]:
    """Starts one of the bench's own servers and returns what it says of itself."""
    child = await _child(stack, name, ["tests.bench.servers", name], folder, clean_environment())
    return await child.event(f"{name}_ready")


async def _child(stack: AsyncExitStack, name: str, arguments: list[str], folder: Path, env: dict[str, str]) -> Child:
    child = await Child.start(name, arguments, folder, env)
    stack.push_async_callback(child.stop)
    return child
