"""The HTTP API while something behind it is away, slow or lying, or while one of the two sides goes away itself."""

from __future__ import annotations

import asyncio
import json
import signal
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import redis

from bot.sandbox.novita import Fault, SandboxNovita
from core.domain.instance import Status
from tests.bot.api import BEARER, BODY, TOKEN, api, at, bad_fields, code_of, record, shows
from tests.bot.app_fixture import open_house
from tests.bot.redis_line import RedisLine
from tests.e2e.stage import open_stage
from tests.patience import patience

HASTE = {"Prefer": "wait=0"}
LATE_NO = replace(Fault.refused(400, "INSUFFICIENT_RESOURCE"), seconds=0.3)


async def test_while_redis_is_away_nothing_is_created_and_all_is_503(redis_url: str) -> None:
    house_of = partial(open_house, workers=0, api_token=TOKEN)
    async with RedisLine(redis_url) as line, house_of(line.url) as house, api(house) as client:
        await line.down()
        key = {"Idempotency-Key": "k"}
        answers = [
            await client.post("/api/instances", json=BODY),
            await client.post("/api/instances", json=BODY, headers=key),
            await client.get("/api/instances"),
            await client.get("/api/instances/0123456789"),
            await client.post("/api/instances/0123456789/stop"),
        ]
        await line.up()
        for answer in answers:
            assert code_of(answer) == (503, "store_unavailable")
            assert "Retry-After" in answer.headers
        assert house.novita.calls_of("create") == []
        assert (await client.post("/api/instances", json=BODY, headers=key)).status_code == 201


async def test_redis_going_away_once_novita_has_said_yes_does_not_keep_the_answer_back(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, open_house(line.url, api_token=TOKEN) as house, api(house) as client:
        await house.watched()
        house.novita.fail_next("create", Fault.slow(0.3))
        asked = asyncio.create_task(client.post("/api/instances", json=BODY))
        await house.novita.wait_until(lambda: bool(house.novita.calls_of("create")))
        await line.down()
        answer = await asked
        assert (answer.status_code, {answer.json()["novitaInstanceId"]}) == (201, set(house.novita.instances))
        await line.up()
        await shows(client, house, answer.headers["Location"], "running")
        assert len(house.novita.calls_of("create")) == 1


async def test_redis_going_away_between_two_regions_begins_nothing_more(redis_url: str) -> None:
    house_of = partial(open_house, workers=0, api_token=TOKEN)
    async with RedisLine(redis_url) as line, house_of(line.url) as house, api(house) as client:
        house.novita.fail_next("create", LATE_NO)
        asked = asyncio.create_task(client.post("/api/instances", json=BODY))
        await house.novita.wait_until(lambda: bool(house.novita.calls_of("create")))
        await line.down()
        answer = await asked
        assert code_of(answer) == (503, "store_unavailable")
        details = answer.json()["error"]["details"]
        assert [attempt["outcome"] for attempt in details["attempts"]] == ["refused"]
        await line.up()
        async with patience():
            while (await client.get(f"/api/instances/{details['instanceId']}")).json()["status"] != "failed":  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert len(house.novita.calls_of("create")) == 1
        assert house.novita.instances == {}


async def test_novita_that_is_out_of_reach_is_503_and_nothing_is_created(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        await house.novita.stop()
        answer = await client.post("/api/instances", json=BODY)
        assert code_of(answer) == (503, "novita_unreachable")
        assert [a["outcome"] for a in answer.json()["error"]["details"]["attempts"]] == ["unsent"]


async def test_novita_that_was_never_there_is_503_but_bad_fields_are_named_all_the_same(redis_url: str) -> None:
    away = SandboxNovita()
    away.fail_all(Fault.server_error())
    house_of = open_house(redis_url, workers=0, warm=False, novita=away, api_token=TOKEN)
    async with house_of as house, api(house) as client:
        assert code_of(await client.post("/api/instances", json=BODY)) == (503, "novita_unreachable")
        assert bad_fields(await client.post("/api/instances", json={**BODY, "gpuNum": []})) == {"gpuNum"}
        assert await house.base.store.live() == []


async def test_what_stands_in_front_of_novita_and_refuses_has_a_code_of_its_own_and_says_when_to_come_again(
    redis_url: str,
) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        made = await client.post("/api/instances", json=BODY)
        place = made.headers["Location"]
        await shows(client, house, place, "running")
        house.novita.fail_all(Fault.gateway(), "instance")
        answer = await client.get(f"{place}/connection")
        assert code_of(answer) == (502, "novita_gateway")
        assert int(answer.headers["Retry-After"]) == 60
        assert "in front of Novita" in answer.json()["error"]["message"]
        for status in (502, 504):
            house.novita.fail_all(Fault.server_error(status), "instance")
            answer = await client.get(f"{place}/connection")
            assert code_of(answer) == (503, "novita_unreachable"), "whether it was seen is not known"
            assert "Retry-After" in answer.headers
        house.novita.clear_faults()


async def test_a_lost_answer_is_looked_for_and_answered_once_it_is_found(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        house.novita.fail_next("create", Fault.reset(has_effect=True))
        answer = await client.post("/api/instances", json=BODY)
        assert (answer.status_code, {answer.json()["novitaInstanceId"]}) == (201, set(house.novita.instances))
        assert [attempt["outcome"] for attempt in answer.json()["attempts"]] == ["unknown"]
        assert len(house.novita.calls_of("create")) == 1


async def test_an_unknown_outcome_is_202_with_where_to_look(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        house.novita.fail_all(Fault.server_error(), "instances")
        house.novita.fail_next("create", Fault.reset(has_effect=True))
        answer = await client.post("/api/instances", json=BODY, headers={"Prefer": "respond-async, wait=1"})
        assert (answer.status_code, answer.json()["status"], answer.json()["novitaInstanceId"]) == (
            202,
            "creating",
            None,
        )
        assert (await record(house, answer)).launch.in_doubt_since is not None
        house.novita.clear_faults()
        found = await shows(client, house, answer.headers["Location"], "running")
        assert {found["novitaInstanceId"]} == set(house.novita.instances)
        assert len(house.novita.calls_of("create")) == 1


async def test_who_does_not_want_to_wait_is_told_where_to_look(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        house.novita.fail_next("create", Fault.slow(0.3))
        answer = await client.post("/api/instances", json=BODY, headers=HASTE)
        assert (answer.status_code, answer.json()["status"]) == (202, "creating")
        await shows(client, house, answer.headers["Location"], "running")


async def test_a_client_that_hangs_up_changes_nothing(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        house.novita.fail_next("create", Fault.slow(0.3))
        body = json.dumps(BODY).encode()
        lines = {"Host": "bot", "Content-Type": "application/json", "Content-Length": str(len(body)), **BEARER}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        _, writer = await asyncio.open_connection("127.0.0.1", house.port)
        writer.write(f"POST /api/instances HTTP/1.1\r\n{head}\r\n".encode() + body)
        await house.novita.wait_until(lambda: bool(house.novita.calls_of("create")))
        writer.transport.abort()
        (shown,) = (await client.get("/api/instances")).json()["instances"]
        await shows(client, house, f"/api/instances/{shown['id']}", "running")
        (kept,) = await house.base.store.live()
        assert (kept.status, {kept.remote.id}) == (Status.RUNNING, set(house.novita.instances))


@pytest.mark.parametrize("waits", [True, False], ids=["waiting", "not waiting"])
async def test_a_create_is_answered_although_the_process_is_told_to_stop(tmp_path: Path, waits: bool) -> None:
    async with open_stage(tmp_path) as stage:
        web = await stage.web(API_TOKEN=TOKEN)
        stage.novita.fail_next("create", Fault.slow(1.0))
        async with at(stage.slack.bot_url) as client:
            headers = {} if waits else HASTE
            asked = asyncio.create_task(client.post("/api/instances", json=BODY, headers=headers))
            await stage.novita.wait_until(lambda: bool(stage.novita.instances))
            web.signal(signal.SIGTERM)
            answer = await asked
            assert answer.status_code == (201 if waits else 202)
        assert await web.ended() == 0
        kept = await stage.store.get(answer.json()["instanceId"])
        assert kept is not None
        assert {kept.remote.id} == set(stage.novita.instances)


async def test_a_record_that_cannot_be_read_is_listed_and_hides_no_other(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        await client.post("/api/instances", json=BODY)
        with redis.Redis.from_url(redis_url) as kept:
            kept.zadd("{gpu}:live", {"0123456789": 1})
            kept.hset("{gpu}:instance:0123456789", mapping={"json": "{}", "v": 1})
        listed = {each["id"]: each for each in (await client.get("/api/instances")).json()["instances"]}
        assert sorted(each["name"] for each in listed.values() if each["id"] != "0123456789") == ["train-1"]
        shown = await client.get("/api/instances/0123456789")
        assert (shown.status_code, shown.json()["status"]) == (200, listed["0123456789"]["status"])
