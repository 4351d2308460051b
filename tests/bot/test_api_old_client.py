"""A client of the service that this bot replaces: it knows only that service's fields, and goes on working."""

from __future__ import annotations

import asyncio
import json
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.http.api.context import FORM
from bot.sandbox.novita import Fault
from core.domain.instance import Lease, Status
from core.domain.transitions import deleted
from tests.bot.api import TOKEN, another_look, api, bad_fields, code_of
from tests.bot.api import record as record_of
from tests.bot.app_fixture import GPU, House, open_house
from tests.bot.leaks import all_of_redis, everything_logged
from tests.bot.scenarios import change, launched, with_lease_to, written
from tests.bot.watching import fetched
from tests.core.samples import record_with


class OldClient:
    """As it was written then; only the bearer token is new."""

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http = http

    async def create(self, name: str, template_id: str | int) -> dict[str, str]:
        body = {
            "name": name,
            "productName": "RTX 4090 24GB",
            "templateId": template_id,
            "gpuNum": 1,
            "rootfsSize": 60,
            "region": "CN-HK-01",
            "webhookUrl": "https://app.example.com/webhook",
        }
        answer = await self._http.post("/api/instances", json=body)
        assert answer.status_code == 201
        made: dict[str, str] = answer.json()
        assert made["status"] in {"creating", "starting", "running"}
        assert {"instanceId", "message", "estimatedReadyTime"} <= made.keys()
        return made

    async def status(self, instance_id: str) -> str:
        answer = await self._http.get(f"/api/instances/{instance_id}")
        assert answer.status_code == 200
        shown = answer.json()
        assert {"id", "name", "status", "gpuNum", "region", "portMappings", "createdAt", "readyAt"} <= shown.keys()
        assert all({"port", "endpoint", "type"} <= each.keys() for each in shown["portMappings"])
        return str(shown["status"])

    async def listed(self) -> list[str]:
        answer = await self._http.get("/api/instances", params={"source": "all", "includeNovitaOnly": "true"})
        assert answer.status_code == 200
        told = answer.json()
        assert told["total"] == len(told["instances"])
        return [each["id"] for each in told["instances"]]

    async def stop(self, instance_id: str) -> str:
        body = {"webhookUrl": "https://app.example.com/webhook"}
        return self._done(await self._http.post(f"/api/instances/{instance_id}/stop", json=body), instance_id)

    async def start(self, instance_id: str) -> str:
        body = {"targetPort": 8888, "healthCheckConfig": {"timeoutMs": 30000}}
        answer = await self._http.post(f"/api/instances/{instance_id}/start", json=body)
        assert "estimatedReadyTime" in answer.json()
        return self._done(answer, instance_id)

    async def delete(self, instance_id: str) -> str:
        return self._done(await self._http.delete(f"/api/instances/{instance_id}"), instance_id)

    async def by_name(self, verb: str, name: str, instance_id: str) -> str:
        return self._done(await self._http.post(f"/api/instances/{verb}", json={"instanceName": name}), instance_id)

    async def use(self, instance_id: str) -> None:
        answer = await self._http.put(f"/api/instances/{instance_id}/last-used", json={})
        told = answer.json()
        assert (answer.status_code, told["instanceId"]) == (200, instance_id)
        assert told["message"] and datetime.fromisoformat(told["lastUsedAt"])

    def _done(self, answer: httpx.Response, instance_id: str) -> str:
        """The operation's id."""
        assert answer.status_code in {200, 202}, answer.text
        told = answer.json()
        assert {"instanceId", "novitaInstanceId", "status", "message", "operationId"} <= told.keys()
        assert told["instanceId"] == instance_id
        assert told["message"]
        return str(told["operationId"])


async def becomes(client: OldClient, house: House, instance_id: str, status: str) -> None:
    while await client.status(instance_id) != status:
        await another_look(house)


async def test_it_creates_lists_stops_starts_and_deletes(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as http:
        client = OldClient(http)
        made = await client.create("train-1", 103)
        id_ = made["instanceId"]
        assert await client.listed() == [id_]
        await becomes(client, house, id_, "running")
        await client.stop(id_)
        await becomes(client, house, id_, "stopped")
        await client.start(id_)
        await becomes(client, house, id_, "running")
        await client.delete(id_)
        await becomes(client, house, id_, "deleted")
        assert await client.listed() == []


async def test_it_gives_orders_by_name(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as http:
        client = OldClient(http)
        id_ = (await client.create("train-1", 103))["instanceId"]
        await becomes(client, house, id_, "running")
        await client.by_name("stop", "train-1", id_)
        await becomes(client, house, id_, "stopped")
        await client.by_name("stop", "train-1", id_)
        await client.by_name("start", "train-1", id_)
        await becomes(client, house, id_, "running")
        await client.by_name("delete", "train-1", id_)
        await becomes(client, house, id_, "deleted")
        assert [len(house.novita.calls_of(verb)) for verb in ("stop", "start", "delete")] == [1, 1, 1]
        gone = await http.post("/api/instances/delete", json={"instanceName": "train-1"})
        assert code_of(gone) == (404, "instance_not_found")


async def test_a_name_that_several_go_by_is_refused_with_their_ids_and_nothing_is_done(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        client = OldClient(http)
        ids = [(await client.create("train-1", 103))["instanceId"] for _ in range(2)]
        await client.create("train-10", 103)
        for verb in ("start", "stop", "delete"):
            refused = await http.post(f"/api/instances/{verb}", json={"instanceName": "train-1"})
            assert code_of(refused) == (409, "ambiguous_name")
            assert all(id_ in refused.json()["error"]["message"] for id_ in ids)
            part = await http.post(f"/api/instances/{verb}", json={"instanceName": "train"})
            assert code_of(part) == (404, "instance_not_found")
            for body in ({}, {"instanceName": None}, {"instanceName": ["train-1"]}):
                assert bad_fields(await http.post(f"/api/instances/{verb}", json=body)) == {"instanceName"}
        assert house.novita.calls_of("stop") == house.novita.calls_of("delete") == []
        assert len(await house.base.store.live()) == 3


async def test_the_same_order_again_has_the_same_operation_id_and_another_order_another(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        (record,) = await written(house, 1)
        house.novita.fail_all(Fault.server_error(), "stop")
        client = OldClient(http)
        first = await client.stop(record.id)
        assert await client.stop(record.id) == first
        assert await client.by_name("stop", record.request.name, record.id) == first
        assert await client.delete(record.id) != first


async def test_the_form_of_a_create_is_read_as_its_json(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        form = {
            "name": "train-1",
            "productName": GPU,
            "templateId": "103",
            "gpuNum": "2",
            "rootfsSize": "60",
            "billingMode": "onDemand",
            "webhookUrl": "",
            "envs[0][key]": "HF_HOME",
            "envs[0][value]": "/data",
        }
        answer = await http.post("/api/instances", data=form, headers={"Idempotency-Key": "form"})
        assert answer.status_code == 201, answer.text
        made = await record_of(house, answer)
        assert (made.request.gpu_num, made.request.billing_mode, made.intent.env_names) == (2, "onDemand", ("HF_HOME",))
        body = {"name": "train-1", "productName": GPU, "templateId": 103, "gpuNum": 2, "billingMode": "onDemand"}
        same = await http.post(
            "/api/instances", json={**body, "envs": {"HF_HOME": "/data"}}, headers={"Idempotency-Key": "form"}
        )
        assert (same.status_code, same.json()) == (200, answer.json())
        twice = "name=a&name=b&productName=x&templateId=1"
        refused = await http.post("/api/instances", content=twice, headers={"Content-Type": FORM})
        assert "name" in bad_fields(refused)
        assert len(house.novita.creates) == 1


@pytest.mark.parametrize("name", ["RTX 4090 24GB", "rtx 4090 24gb", "4090 24gb"])
async def test_a_product_and_a_region_are_named_as_then(redis_url: str, name: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        body = {"name": "train-1", "productName": name, "templateId": "103", "region": "cn-hk-01"}
        answer = await http.post("/api/instances", json=body)
        assert (answer.status_code, answer.json()["region"]) == (201, "CN-HK-01")
        assert (await record_of(house, answer)).request.product_name == GPU
        wished = await http.post("/api/instances", json={**body, "name": "train-2", "region": "US-01"})
        assert wished.status_code == 201


async def test_a_list_has_everything_unless_a_page_is_asked_for(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        made = {each.id for each in await written(house, 120)}
        for query in ({}, {"page": "1", "pageSize": "10", "syncLocalState": "true", "nonsense": "1"}):
            told = (await http.get("/api/instances", params=query)).json()
            assert ({each["id"] for each in told["instances"]}, told["total"], told["nextCursor"]) == (made, 120, None)
        assert len((await http.get("/api/instances", params={"limit": 100})).json()["instances"]) == 100


async def test_a_list_takes_the_old_words_for_states(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        up, down = await written(house, 2)
        now = house.base.clock.now()
        await change(house, down, lambda i: (record_with(i, status=Status.STOPPED, stopped_at=now), []))
        for word, expected in {"ready": [up.id], "exited": [down.id], "Exited,READY": [down.id, up.id]}.items():
            listed = (await http.get("/api/instances", params={"status": word})).json()["instances"]
            assert {each["id"] for each in listed} == set(expected), word
        assert bad_fields(await http.get("/api/instances", params={"status": "exit"})) == {"status"}


async def test_a_sign_of_use_renews_the_lease_once_in_half_of_it(redis_url: str) -> None:
    settings: dict[str, Any] = {"default_lease": "8h", "max_lease": "6h"}
    async with open_house(redis_url, workers=0, api_token=TOKEN, **settings) as house, api(house) as http:
        (record,) = await written(house, 1)
        assert record.request.lease is not None
        client = OldClient(http)
        half = record.request.lease / 2
        plenty = await with_lease_to(house, record, half + timedelta(minutes=5))
        await client.use(record.id)
        assert await ends_at(http, record.id) == plenty.lease.ends_at
        await with_lease_to(house, record, half - timedelta(seconds=1))
        for _ in range(3):
            await client.use(record.id)
        left = await ends_at(http, record.id) - house.base.clock.now()
        longest = min(record.request.lease, timedelta(hours=6))
        assert longest - timedelta(minutes=1) < left <= longest
        told = [event.type for event in await house.base.store.timeline(record.id)]
        assert told.count("lease_extended") == 1


async def test_a_sign_of_use_moves_nothing_that_has_no_lease(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        (record,) = await written(house, 1)
        now = house.base.clock.now()
        await change(house, record, lambda i: (i.replace(status=Status.STOPPED, lease=Lease()), []))
        answer = await http.put(f"/api/instances/{record.id}/last-used")
        assert (answer.status_code, answer.json()["leaseEndsAt"]) == (200, None)
        assert "no lease runs" in answer.json()["message"]
        await change(house, record, lambda i: deleted(i, now))
        assert code_of(await http.put(f"/api/instances/{record.id}/last-used")) == (409, "wrong_state")
        assert code_of(await http.put("/api/instances/0123456789/last-used")) == (404, "instance_not_found")


async def test_a_program_reaches_what_programs_made_and_nothing_secret_is_written_down(redis_url: str) -> None:
    with everything_logged("json") as log:
        async with open_house(redis_url, api_token=TOKEN) as house, api(house) as http:
            client = OldClient(http)
            id_ = (await client.create("train-1", 103))["instanceId"]
            await becomes(client, house, id_, "running")
            answer = await http.get(f"/api/instances/{id_}/connection")
            told = answer.json()
            assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-store")
            assert told["ssh"].startswith("ssh ") and told["sshPassword"]
            for secret in filter(None, (told["sshPassword"], told["jupyter"], told["webTerminal"])):
                assert secret not in log.getvalue()
                assert secret not in all_of_redis(redis_url)
            theirs = await launched(house, "hers")
            assert code_of(await http.get(f"/api/instances/{theirs.id}/connection")) == (403, "forbidden")
            await client.stop(id_)
            await becomes(client, house, id_, "stopped")
            assert code_of(await http.get(f"/api/instances/{id_}/connection")) == (409, "wrong_state")


async def test_ids_of_requests_are_given_back_under_their_own_name(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        both = {"X-Request-ID": "r-1", "X-Correlation-ID": "c-1"}
        answer = await http.get("/api/instances/nothing", headers=both)
        assert (answer.headers["X-Request-Id"], answer.headers["X-Correlation-Id"]) == ("r-1", "c-1")
        assert answer.json()["error"]["requestId"] == "r-1"
        alone = await http.get("/api/instances", headers={"X-Correlation-ID": "c-2"})
        assert (alone.headers["X-Request-Id"], alone.headers["X-Correlation-Id"]) == ("c-2", "c-2")
        for none in ("", "a b", "x" * 65, "ä"):
            told = await http.get("/api/instances", headers={"X-Correlation-ID": none.encode()})  # type: ignore[arg-type]
            assert "X-Correlation-Id" not in told.headers


async def test_all_there_is_has_what_the_bot_did_not_make_and_takes_no_orders_for_it(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        made = await OldClient(http).create("train-1", 103)
        theirs = await console_made(house, "made-by-hand")
        own = [each["id"] for each in (await http.get("/api/instances")).json()["instances"]]
        assert own == [made["instanceId"]]
        for path, query in (("", {"source": "all"}), ("", {"source": "ALL"}), ("/comprehensive", {})):
            told = (await http.get(f"/api/instances{path}", params=query)).json()
            assert ({each["id"] for each in told["instances"]}, told["total"]) == ({made["instanceId"], theirs}, 2)
        for query in ({"source": "all", "status": "stopped"}, {"source": "all", "owner": "api", "status": "deleted"}):
            assert (await http.get("/api/instances", params=query)).json()["total"] == 0
        shown = (await http.get(f"/api/instances/{theirs}")).json()
        assert (shown["source"], shown["owner"], shown["name"]) == ("novita", "unknown", "made-by-hand")
        assert shown["pricePerHour"] and shown["productName"] and shown["createdAt"]
        for verb in ("start", "stop"):
            assert code_of(await http.post(f"/api/instances/{theirs}/{verb}")) == (404, "instance_not_found")
            by_name = await http.post(f"/api/instances/{verb}", json={"instanceName": "made-by-hand"})
            assert code_of(by_name) == (404, "instance_not_found")
        assert code_of(await http.delete(f"/api/instances/{theirs}")) == (404, "instance_not_found")
        assert house.novita.calls_of("stop") == house.novita.calls_of("delete") == []


async def test_novita_is_asked_once_for_many_who_want_all_and_its_absence_is_told(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        many = [http.get("/api/instances", params={"source": "all"}) for _ in range(10)]
        assert {answer.status_code for answer in await asyncio.gather(*many)} == {200}
        assert len(house.novita.calls_of("instances")) < 10
        assert code_of(await http.get("/api/instances/0123456789")) == (404, "instance_not_found")
        assert code_of(await http.get("/api/instances/0123456789abcdef")) == (404, "instance_not_found")
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        house.novita.fail_all(Fault.server_error(), "instances")
        assert code_of(await http.get("/api/instances/comprehensive")) == (503, "novita_unreachable")
        assert (await http.get("/api/instances")).status_code == 200
        house.novita.clear_faults()


async def test_its_watchers_find_the_service_healthy_without_a_token(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        status, text, _ = await fetched(house.port, "/health")
        assert (status, json.loads(text)) == (200, {"status": "healthy"})


async def test_it_finds_errors_where_it_looks_for_them(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        began = datetime.now(UTC)
        answer = await http.post("/api/instances", json={"name": "no blanks", "productName": "x", "templateId": "1"})
        error = answer.json()["error"]
        assert (answer.status_code, isinstance(error["message"], str)) == (400, True)
        assert {each["field"]: bool(each["message"]) for each in error["validationErrors"]} == {
            "name": True,
            "productName": True,
            "templateId": True,
        }
        assert error["details"] == error["validationErrors"]
        assert began <= datetime.fromisoformat(error["timestamp"]) <= datetime.now(UTC)
        assert error["requestId"] == answer.headers["X-Request-Id"]


async def console_made(house: House, name: str) -> str:
    """Novita's id of an instance that somebody made in Novita's console."""
    known = next(iter(house.novita.instances))
    return str(house.novita.clone_instance(known, name).id)


async def ends_at(http: httpx.AsyncClient, instance_id: str) -> datetime:
    return datetime.fromisoformat((await http.get(f"/api/instances/{instance_id}")).json()["leaseEndsAt"])
