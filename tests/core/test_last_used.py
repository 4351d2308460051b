"""What somebody used last: what is kept of a request, and what can be read of what another program wrote."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from core.adapters.redis.proposals import LAST_USED_KEPT
from core.domain import last_used
from core.domain.base import Actor, BillingMode
from core.domain.request import Draft
from tests.core.processes import Process
from tests.core.samples import ADA, request

WHOLE = Draft(
    product_name="RTX 4090 24GB",
    template_id="101",
    region="EU-GB-01",
    gpu_num=2,
    rootfs_size=100,
    billing_mode=BillingMode.ON_DEMAND,
    lease=timedelta(hours=4),
    channel="C0GPU00001",
)
KEY = f"{{gpu}}:last:{ADA.team}:{ADA.user}"


def test_no_name_no_variable_and_no_webhook_is_kept() -> None:
    asked = request(name="precious", webhook_url="https://example.com/s3cret", envs={"TOKEN": SecretStr("s3cret")})
    kept = last_used.write(last_used.last_used(asked))
    assert not [word for word in ("precious", "example.com", "TOKEN", "s3cret") if word in kept]


def test_what_is_written_reads_back() -> None:
    assert last_used.read(last_used.write(WHOLE)) == WHOLE
    endless = last_used.last_used(request(lease=None))
    assert (endless.lease, endless.no_end) == (None, True)
    assert last_used.read(last_used.write(endless)) == endless


@pytest.mark.parametrize("text", ["", "{", "[]", "7", "null", '"gpu"', "[" * 5000, "{\x00}"])
def test_what_is_nothing_of_ours_is_nothing(text: str) -> None:
    assert last_used.read(text) is None


@pytest.mark.parametrize(
    ("field", "value"),
    [("billing_mode", "reserved"), ("gpu_num", "many"), ("lease", "soon"), ("region", {"name": "EU"}), ("channel", 7)],
)
def test_a_field_that_cannot_be_read_is_left_out_alone(field: str, value: Any) -> None:
    others: dict[str, Any] = {field: None}
    written = json.loads(last_used.write(WHOLE)) | {field: value, "of_the_future": [1, 2]}
    assert last_used.read(json.dumps(written)) == replace(WHOLE, **others)


async def test_it_is_kept_for_each_person_and_ends(web: Process, redis_url: str) -> None:
    assert await web.store.last_used(ADA) is None
    await web.store.save_last_used(ADA, WHOLE)
    assert await web.store.last_used(ADA) == WHOLE
    for other in (Actor(user="U0BO", team=ADA.team), Actor(user=ADA.user, team="T0OTHER")):
        assert await web.store.last_used(other) is None
    async with Redis.from_url(redis_url) as redis:
        left = timedelta(milliseconds=await redis.pttl(KEY))
        assert LAST_USED_KEPT - timedelta(minutes=10) < left <= LAST_USED_KEPT
        await redis.set(KEY, "{broken")
        assert await web.store.last_used(ADA) is None


async def test_taken_are_the_names_of_those_that_live(web: Process, redis_url: str) -> None:
    assert await web.store.names_taken() == set()
    first = await web.begin(request(name="Train-1"), owner=ADA, key="view:1")
    await web.begin(request(name="other"), owner=ADA, key="view:2")
    assert await web.store.names_taken() == {"train-1", "other"}
    async with Redis.from_url(redis_url) as redis:
        await redis.zrem("{gpu}:live", first.instance.id)
    assert await web.store.names_taken() == {"other"}, "a name that its end has left behind is free"
