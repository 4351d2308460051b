"""A record in groups: a change of state leaves nothing behind, and nothing is written that could not be read again."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from pydantic import ValidationError
from redis.asyncio import Redis

from core.adapters.redis.migrations import read_record
from core.domain import transitions
from core.domain.base import BillingMode
from core.domain.instance import Lease, Spot, Standstill, Startup, Status, StopReason
from tests.core.documents import stored
from tests.core.processes import Process
from tests.core.samples import ADA, NOON, TurnedClock, at_novita, instance, record_with, request

WEEK = timedelta(days=7)


def test_a_name_that_is_no_field_is_refused() -> None:
    for change in (
        lambda: instance().replace(lease_ends_at=NOON),
        lambda: instance().lease.replace(end_at=NOON),
        lambda: instance().model_copy(update={"lease_ends_at": NOON}),
    ):
        with pytest.raises(TypeError, match="has no"):
            change()


def test_a_value_that_a_field_cannot_hold_is_refused() -> None:
    with pytest.raises(ValidationError):
        instance().lease.replace(ends_at="soon")
    with pytest.raises(ValidationError):
        instance().lease.replace(ends_at=NOON.replace(tzinfo=None))


def test_what_comes_up_and_what_stands_still_has_nothing_left_of_before() -> None:
    left_over = {
        "startup": Startup(since=NOON, ends_at=NOON, notices=3),
        "standstill": Standstill(since=NOON, reason=StopReason.ASKED, reminders=2, data_until=NOON),
        "spot": Spot(noticed=True, reclaim_at=NOON),
        "lease": Lease(set_at=NOON, asked_at=NOON, reminded=(60, 15)),
    }
    record = record_with(instance(), novita_id="n-1", status=Status.STARTING).replace(**left_over)
    came_up = transitions.observed(record, at_novita(record, "running"), NOON + WEEK)
    assert came_up is not None
    up = came_up[0]
    assert (up.startup, up.standstill, up.spot) == (Startup(), Standstill(), Spot())
    assert up.lease == Lease(ends_at=up.lease.ends_at)
    went_down = transitions.observed(up.replace(**left_over), at_novita(up, "exited"), NOON + 2 * WEEK)
    assert went_down is not None
    down = went_down[0]
    assert (down.startup, down.lease, down.standstill.reminders) == (Startup(), Lease(), 0)


def test_after_a_start_that_came_to_nothing_the_weeks_are_counted_anew() -> None:
    """They were not: the owner was not told of the first weeks of the second standstill."""
    record = record_with(instance(), novita_id="n-1", status=Status.STARTING, stopped_at=NOON, stopped_reminders=3)
    found = transitions.observed(record, at_novita(record, "exited"), NOON + 3 * WEEK)
    assert found is not None
    assert found[0].standstill.reminders == 0


def test_a_record_of_the_first_shape_is_read_to_the_very_same_in_groups() -> None:
    def at(hour: int, minute: int, second: int) -> datetime:
        return datetime(2026, 11, 23, hour, minute, second, tzinfo=UTC)

    running = read_record(json.dumps(stored("running")["record"]))
    assert running.lease == Lease(ends_at=at(21, 0, 20), set_at=at(12, 0, 30), reminded=(60,))
    assert (running.intent.request_key, running.launch.process, running.intent.env_names) == (
        "view:V1",
        "web-1",
        ("TOKEN",),
    )
    assert (running.remote.status, running.remote.endpoints_known, len(running.remote.endpoints)) == (
        "running",
        True,
        2,
    )
    assert (running.launch.accepted_at, running.running_at) == (NOON, at(12, 0, 20))
    assert len(running.hook.digest) == 64
    reclaimed = read_record(json.dumps(stored("reclaimed")["record"]))
    assert (reclaimed.standstill.reason, reclaimed.spot.noticed) == (StopReason.RECLAIMED, True)
    deleted = read_record(json.dumps(stored("deleted")["record"]))
    assert deleted.at_end is not None
    assert (deleted.lease, deleted.at_end.lease) == (Lease(), Lease(ends_at=at(20, 0, 20), reminded=(60,)))
    assert deleted.at_end.remote.id == deleted.remote.id


async def test_every_document_in_redis_begins_with_the_number_of_its_shape(
    web: Process, redis_url: str, clock: TurnedClock
) -> None:
    launch = await web.begin(request(gpu_num=2), owner=ADA, key="view:V1")
    await web.launcher.finish(launch)
    for _ in range(8):
        clock.turn(seconds=10)
        await web.reconciler.run_once()
    await web.quiet()
    await web.catalog.get_market_for(2, BillingMode.SPOT)
    found: dict[str, list[str]] = {}
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        for key in map(str, await redis.keys("{gpu}:*")):
            found[key] = [text for text in await _texts(redis, key) if text.startswith(("{", "["))]
    documents = {key: texts for key, texts in found.items() if texts}
    kinds = {key.split(":")[1] for key in documents}
    assert {"instance", "timeline", "delivery", "market"} <= kinds
    for key, texts in documents.items():
        assert all(text.startswith('{"schema":') for text in texts), key


async def _texts(redis: Any, key: str) -> list[str]:
    match await redis.type(key):
        case "string":
            return [await redis.get(key)]
        case "hash":
            return list(await redis.hvals(key))
        case "list":
            return list(await redis.lrange(key, 0, -1))
    return []
