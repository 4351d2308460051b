"""Idempotency-Key: one key, one instance, one answer, whoever repeats it, wherever, and whatever happened meanwhile."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from pathlib import Path

import pytest
import redis

from bot.sandbox.novita import Fault
from core.domain.transitions import deleted
from tests.bot.api import BODY, SECRET, TOKEN, api, at, bad_fields, code_of, record, shows
from tests.bot.app_fixture import open_house
from tests.bot.leaks import all_of_redis
from tests.bot.scenarios import change
from tests.e2e.stage import open_stage

KEY = {"Idempotency-Key": "order 66"}


async def test_the_same_again_is_the_same_answer_with_200_however_it_has_fared_since(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        first = await client.post("/api/instances", json=BODY, headers=KEY)
        location = first.headers["Location"]
        await shows(client, house, location, "running")
        again = await client.post("/api/instances", json=BODY, headers=KEY)
        assert (first.status_code, again.status_code) == (201, 200)
        assert (again.json(), again.headers["Location"]) == (first.json(), location)
        await client.delete(location)
        await shows(client, house, location, "deleted")
        assert (await client.post("/api/instances", json=BODY, headers=KEY)).json() == first.json()
        assert len(house.novita.calls_of("create")) == 1


async def test_the_same_request_written_otherwise_is_the_same(redis_url: str) -> None:
    otherwise = {
        "envs": [{"key": "A", "value": SECRET}],
        "templateId": "103",
        "gpuNum": "1",
        "billingMode": "spot",
        "lease": 3600,
        "extra": 1,
        "name": BODY["name"],
        "productName": BODY["productName"],
    }
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        body = {**BODY, "lease": "60m", "envs": {"A": SECRET}}
        first = await client.post("/api/instances", json=body, headers=KEY)
        assert (await client.post("/api/instances", json=otherwise, headers=KEY)).json() == first.json()


@pytest.mark.parametrize(
    "change", [{"name": "train-2"}, {"gpuNum": 2}, {"envs": {"A": "other"}}, {"lease": "1h"}], ids=str
)
async def test_another_body_under_the_same_key_is_409(redis_url: str, change: dict[str, object]) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        await client.post("/api/instances", json={**BODY, "envs": {"A": SECRET}}, headers=KEY)
        again = await client.post("/api/instances", json={**BODY, "envs": {"A": SECRET}, **change}, headers=KEY)
        assert code_of(again) == (409, "idempotency_key_reused")
        assert len(house.novita.calls_of("create")) == 1


async def test_without_a_key_every_request_is_its_own(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        answers = [await client.post("/api/instances", json=BODY) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [201, 201]
        assert len(house.novita.instances) == 2


@pytest.mark.parametrize("key", ["", "k" * 256, "schlüssel".encode(), b"a\tb"], ids=["empty", "long", "umlaut", "tab"])
async def test_a_key_that_is_none_is_400(redis_url: str, key: str | bytes) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        headers = [("Idempotency-Key", key)]
        answer = await client.post("/api/instances", json=BODY, headers=headers)  # type: ignore[arg-type]
        assert bad_fields(answer) == {"Idempotency-Key"}
        twice = await client.post("/api/instances", json=BODY, headers=[*KEY.items(), *KEY.items()])
        assert bad_fields(twice) == {"Idempotency-Key"}
        assert house.novita.calls_of("create") == []


async def test_many_at_the_same_moment_over_two_webs_make_one_instance(redis_url: str) -> None:
    async with (
        open_house(redis_url, webs=2, workers=0, api_token=TOKEN) as house,
        api(house) as one,
        api(house, web=1) as other,
    ):
        house.novita.latency = 0.05
        sent = [client.post("/api/instances", json=BODY, headers=KEY) for client in (one, other) for _ in range(6)]
        answers = await asyncio.gather(*sent)
        assert sorted(answer.status_code for answer in answers) == [200] * 11 + [201]
        assert len({answer.text for answer in answers}) == 1
        assert len(house.novita.calls_of("create")) == 1


async def test_a_repeat_waits_for_the_first_while_that_is_under_way(redis_url: str) -> None:
    async with (
        open_house(redis_url, webs=2, workers=0, api_token=TOKEN) as house,
        api(house) as one,
        api(house, web=1) as other,
    ):
        house.novita.fail_next("create", Fault.slow(0.6))
        first = asyncio.create_task(one.post("/api/instances", json=BODY, headers=KEY))
        await house.novita.wait_until(lambda: bool(house.novita.calls_of("create")))
        hasty = await other.post("/api/instances", json=BODY, headers={**KEY, "Prefer": "wait=0"})
        assert (hasty.status_code, hasty.json()["status"]) == (202, "creating")
        again = await other.post("/api/instances", json=BODY, headers=KEY)
        assert (again.status_code, again.json()) == (200, (await first).json())


async def test_a_create_that_failed_fails_the_same_way_again(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        house.novita.fail_all(Fault.refused(400, "BALANCE_NOT_ENOUGH"), "create")
        first = await client.post("/api/instances", json=BODY, headers=KEY)
        house.novita.clear_faults()
        again = await client.post("/api/instances", json=BODY, headers=KEY)
        assert (again.status_code, again.text) == (402, first.text)
        assert len(house.novita.calls_of("create")) == 1


async def test_a_refused_request_does_not_use_up_its_key(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        wrong = await client.post("/api/instances", json={**BODY, "templateId": "no-such"}, headers=KEY)
        assert wrong.status_code == 404
        assert (await client.post("/api/instances", json=BODY, headers=KEY)).status_code == 201


async def test_a_repeat_is_answered_although_what_it_names_is_no_longer_sold(redis_url: str) -> None:
    async with (
        open_house(redis_url, workers=0, api_token=TOKEN) as house,
        api(house) as client,
        house.another_web(allowed_channels=("C0ELSEWHERE",)) as port,
        at(f"http://127.0.0.1:{port}") as stricter,
    ):
        body = {**BODY, "channel": house.slack.channel_id("gpu")}
        first = await client.post("/api/instances", json=body, headers=KEY)
        again = await stricter.post("/api/instances", json=body, headers=KEY)
        assert (again.status_code, again.json()) == (200, first.json())


async def test_a_key_whose_record_is_gone_makes_no_second_instance(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        made = await record(house, await client.post("/api/instances", json=BODY, headers=KEY))
        await house.base.dispatcher.drain(timedelta(seconds=5))
        now = house.base.clock.now()
        await change(house, made, lambda i: deleted(i, now))
        await house.base.dispatcher.drain(timedelta(seconds=5))
        with redis.Redis.from_url(redis_url) as kept:
            kept.delete(f"{{gpu}}:instance:{made.id}")
        assert code_of(await client.post("/api/instances", json=BODY, headers=KEY)) == (409, "idempotency_key_reused")
        assert len(house.novita.calls_of("create")) == 1


async def test_nothing_in_redis_lets_anybody_guess_a_value(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        await client.post("/api/instances", json={**BODY, "envs": {"A": SECRET}}, headers=KEY)
        await house.base.dispatcher.drain(timedelta(seconds=5))
        kept = all_of_redis(redis_url)
        assert SECRET not in kept
        assert TOKEN not in kept


async def test_after_a_kill_in_the_middle_the_same_again_finds_the_one_instance(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        doomed = await stage.web(API_TOKEN=TOKEN)
        stage.novita.fail_next("create", Fault.hang(has_effect=True))
        async with at(stage.slack.bot_url) as client:
            asked = asyncio.create_task(client.post("/api/instances", json=BODY, headers=KEY))
            await stage.novita.wait_until(lambda: bool(stage.novita.instances))
            await doomed.kill()
            await asyncio.wait({asked})
            assert asked.exception() is not None
        stage.novita.clear_faults()
        await stage.web(API_TOKEN=TOKEN)
        async with at(stage.slack.bot_url) as client:
            hasty = await client.post("/api/instances", json=BODY, headers={**KEY, "Prefer": "wait=0"})
            assert hasty.status_code == 202
            await stage.worker()
            again = await client.post("/api/instances", json=BODY, headers=KEY)
            assert (again.status_code, {again.json()["novitaInstanceId"]}) == (200, set(stage.novita.instances))
        assert len(stage.novita.creates) == 1
