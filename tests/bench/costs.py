"""Figures of what a create costs: CPU of the bot's processes, commands and round trips to Redis."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from redis.asyncio import Redis

from tests.bench.figures import Effort, Row, median, spread
from tests.bench.processes import Child, NotMeasured
from tests.bench.world import FOREVER, World, open_world

_IDLE_SECONDS = 3.0
_NOT_OF_A_CREATE = ("{gpu}:processes", "HSET {gpu}:looked")
"""What a process touches without anything to do, and what the bench writes in place of a worker."""


async def cpu(effort: Effort) -> list[Row]:
    """Whole flows one after another; what the processes use when nothing happens is taken off."""
    count, rounds = effort.samples(40, 20), effort.samples(3, 1)
    async with open_world(worker=True) as world:
        if world.worker is None:
            raise NotMeasured("there is no worker")
        await world.novita.latency(0.05)
        await _flows(world, 20)
        web, worker = [], []
        for _ in range(rounds):
            first, second = await _cost_of_flows(world, world.worker, count)
            web.append(first)
            worker.append(second)
    how = f"median of {rounds} × {count} flows, {spread(web)}"
    return [
        Row("CPU of a whole flow, web", median(web), 11, limit="4.3 ms", how=how, digits=1, unit=" ms"),
        Row(
            "CPU of the worker beside it", median(worker), digits=1, unit=" ms", how="it tells how earlier ones come up"
        ),
    ]


async def _cost_of_flows(world: World, worker: Child, count: int) -> tuple[float, float]:
    """Milliseconds of CPU per flow, of web and worker."""
    processes = (world.web, worker)
    idle = await _cpu_over(processes, _sleep())
    busy = await _cpu_over(processes, _flows(world, count))
    per_flow = [
        (used - rest * busy.seconds / idle.seconds) / count * 1000
        for used, rest in zip(busy.cpu, idle.cpu, strict=True)
    ]
    return per_flow[0], per_flow[1]


@dataclass(frozen=True)
class _Use:
    """What each process used, in seconds of CPU, in how many seconds."""

    cpu: tuple[float, ...]
    seconds: float


async def _cpu_over(processes: tuple[Child, ...], work: Any) -> _Use:
    before, began = [process.cpu() for process in processes], time.monotonic()
    await work
    after, seconds = [process.cpu() for process in processes], time.monotonic() - began
    return _Use(tuple(b - a for a, b in zip(before, after, strict=True)), seconds)


async def _sleep() -> None:
    await asyncio.sleep(_IDLE_SECONDS)


async def _flows(world: World, count: int) -> None:
    """Command, modal, submit, create, told."""
    for _ in range(count):
        (command,) = await world.slack.commands("create")
        await world.driver.send(world.url, command)
        await world.create(await world.slack.opened())


async def redis_use(effort: Effort) -> list[Row]:
    """Only the web runs, so that no worker's loop is counted; its own sign of life is left out by its key."""
    count = effort.samples(20, 8)
    async with open_world(worker=False, CATALOG_TTL=FOREVER) as world:
        await world.novita.latency(0.1)
        commands, before_post = [], []
        for request in await world.slack.submissions(count):
            async with _watched(world.redis) as watch:
                await world.novita.do("forget")
                await world.create(request)
            (post,) = await world.novita.calls()
            commands.append(len(watch.seen))
            before_post.append(sum(at < post["at"] for at, _ in watch.seen))
    kinds = ", ".join(command for _, command in watch.seen)
    return [
        Row("Redis commands per create", median(commands), 6, limit="2", how=kinds.lower(), digits=0),
        Row("Redis round trips before the POST", max(before_post), 3, how=f"the most of {count} creates", digits=0),
    ]


@dataclass
class _Watch:
    """Commands as the server got them: when (Unix seconds), and which."""

    seen: list[tuple[float, str]] = field(default_factory=list)


@asynccontextmanager
async def _watched(redis: Redis) -> AsyncIterator[_Watch]:
    """What the bot sends to Redis meanwhile: not what scripts do inside, nor what this connection says itself."""
    watch, mark = _Watch(), "the bench saw enough"
    async with redis.monitor() as monitor:
        reading = asyncio.create_task(_read(monitor, watch, mark))
        yield watch
        await redis.echo(mark)
        await reading


async def _read(monitor: Any, watch: _Watch, mark: str) -> None:
    async for line in monitor.listen():
        if mark in line["command"]:
            return
        if line["client_type"] != "lua" and not any(part in line["command"] for part in _NOT_OF_A_CREATE):
            watch.seen.append((line["time"], line["command"].split()[0]))
