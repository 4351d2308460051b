"""Figures of the acknowledgement: how long Slack waits for the bot, measured against a handler that does nothing."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass

from tests.bench.driver import Ack, Request
from tests.bench.figures import Effort, Row, median, percentile, spread
from tests.bench.processes import NotMeasured
from tests.bench.world import World, open_world, serve

_WARM_UP = 5

_PACE_SECONDS = 0.01
"""Between requests of a stream: 100 a second."""


async def acks(effort: Effort) -> list[Row]:
    rows = []
    async with AsyncExitStack() as stack:
        world = await stack.enter_async_context(open_world(worker=True))
        bare = (await serve(stack, "bare", world.folder))["url"]
        slack, send, submit = world.slack, world.driver.send, world.driver.submit
        for what, ask, deliver, aim, count in (
            ("`/gpu help`", lambda: slack.commands("help"), send, 2.0, effort.samples(150, 50)),
            ("opening the modal", lambda: slack.commands("create"), send, 3.0, effort.samples(100, 40)),
            ("a submit", lambda: slack.submissions(1), submit, 3.0, effort.samples(100, 40)),
        ):
            rows.append(await _against_bare(world, bare, _Kind(what, ask, deliver, aim), count))
    return rows


@dataclass(frozen=True)
class _Kind:
    """A kind of request: how to get the next one and to send it, and how many times the bare handler it may take."""

    what: str
    ask: Callable[[], Awaitable[list[Request]]]
    send: Callable[[str, Request], Awaitable[Ack]]
    aim: float


async def _against_bare(world: World, bare: str, kind: _Kind, count: int) -> Row:
    """The same requests to both, at the same rhythm, and each of them first as often as the other."""
    servers = {"bare": (bare, world.driver.send), "bot": (world.url, kind.send)}
    taken: dict[str, list[float]] = {name: [] for name in servers}
    for number in range(count + _WARM_UP):
        (request,) = await kind.ask()
        for name in ("bare", "bot") if number % 2 else ("bot", "bare"):
            url, send = servers[name]
            taken[name].append((await send(url, request)).seconds * 1000)
            await world.slack.settled()
    theirs, ours = taken["bare"][_WARM_UP:], taken["bot"][_WARM_UP:]
    how = f"{median(ours):.2f} ms ÷ {median(theirs):.2f} ms, {count} each, p95 {percentile(ours, 95):.2f} ms"
    ratio = median(ours) / median(theirs)
    return Row(f"ack p50 ÷ bare handler: {kind.what}", ratio, kind.aim, limit="1.5", how=how)


async def under_load(effort: Effort) -> list[Row]:
    """The stream runs all the time; the creates in waves, the next one as soon as all of the last are told."""
    async with open_world(worker=True) as world:
        await world.novita.latency(0.2)
        waves = asyncio.create_task(_waves(world, effort.samples(12, 4)))
        seconds = [ack.seconds * 1000 for ack in await _stream_beside(world, waves)]
        await waves
    how = f"{len(seconds)} requests beside waves of 32, p50 {median(seconds):.1f} ms, worst {max(seconds):.0f} ms"
    what = "ack p99 at 100 requests/s while 32 creates run"
    return [Row(what, percentile(seconds, 99), 25, limit="3 ms", how=how, digits=1, unit=" ms")]


async def _waves(world: World, count: int) -> None:
    for requests in [await world.slack.submissions(32) for _ in range(count)]:
        await world.driver.submit_at_once(world.url, requests)
        await world.slack.told(len(requests))


async def _stream_beside(world: World, work: asyncio.Task[None]) -> list[Ack]:
    """Sends `/gpu help` at a steady pace, whether or not the answers come, until `work` is done."""
    (request,) = await world.slack.commands("help")
    sent, loop = [], asyncio.get_running_loop()
    due = loop.time()
    while not work.done():
        sent.append(asyncio.create_task(world.driver.send(world.url, request)))
        due += _PACE_SECONDS
        await asyncio.sleep(due - loop.time())
    return await asyncio.gather(*sent)


async def under_faults(effort: Effort) -> list[Row]:
    """Every kind of request while something that the bot depends on is silent."""
    count = effort.samples(20, 5)
    rows = []
    async with open_world(worker=True, faulty=True) as world:
        for name, begin, end in _faults(world):
            await begin()
            try:
                worst = await _worst_ack(world, count)
            finally:
                await end()
            rows.append(Row(f"slowest ack, {name}", worst, 1000, digits=0, unit=" ms", how=f"{count} of each kind"))
    return rows


def _faults(world: World) -> list[tuple[str, Callable[[], Awaitable[None]], Callable[[], Awaitable[None]]]]:
    steering = f"{world.slack_api}/_sandbox"

    async def hang_slack() -> None:
        await world.driver.ask(f"{steering}/faults", {"kind": "hang"})

    async def mend_slack() -> None:
        await world.driver.ask(f"{steering}/faults", method="DELETE")

    async def hang_novita() -> None:
        await world.novita.do("fault", kind="hang")

    async def mend_novita() -> None:
        await world.novita.do("clear_faults")

    async def stop_redis() -> None:
        os.kill(await world.redis_pid(), signal.SIGSTOP)

    async def go_on_redis() -> None:
        os.kill(await world.redis_pid(), signal.SIGCONT)

    async def start_cold() -> None:
        await hang_novita()
        await world.web.stop()
        await world.redis.flushall()
        await world.start_web()

    return [
        ("Slack hangs", hang_slack, mend_slack),
        ("Novita hangs", hang_novita, mend_novita),
        ("Redis stopped", stop_redis, go_on_redis),
        ("cold and Novita hangs", start_cold, mend_novita),
    ]


async def _worst_ack(world: World, count: int) -> float:
    """All at once: who waits for the silent one must not make the others wait."""
    requests = await _one_of_each(world, count)
    acks = await asyncio.gather(*(world.driver.send(world.url, request) for request in requests))
    return max(ack.seconds for ack in acks) * 1000


async def _one_of_each(world: World, count: int) -> list[Request]:
    kinds = [await world.slack.commands("help", count), await world.slack.commands("create", count)]
    return [request for kind in (*kinds, await world.slack.submissions(count)) for request in kind]


async def burst(effort: Effort) -> list[Row]:
    """200 submissions in the same moment, each on a connection of its own; memory is read when all is quiet."""
    count = 200
    async with open_world(worker=True) as world:
        await world.novita.latency(0.2)
        acks, waits = await world.create_at_once(count)
        if world.worker is None:
            raise NotMeasured("there is no worker")
        web, worker = world.web.resident_mib(), world.worker.resident_mib()
    seconds = [ack.seconds for ack in acks]
    how = f"p50 {median(seconds):.2f} s, worst {max(seconds):.2f} s"
    told = f"of {count}, {spread(waits)} s after the submit"
    return [
        Row("200 at once: acknowledged within 3 s", sum(s <= 3 for s in seconds), None, count, "200", how, 0),
        Row("200 at once: told", len(waits), None, count, "200", told, 0),
        Row("200 at once: resident memory of web after it", web, 80, limit="47 MB", digits=0, unit=" MiB"),
        Row("200 at once: resident memory of worker after it", worker, 80, limit="47 MB", digits=0, unit=" MiB"),
    ]
