"""/metrics: what this process has counted and, read from Redis when somebody looks, what all processes share."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Protocol

import structlog
from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4, CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from bot.http.cache import TTLCache
from core.domain import costs
from core.domain.clock import CLOSE_ENOUGH, Clock
from core.domain.errors import StoreUnavailable
from core.domain.instance import Instance, Status
from core.services.alarms import Alarm, AlarmKind
from core.services.reconciler import is_alive
from core.telemetry.metrics import REGISTRY

log = structlog.get_logger(__name__)

_KEEP = timedelta(seconds=3)
_PATIENCE_SECONDS = 2.0
"""With Redis stuck a scrape still answers, well within the ten seconds that Prometheus gives it."""

_LIVE = tuple(status for status in Status if status is not Status.DELETED)


class Records(Protocol):
    """What is asked of the store (core.adapters.redis.Store)."""

    async def try_write(self) -> None: ...
    async def live(self) -> list[Instance]: ...
    async def outbox_size(self) -> int: ...
    async def oldest_untold_age(self, now: datetime) -> timedelta: ...
    async def worker_seen_at(self) -> datetime | None: ...
    async def successes(self) -> dict[str, datetime]: ...
    async def alarms(self) -> list[Alarm]: ...
    async def made_outside(self) -> int: ...


@dataclass(frozen=True)
class Shared:
    """What all processes share, at one moment."""

    now: datetime
    instances: Mapping[Status, int]
    usd_per_hour: Decimal
    strays: int
    unreadable: int
    outside: int
    outbox: int
    outbox_age: timedelta
    worker_seen_at: datetime | None
    successes: Mapping[str, datetime]
    alarms: Mapping[AlarmKind, int]
    takes_writes: bool


def routes(records: Records, clock: Clock) -> list[web.RouteDef]:
    return [web.get("/metrics", _Metrics(records, clock).answer)]


class _Metrics:
    """Answers /metrics. Redis is asked at most every few seconds, however often others ask us."""

    def __init__(self, records: Records, clock: Clock) -> None:
        self._records = records
        self._clock = clock
        self._shared = TTLCache(self._read, _KEEP)

    async def answer(self, _: web.Request) -> web.Response:
        shared = CollectorRegistry()
        shared.register(_Shared(await self._shared.get()))
        text = generate_latest(REGISTRY) + generate_latest(shared)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4})

    async def _read(self) -> Shared | None:
        """None when Redis is away: what this process counted is worth having all the same."""
        try:
            async with asyncio.timeout(_PATIENCE_SECONDS):
                return await _read(self._records, self._clock.now())
        except (StoreUnavailable, TimeoutError) as error:
            log.debug("shared_metrics_not_read", error=str(error) or "no answer in time")
            return None


async def _read(records: Records, now: datetime) -> Shared:
    live = await records.live()
    return Shared(
        now=now,
        instances=Counter(instance.status for instance in live),
        usd_per_hour=costs.per_hour(live),
        strays=sum(each.is_stray for each in live),
        unreadable=sum(each.unreadable is not None for each in live),
        outside=await records.made_outside(),
        outbox=await records.outbox_size(),
        outbox_age=await records.oldest_untold_age(now),
        worker_seen_at=await records.worker_seen_at(),
        successes=await records.successes(),
        alarms=Counter(alarm.kind for alarm in await records.alarms() if alarm.over_since is None),
        takes_writes=await _takes_writes(records),
    )


async def _takes_writes(records: Records) -> bool:
    try:
        await records.try_write()
    except StoreUnavailable:
        return False
    return True


class _Shared(Collector):
    def __init__(self, shared: Shared | None) -> None:
        self._shared = shared

    def collect(self) -> Iterator[Metric]:
        is_up = self._shared is not None
        yield _gauge("redis_up", "Whether Redis answers; if not, what all processes share is missing.", is_up)
        takes = self._shared is not None and self._shared.takes_writes
        yield _gauge("redis_takes_writes", "Whether Redis takes what a create writes.", takes)
        if self._shared is not None:
            yield from _of_instances(self._shared)
            yield from _of_workers(self._shared)
            yield _of_alarms(self._shared)


def _of_instances(shared: Shared) -> Iterator[Metric]:
    family = GaugeMetricFamily("gpu_bot_instances", "Instances that have not ended.", labels=["status"])
    for status in _LIVE:
        family.add_metric([status.value], shared.instances.get(status, 0))
    yield family
    yield _gauge("cost_usd_per_hour", "What the instances that are billed cost an hour.", float(shared.usd_per_hour))
    yield _gauge("strays", "Instances on record that nobody is known to own.", shared.strays)
    yield _gauge("records_unreadable", "Instances whose record this version cannot read.", shared.unreadable)
    yield _gauge("instances_made_outside", "Instances in the Novita account that are not this bot's.", shared.outside)
    yield _gauge("outbox_depth", "Instances with events that not everybody has been told yet.", shared.outbox)
    age = shared.outbox_age.total_seconds()
    yield _gauge("outbox_age_seconds", "For how long the oldest of them has been due.", age)


def _of_workers(shared: Shared) -> Iterator[Metric]:
    seen = shared.worker_seen_at
    is_up = seen is not None and is_alive(seen, shared.now)
    yield _gauge("worker_up", "Whether any worker gave a sign of life lately.", is_up)
    if seen is not None:
        age = max(timedelta(), shared.now - seen).total_seconds()
        yield _gauge("worker_heartbeat_age_seconds", "Since the last sign of life of any worker.", age)
    family = GaugeMetricFamily(
        "gpu_bot_task_last_success_timestamp_seconds",
        "When each background task last succeeded, in any worker.",
        labels=["task"],
    )
    for task, at in sorted(shared.successes.items()):
        if at <= shared.now + CLOSE_ENOUGH:  # Else a wrong clock's, and nobody knows when it was.
            family.add_metric([task], at.timestamp())
    yield family


def _of_alarms(shared: Shared) -> Metric:
    family = GaugeMetricFamily("gpu_bot_alarms", "What the admins must hear of and is not over.", labels=["kind"])
    for kind in AlarmKind:
        family.add_metric([kind.value], shared.alarms.get(kind, 0))
    return family


def _gauge(name: str, documentation: str, value: float) -> Metric:
    return GaugeMetricFamily(f"gpu_bot_{name}", documentation, value=float(value))
