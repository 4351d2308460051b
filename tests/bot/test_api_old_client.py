"""A client of the service that this bot replaces: it knows only that service's fields, and goes on working."""

from __future__ import annotations

import httpx

from tests.bot.api import TOKEN, another_look, api
from tests.bot.house import House, open_house


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

    async def stop(self, instance_id: str) -> None:
        body = {"webhookUrl": "https://app.example.com/webhook"}
        answer = await self._http.post(f"/api/instances/{instance_id}/stop", json=body)
        assert answer.status_code in {200, 202}
        assert answer.json()["instanceId"] == instance_id

    async def start(self, instance_id: str) -> None:
        body = {"targetPort": 8888, "healthCheckConfig": {"timeoutMs": 30000}}
        answer = await self._http.post(f"/api/instances/{instance_id}/start", json=body)
        assert answer.status_code == 202
        assert {"instanceId", "novitaInstanceId", "status", "estimatedReadyTime"} <= answer.json().keys()

    async def delete(self, instance_id: str) -> None:
        assert (await self._http.delete(f"/api/instances/{instance_id}")).status_code in {200, 202}


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


async def test_it_finds_errors_where_it_looks_for_them(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as http:
        answer = await http.post("/api/instances", json={"name": "no blanks", "productName": "x", "templateId": "1"})
        error = answer.json()["error"]
        assert (answer.status_code, isinstance(error["message"], str)) == (400, True)
        assert {each["field"]: bool(each["message"]) for each in error["details"]} == {
            "name": True,
            "productName": True,
        }
