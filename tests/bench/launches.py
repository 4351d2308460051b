"""Figures of the create itself: Novita calls, the time until it is told, and the wait after "too fast"."""

from __future__ import annotations

from tests.bench.figures import Effort, Row, median, percentile, spread
from tests.bench.world import FOREVER, World, open_world

REFUSING = ("AS-SGP-02", "CN-HK-01", "OC-AU-01")
"""The regions that are tried first, in that order (REGION_PRIORITY)."""


async def upstream_calls(_: Effort) -> list[Row]:
    """Only the web runs, and its look at the prices is put off, so that every call is the create's."""
    rows = []
    async with open_world(worker=False, CATALOG_TTL=FOREVER) as world:
        for refusing in range(len(REFUSING) + 1):
            await world.novita.refuse_in(*REFUSING[:refusing])
            calls = await _calls_of_one_create(world)
            due = 1 + refusing
            rows.append(
                Row(
                    f"Novita calls per create, regions refusing: {refusing}",
                    calls,
                    at_most=due,
                    at_least=due,
                    limit=str(due),
                    digits=0,
                )
            )
        rows.append(await _cold_calls(world))
    return rows


async def _calls_of_one_create(world: World) -> int:
    await world.novita.do("forget")
    (request,) = await world.slack.submissions(1)
    await world.create(request)
    return len(await world.novita.calls())


async def _cold_calls(world: World) -> Row:
    """A web that starts on an empty Redis fetches the catalog in any case: what a create adds to that is counted."""
    await world.novita.restock(*REFUSING)
    await _start_cold(world)
    await world.until_warm()
    without = len(await world.novita.calls())
    (request,) = await world.slack.submissions(1)
    await _start_cold(world)
    await world.create(request)
    await world.until_warm()
    added = len(await world.novita.calls()) - without
    return Row(
        "Novita calls per create, cold",
        added,
        at_most=2,
        digits=0,
        how=f"submitted at the start, beyond the {without} calls of the start itself",
    )


async def _start_cold(world: World) -> None:
    await world.web.stop()
    await world.redis.flushall()
    await world.novita.do("forget")
    await world.start_web()


async def told_one_by_one(effort: Effort) -> list[Row]:
    async with open_world(worker=True) as world:
        slow = await _ratios(world, 0.2, effort.samples(60, 15))
        fast = await _ratios(world, 0.05, effort.samples(60, 15))
    how = f"{len(slow)} creates"
    return [
        Row("told ÷ U, U = 200 ms, p50", median(slow), 1.10, limit="1.02", how=f"{how}, {spread(slow)}"),
        Row("told ÷ U, U = 200 ms, p95", percentile(slow, 95), 1.25, limit="1.04", how=how),
        Row("told ÷ U, U = 50 ms, p50", median(fast), 1.30, limit="1.09", how=f"{len(fast)} creates, {spread(fast)}"),
    ]


async def told_with_refusals(effort: Effort) -> list[Row]:
    async with open_world(worker=True) as world:
        await world.novita.refuse_in(*REFUSING)
        ratios = await _ratios(world, 0.2, effort.samples(20, 5))
    how = f"{len(ratios)} creates, {spread(ratios)}"
    return [Row("told ÷ U, three regions refusing, 200 ms, p50", median(ratios), 4.2, limit="4.04", how=how)]


async def _ratios(world: World, latency: float, count: int) -> list[float]:
    await world.novita.latency(latency)
    waits = [(await world.create(request))[1] for request in await world.slack.submissions(count)]
    return [wait / latency for wait in waits]


async def told_at_once(effort: Effort) -> list[Row]:
    latency, rounds = 0.2, effort.samples(9, 3)
    async with open_world(worker=True) as world:
        await world.novita.latency(latency)
        waits = [(await world.create_at_once(32))[1] for _ in range(rounds)]
    ratios = [percentile(each, 95) / latency for each in waits]
    return [
        Row(
            "32 at once: told p95 ÷ U, 200 ms",
            median(ratios),
            1.8,
            limit="1.23",
            how=f"median of {rounds} rounds, {spread(ratios)}",
        )
    ]


async def wait_after_429(effort: Effort) -> list[Row]:
    """From Novita's answer to the next try, as Novita sees it."""
    waits = []
    async with open_world(worker=False) as world:
        for retry_after in (1, 2) * effort.samples(3, 1):
            await world.novita.do("forget")
            await world.novita.do(
                "fault", endpoint="create", kind="rate_limited", times=1, retry_after=str(retry_after)
            )
            (request,) = await world.slack.submissions(1)
            await world.create(request)
            refused, taken = [call for call in await world.novita.calls() if call["endpoint"] == "create"]
            waits.append((taken["at"] - refused["at"] - refused["seconds"]) / retry_after)
    what, how = "wait after a 429 ÷ its Retry-After", f"{len(waits)} waits, {spread(waits, 3)}"
    return [Row(what, median(waits), at_most=1.5, at_least=1.0, limit="1", how=how)]
