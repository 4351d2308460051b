"""POST /api/instances: what it makes, what it refuses, and what it answers in each case."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from bot.sandbox.novita import Fault
from core.domain.base import PROGRAM, BillingMode
from core.domain.request import LeaseEnd
from tests.bot.api import BODY, SECRET, TOKEN, api, bad_fields, code_of, record
from tests.bot.app_fixture import GPU, open_house


async def test_a_create_answers_when_novita_has_with_all_that_is_known(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        answer = await client.post("/api/instances", json=BODY)
        assert answer.status_code == 201
        told, made = answer.json(), await record(house, answer)
        assert answer.headers["Location"] == f"/api/instances/{made.id}"
        assert {told["novitaInstanceId"]} == set(house.novita.instances) == {made.remote.id}
        assert (told["status"], told["region"], told["productId"]) == ("starting", "AS-SGP-02", "4090.16c62g")
        assert (told["spotPrice"], told["attempts"][0]["price"]) == (0.1872, 0.1872)
        assert [attempt["outcome"] for attempt in told["attempts"]] == ["created"]
        assert told["estimatedReadyTime"].endswith("Z")
        assert set(told) == {
            *("instanceId", "novitaInstanceId", "status", "message", "productId", "region", "spotPrice"),
            *("estimatedReadyTime", "attempts"),
        }


async def test_what_is_not_said_is_filled_in_as_the_installation_is_set_up(redis_url: str) -> None:
    settings: dict[str, Any] = {"default_region": "OC-AU-01", "default_lease": "5h"}
    async with open_house(redis_url, workers=0, api_token=TOKEN, **settings) as house, api(house) as client:
        made = await record(house, await client.post("/api/instances", json=BODY))
        request = made.request
        assert (request.gpu_num, request.rootfs_size, request.billing_mode) == (1, 60, BillingMode.SPOT)
        assert (request.region, request.lease, request.lease_end) == ("OC-AU-01", timedelta(hours=5), LeaseEnd.STOP)
        assert (made.owner, request.channel, request.template_id) == (PROGRAM, None, "103")


@pytest.mark.parametrize(
    ("lease", "expected"),
    [
        ("4h", timedelta(hours=4)),
        ("1d12h", timedelta(hours=36)),
        (5400, timedelta(minutes=90)),
        (60.5, timedelta(seconds=60.5)),
        ("None", None),
    ],
)
async def test_a_lease_is_a_duration_or_seconds_or_none(redis_url: str, lease: Any, expected: timedelta | None) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        made = await record(house, await client.post("/api/instances", json={**BODY, "lease": lease}))
        assert made.request.lease == expected


@pytest.mark.parametrize("envs", [{"TOKEN": SECRET}, [{"key": "TOKEN", "value": SECRET}]], ids=["object", "list"])
async def test_variables_reach_novita_and_nothing_else(redis_url: str, envs: Any) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        answer = await client.post("/api/instances", json={**BODY, "envs": envs}, headers={"Idempotency-Key": "one"})
        made = await record(house, answer)
        assert {"key": "TOKEN", "value": SECRET} in house.novita.creates[0]["envs"]
        assert SECRET not in made.model_dump_json()
        shown = (await client.get(answer.headers["Location"])).text
        assert '"envNames":["TOKEN"]' in shown
        assert SECRET not in shown
        assert made.intent.fingerprint not in shown
        assert "api:one" not in shown


async def test_a_full_region_is_passed_over_and_told(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        house.novita.out_of_stock_at_create("CN-HK-01")
        answer = await client.post("/api/instances", json={**BODY, "region": "CN-HK-01", "billingMode": "onDemand"})
        told = answer.json()
        assert (answer.status_code, told["region"]) == (201, "AS-SGP-02")
        assert [(a["region"], a["outcome"]) for a in told["attempts"]][-1] == ("AS-SGP-02", "created")
        assert told["attempts"][0]["reason"] == "INSUFFICIENT_RESOURCE"


async def test_no_room_anywhere_is_409_with_every_attempt(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        house.novita.fail_all(Fault.refused(400, "INSUFFICIENT_RESOURCE", "no GPU"), "create")
        answer = await client.post("/api/instances", json=BODY)
        assert code_of(answer) == (409, "no_capacity")
        details = answer.json()["error"]["details"]
        assert len(details["attempts"]) == len(house.novita.calls_of("create")) > 1
        assert {attempt["outcome"] for attempt in details["attempts"]} == {"refused"}
        assert (details["reason"], details["novitaMessage"]) == ("INSUFFICIENT_RESOURCE", "no GPU")


@pytest.mark.parametrize(
    ("fault", "expected"),
    [
        (Fault.refused(401, "UNAUTHORIZED"), (502, "novita_key_refused")),
        (Fault.refused(400, "BALANCE_NOT_ENOUGH"), (402, "insufficient_balance")),
        (Fault.refused(400, "CREATE_INSTANCE_LIMIT"), (409, "quota_exceeded")),
        (Fault.refused(400, "IMAGE_TOO_LARGE"), (422, "novita_rejected")),
        (Fault.gateway(), (502, "novita_gateway")),
        (Fault.gateway(403, "<html>blocked</html>"), (502, "novita_gateway")),
        (Fault.refused(418, "SOMETHING_NEW"), (502, "novita_error")),
        (Fault.rate_limited("3600"), (503, "novita_busy")),
    ],
    ids=lambda value: getattr(value, "name", None),
)
async def test_each_refusal_of_novita_has_a_status_of_its_own(
    redis_url: str, fault: Fault, expected: tuple[int, str]
) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        house.novita.fail_all(fault, "create")
        answer = await client.post("/api/instances", json=BODY)
        assert code_of(answer) == expected
        assert len(answer.json()["error"]["details"]["attempts"]) == 1
        assert ("Retry-After" in answer.headers) == (expected[0] == 503 or expected[1] == "novita_gateway")
        assert house.novita.instances == {}


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [({"productName": "RTX 9090"}, "product_not_found"), ({"templateId": "no-such"}, "template_not_found")],
    ids=["product", "template"],
)
async def test_an_unknown_product_or_template_is_404_and_leaves_no_record(
    redis_url: str, wrong: dict[str, str], expected: str
) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        assert code_of(await client.post("/api/instances", json={**BODY, **wrong})) == (404, expected)
        assert house.novita.calls_of("create") == []
        assert await house.base.store.live() == []


@pytest.mark.parametrize(
    ("asked", "meant"),
    [
        ({"productName": "rtx 4090 24gb", "region": "cn-hk-01"}, "CN-HK-01"),
        ({"productName": "4090", "region": "CN-HK-01 (Hong Kong)"}, "CN-HK-01"),
        ({"productName": "RTX4090", "region": "hong kong"}, "CN-HK-01"),
        ({"productName": "4090 24GB", "region": "cn-hongkong-1"}, "CN-HK-01"),
    ],
)
async def test_gpus_and_regions_are_taken_as_people_write_them(redis_url: str, asked: Any, meant: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        answer = await client.post("/api/instances", json={**BODY, **asked})
        made = await record(house, answer)
        assert (made.request.product_name, answer.json()["region"], made.request.region) == (GPU, meant, meant)


async def test_a_name_that_fits_several_is_refused_with_the_candidates(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        answer = await client.post("/api/instances", json={**BODY, "productName": "rtx", "region": "cn-hk-01"})
        assert bad_fields(answer) == {"productName"}
        assert GPU in answer.text and "RTX 3090 24GB" in answer.text
        refused = await client.post("/api/instances", json={**BODY, "region": "AS"})
        assert bad_fields(refused) == {"region"}
        assert "AS-SGP-02" in refused.text and "AS-IN-01" in refused.text
        assert house.novita.calls_of("create") == []


async def test_a_region_that_is_not_listed_is_a_wish_and_the_answer_says_so(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        answer = await client.post("/api/instances", json={**BODY, "region": "CN-XX-01"})
        assert answer.status_code == 201
        assert "CN-XX-01 is not listed by Novita now; others are used." in answer.json()["message"]
        assert answer.json()["region"] == "AS-SGP-02"


async def test_every_bad_field_is_named_as_it_was_written_and_at_once(redis_url: str) -> None:
    body = {
        "productName": "RTX 9090",
        "templateId": True,
        "gpuNum": "many",
        "rootfsSize": 5,
        "region": "MOON\x0001",
        "billingMode": "monthly",
        "lease": "forever",
        "leaseEnd": "explode",
        "channel": "#gpu",
        "webhookUrl": "http://example.com",
        "envs": {"TOKEN": 1},
    }
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        assert bad_fields(await client.post("/api/instances", json=body)) == {"name", *body}
        assert bad_fields(await client.post("/api/instances", json={})) == {"name", "productName", "templateId"}
        assert await house.base.store.live() == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"gpuNum": 9},
        {"gpuNum": 0},
        {"gpuNum": 1.5},
        {"gpuNum": True},
        {"lease": "100h"},
        {"lease": -1},
        {"lease": 1e300},
        {"lease": False},
        {"lease": 59},
        {"lease": "30s"},
        {"envs": [{"key": "A", "value": "1"}, {"key": "A", "value": "2"}]},
        {"envs": {"1A": "x"}},
        {"envs": {"A": "x\x00"}},
        {"webhookUrl": "https://10.0.0.1/hook"},
        {"envs": [1]},
        {"templateId": ""},
        {"templateId": "a b"},
        {"webhookUrl": "https://user:pass@example.com"},
        {"channel": ""},
        {"name": "a b"},
    ],
    ids=str,
)
async def test_one_bad_field_is_named_alone(redis_url: str, wrong: dict[str, Any]) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        answer = await client.post("/api/instances", json={**BODY, **wrong})
        assert bad_fields(answer) == set(wrong)
        assert house.novita.calls_of("create") == []


async def test_a_lease_of_a_minute_is_taken_and_so_is_a_key_of_several_lines(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        body = {**BODY, "lease": 60, "envs": {"A": "first\n\tsecond\n"}}
        assert (await client.post("/api/instances", json=body)).status_code == 201
        too_short = await client.post("/api/instances", json={**BODY, "lease": 59})
        assert "a minute is the least" in too_short.text


async def test_a_bad_value_of_a_variable_is_not_repeated(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        answer = await client.post("/api/instances", json={**BODY, "envs": {"TOKEN": [SECRET], "1": SECRET}})
        assert bad_fields(answer) == {"envs"}
        assert SECRET not in answer.text


async def test_unknown_fields_and_nulls_are_left_out(redis_url: str) -> None:
    body = {**BODY, "region": None, "gpuNum": None, "webhookUrl": "", "healthCheckConfig": {"timeoutMs": 1}}
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        assert (await client.post("/api/instances", json=body)).status_code == 201


async def test_a_channel_that_is_not_set_aside_is_403_and_none_at_all_is_fine(redis_url: str) -> None:
    settings: dict[str, Any] = {"allowed_channels": "C0SOMEWHERE"}
    async with open_house(redis_url, workers=0, api_token=TOKEN, **settings) as house, api(house) as client:
        elsewhere = house.slack.channel_id("gpu")
        refused = await client.post("/api/instances", json={**BODY, "channel": elsewhere})
        assert code_of(refused) == (403, "forbidden")
        assert house.novita.calls_of("create") == []
        assert (await client.post("/api/instances", json=BODY)).status_code == 201


async def test_a_program_may_run_one_without_an_end(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        made = await client.post("/api/instances", json={**BODY, "lease": "none", "productName": GPU})
        assert (await client.get(made.headers["Location"])).json()["leaseSeconds"] is None
