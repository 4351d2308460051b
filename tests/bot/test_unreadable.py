"""An instance whose record this version cannot read, as people and programs meet it: seen, explained, left alone."""

from __future__ import annotations

import json

import pytest
from redis.asyncio import Redis

from core.domain.instance import Instance
from tests.bot.api import TOKEN, api
from tests.bot.app_fixture import House, open_house
from tests.bot.doctor_fixture import said_to_cy
from tests.bot.scenarios import buttons_of, running, told, written

SENTENCE = "nothing can be changed here"
BODY = {"name": "train-9", "productName": "RTX 4090 24GB", "templateId": "103"}
KEY = {"Idempotency-Key": "one"}


async def spoiled(redis: Redis, record: Instance) -> str:
    """As a newer version would have written it."""
    key = f"{{gpu}}:instance:{record.id}"
    text = json.dumps(json.loads(str(await redis.hget(key, "json"))) | {"schema": 99})
    await redis.hset(key, "json", text)
    return text


async def kept(redis: Redis, record: Instance) -> str:
    return str(await redis.hget(f"{{gpu}}:instance:{record.id}", "json"))


def asked_of_novita(house: House) -> list[object]:
    return [call for verb in ("stop", "start", "restart", "delete") for call in house.novita.calls_of(verb)]


@pytest.mark.parametrize(
    "word",
    ["stop job-000", "delete job-000", "restart job-000", "start job-000", "extend job-000 by 2h", "connect job-000"],
)
async def test_a_command_about_it_is_answered_with_a_sentence(redis_url: str, word: str) -> None:
    async with open_house(redis_url, workers=0) as house, Redis.from_url(redis_url, decode_responses=True) as redis:
        [record] = await written(house, 1)
        text = await spoiled(redis, record)
        await house.slack.person("ada").command(f"/gpu {word}")
        await told(house, "ada", SENTENCE)
        assert await kept(redis, record) == text
        assert asked_of_novita(house) == []


async def test_it_is_listed_and_its_status_says_why_and_until_when(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house, Redis.from_url(redis_url, decode_responses=True) as redis:
        record, _ = await written(house, 2)
        await spoiled(redis, record)
        await house.slack.person("ada").command("/gpu list")
        listed = await told(house, "ada", "Your GPUs")
        assert "*job-000* is on a record of a newer version of this bot" in listed.shown
        assert "it is stopped" in listed.shown
        assert "*job-001* running" in listed.shown
        await house.slack.person("ada").command("/gpu status job-000")
        status = await told(house, "ada", SENTENCE)
        assert "shape 99" in status.shown
        assert "never deleted" in status.shown
        assert not {"instance:stop", "instance:delete", "instance:restart"} & set(buttons_of(status))


async def test_a_button_on_its_card_does_nothing_and_says_so(redis_url: str) -> None:
    async with open_house(redis_url) as house, Redis.from_url(redis_url, decode_responses=True) as redis:
        made, card = await running(house)
        text = await spoiled(redis, made)
        for action in ("instance:stop", "instance:delete", "instance:extend:4h"):
            await house.slack.person("ada").click(card, action)
        await house.slack.wait_until(lambda: house.slack.person("ada").sees().count(SENTENCE) >= 3)
        assert await kept(redis, made) == text
        assert asked_of_novita(house) == []


async def test_a_program_sees_it_and_every_order_is_refused(redis_url: str) -> None:
    async with (
        open_house(redis_url, workers=0, api_token=TOKEN) as house,
        api(house) as http,
        Redis.from_url(redis_url, decode_responses=True) as redis,
    ):
        [record] = await written(house, 1, "ada")
        text = await spoiled(redis, record)
        listed = (await http.get("/api/instances")).json()["instances"]
        assert [each["id"] for each in listed] == [record.id]
        shown = (await http.get(f"/api/instances/{record.id}")).json()
        assert (shown["name"], shown["leaseEndsAt"] is None) == ("job-000", False)
        for method, path in (
            ("POST", "/start"),
            ("POST", "/stop"),
            ("POST", "/restart"),
            ("POST", "/extend"),
            ("DELETE", ""),
        ):
            body = {"by": "1h"} if path == "/extend" else None
            answer = await http.request(method, f"/api/instances/{record.id}{path}", json=body)
            assert (answer.status_code, answer.json()["error"]["code"]) == (503, "store_unavailable"), path
            assert SENTENCE in answer.json()["error"]["message"]
        assert await kept(redis, record) == text
        assert asked_of_novita(house) == []


async def test_the_key_that_led_to_it_makes_no_second_one(redis_url: str) -> None:
    async with (
        open_house(redis_url, workers=0, api_token=TOKEN) as house,
        api(house) as http,
        Redis.from_url(redis_url, decode_responses=True) as redis,
    ):
        made = (await http.post("/api/instances", json=BODY, headers=KEY)).json()
        record = await house.base.store.get(made["instanceId"])
        assert record is not None
        await spoiled(redis, record)
        again = await http.post("/api/instances", json=BODY, headers=KEY)
        assert (again.status_code, again.json()["error"]["code"]) == (503, "store_unavailable")
        assert SENTENCE in again.json()["error"]["message"]
        assert len(house.novita.calls_of("create")) == 1


async def test_the_doctor_names_it(redis_url: str) -> None:
    async with (
        open_house(redis_url, workers=0, admins="U0CY000001") as house,
        Redis.from_url(redis_url, decode_responses=True) as redis,
    ):
        [record] = await written(house, 1)
        assert "1 not ended, and every one can be read" in await said_to_cy(house)
        await spoiled(redis, record)
        assert f"1 of 1 cannot be read: job-000 ({record.id})" in await said_to_cy(house)
