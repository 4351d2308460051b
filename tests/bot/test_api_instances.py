"""/api/instances: lists in pages, one instance, orders to it, and its lease."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from bot.sandbox.novita import Fault
from core.domain.instance import Instance
from core.domain.order import Verb
from core.domain.transitions import deleted, ordered
from tests.bot.api import BODY, TOKEN, Json, another_look, api, bad_fields, code_of, shows
from tests.bot.app_fixture import House, open_house
from tests.bot.scenarios import actor, change, running, with_lease_to, written


async def names(client: httpx.AsyncClient, **query: Any) -> list[str]:
    answer = await client.get("/api/instances", params=query)
    assert answer.status_code == 200, answer.text
    return [each["name"] for each in answer.json()["instances"]]


async def ended(house: House, instance: Instance) -> None:
    now = house.base.clock.now()
    await change(house, instance, lambda i: deleted(i, now))


async def made(client: httpx.AsyncClient, house: House, status: str = "running", **more: Any) -> Json:
    """An instance of the program's own, once it is in that state."""
    answer = await client.post("/api/instances", json={**BODY, **more})
    assert answer.status_code == 201, answer.text
    return await shows(client, house, answer.headers["Location"], status)


async def test_pages_together_are_the_whole_list_newest_first(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        written_ones = await written(house, 23)
        seen: list[str] = []
        cursor: str | None = None
        while cursor is not None or not seen:
            query: dict[str, int | str] = {"limit": 10} | ({"cursor": cursor} if cursor else {})
            page = (await client.get("/api/instances", params=query)).json()
            assert page["total"] == 23
            seen += [each["id"] for each in page["instances"]]
            cursor = page["nextCursor"]
        expected = sorted(written_ones, key=lambda i: (i.created_at, i.id), reverse=True)
        assert seen == [each.id for each in expected]


async def test_a_page_goes_on_where_the_last_one_ended_whatever_comes_and_goes(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        records = await written(house, 6)
        first = (await client.get("/api/instances", params={"limit": 3})).json()
        shown = {each["id"] for each in first["instances"]}
        for each in records:
            if each.id in shown:
                await ended(house, each)
        await client.post("/api/instances", json=BODY)
        rest = (await client.get("/api/instances", params={"limit": 3, "cursor": first["nextCursor"]})).json()
        assert {each["id"] for each in rest["instances"]} == {each.id for each in records} - shown


async def test_what_has_ended_is_listed_only_when_asked_for(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        for record in await written(house, 2, prefix="gone"):
            await ended(house, record)
        await written(house, 1)
        assert await names(client) == ["job-000"]
        assert set(await names(client, status="deleted")) == {"gone-000", "gone-001"}
        assert await names(client, status=["running", "stopped"]) == ["job-000"]
        assert len(await names(client, status="deleted,running")) == 3
        assert await names(client, status="starting") == []


async def test_lists_are_filtered_by_owner(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        await written(house, 2, who="ada")
        await client.post("/api/instances", json=BODY)
        assert await names(client, owner="api") == ["train-1"]
        assert set(await names(client, owner=actor(house, "ada").user)) == {"job-000", "job-001"}
        assert await names(client, owner="U0NOBODY") == []


@pytest.mark.parametrize(
    "query",
    [{"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"cursor": "x"}, {"cursor": "Zm9v"}, {"status": "lost"}],
    ids=str,
)
async def test_a_query_that_makes_no_sense_is_400_and_names_itself(redis_url: str, query: dict[str, str]) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        assert bad_fields(await client.get("/api/instances", params=query)) == set(query)


async def test_an_instance_is_found_by_its_own_id_and_by_novitas(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        shown = await made(client, house)
        assert (await client.get(f"/api/instances/{shown['novitaInstanceId']}")).json()["id"] == shown["id"]
        for unknown in ("0123456789", "no such", "%ff", "x" * 500, "ä", ".."):
            assert (await client.get(f"/api/instances/{unknown}")).status_code == 404


async def test_an_instance_is_shown_as_people_see_it(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        shown = await made(client, house, templateId=102, lease="4h")
        assert (shown["owner"], shown["status"], shown["novitaStatus"]) == ("api", "running", "running")
        assert (shown["pricePerHour"], shown["leaseSeconds"], shown["leaseEnd"]) == (0.1872, 14400, "stop")
        assert shown["templateName"] == "ComfyUI"
        assert [each["port"] for each in shown["portMappings"]] == [8188]
        left = datetime.fromisoformat(shown["leaseEndsAt"]) - datetime.fromisoformat(shown["readyAt"])
        assert left == timedelta(hours=4)
        assert shown["costSoFar"] >= 0


async def test_stop_start_restart_and_delete_are_carried_out(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        where = f"/api/instances/{(await made(client, house))['id']}"
        stopping = await client.post(f"{where}/stop", json={"webhookUrl": "https://old.example.com"})
        assert (stopping.status_code, stopping.json()["order"]["verb"]) == (202, "stop")
        assert (stopping.json()["order"]["requestedBy"], stopping.json()["order"]["cause"]) == ("api", "program")
        assert (await shows(client, house, where, "stopped"))["order"] is None
        assert (await client.post(f"{where}/start")).status_code == 202
        await shows(client, house, where, "running")
        assert (await client.post(f"{where}/restart")).status_code == 202
        await house.novita.wait_until(lambda: bool(house.novita.calls_of("restart")))
        await shows(client, house, where, "running")
        assert (await client.delete(where)).status_code == 202
        gone = await shows(client, house, where, "deleted")
        assert gone["endedAt"] is not None
        assert [len(house.novita.calls_of(verb)) for verb in ("stop", "start", "restart", "delete")] == [1, 1, 1, 1]


async def test_the_same_order_again_is_200_and_given_once(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        where = (await client.post("/api/instances", json=BODY)).headers["Location"]
        house.novita.fail_next("delete", Fault.slow(0.3))
        answers = await asyncio.gather(*(client.delete(where) for _ in range(5)))
        assert sorted(answer.status_code for answer in answers) == [200, 200, 200, 200, 202]
    assert len(house.novita.calls_of("delete")) == 1


async def test_deleting_what_is_deleted_is_200(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        (record,) = await written(house, 1)
        await ended(house, record)
        answer = await client.delete(f"/api/instances/{record.id}")
        assert (answer.status_code, answer.json()["status"]) == (200, "deleted")


async def test_an_order_that_cannot_be_carried_out_now_is_409_and_says_why(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        (record,) = await written(house, 1)
        where = f"/api/instances/{record.id}"
        refused = await client.post(f"{where}/start")
        assert code_of(refused) == (409, "wrong_state")
        assert refused.json()["error"]["message"] == "It cannot start now: it is running."
        ada, now = actor(house, "ada"), house.base.clock.now()
        await change(house, record, lambda i: ordered(i, Verb.DELETE, ada, now))
        assert code_of(await client.post(f"{where}/stop")) == (409, "wrong_state")
        assert code_of(await client.post(f"{where}/extend", json={"by": "1h"})) == (409, "wrong_state")


async def test_an_order_while_novita_is_away_is_kept_and_carried_out_later(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        where = f"/api/instances/{(await made(client, house))['id']}"
        house.novita.fail_next("stop", Fault.server_error())
        assert (await client.post(f"{where}/stop")).status_code == 202
        await house.novita.wait_until(lambda: bool(house.novita.calls_of("stop")))
        shown = await tried(client, house, where)
        assert (shown["order"]["tries"], shown["status"]) == (1, "running")
        assert shown["order"]["trouble"]


async def tried(client: httpx.AsyncClient, house: House, where: str) -> Json:
    """What is shown once an order is known to have gone wrong."""
    while not (shown := (await client.get(where)).json())["order"]["tries"]:
        await another_look(house)
    return dict(shown)


async def test_somebody_elses_instance_may_be_stopped_too(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        record, card = await running(house)
        assert (await client.post(f"/api/instances/{record.id}/stop")).status_code == 202
        replies = await house.replies(card, 3)
        assert any("as a program asked through the HTTP API" in reply for reply in replies)


async def test_a_lease_is_extended_by_so_much_or_until_then(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        (record,) = await written(house, 1)
        where = f"/api/instances/{record.id}/extend"
        before = (await with_lease_to(house, record, timedelta(hours=2))).lease.ends_at
        assert before is not None
        longer = (await client.post(where, json={"by": "90m"})).json()
        assert datetime.fromisoformat(longer["leaseEndsAt"]) == before + timedelta(minutes=90)
        until = (datetime.now(UTC) + timedelta(hours=10)).replace(microsecond=0)
        for _ in range(2):
            moved = (await client.post(where, json={"until": until.isoformat()})).json()
            assert datetime.fromisoformat(moved["leaseEndsAt"]) == until
        earlier = (until - timedelta(hours=5)).isoformat()
        assert (await client.post(where, json={"until": earlier})).json()["leaseEndsAt"] == moved["leaseEndsAt"]


async def test_a_lease_is_extended_at_most_to_the_longest(redis_url: str) -> None:
    settings: dict[str, Any] = {"max_lease": "12h"}
    async with open_house(redis_url, workers=0, api_token=TOKEN, **settings) as house, api(house) as client:
        (record,) = await written(house, 1)
        moved = (await client.post(f"/api/instances/{record.id}/extend", json={"by": "9d"})).json()
        left = datetime.fromisoformat(moved["leaseEndsAt"]) - house.base.clock.now()
        assert timedelta(hours=11, minutes=59) < left <= timedelta(hours=12)


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"by": "1h", "until": "2099-01-01T00:00:00Z"},
        {"by": 0},
        {"by": "999999999d"},
        {"by": True},
        {"by": "59s"},
        {"by": 59.5},
        {"until": "2020-01-01T00:00:00Z"},
        {"until": "2030-01-01T00:00:00"},
        {"until": "9999-12-31T23:59:59-14:00"},
        {"until": "0001-01-01T00:00:00+14:00"},
        {"until": "tonight"},
    ],
    ids=str,
)
@pytest.mark.parametrize("max_lease", ["72h", "none"])
async def test_an_extension_that_makes_no_sense_is_400(redis_url: str, body: Json, max_lease: str) -> None:
    async with open_house(redis_url, workers=0, max_lease=max_lease, api_token=TOKEN) as house, api(house) as client:
        (record,) = await written(house, 1)
        answer = await client.post(f"/api/instances/{record.id}/extend", json=body)
        assert bad_fields(answer) <= {"by", "until"}
        assert (await client.get(f"/api/instances/{record.id}")).json()["leaseEndsAt"] is not None


async def test_a_stopped_instance_has_no_lease_to_extend(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        where = f"/api/instances/{(await made(client, house))['id']}"
        await client.post(f"{where}/stop")
        await shows(client, house, where, "stopped")
        assert code_of(await client.post(f"{where}/extend", json={"by": "1h"})) == (409, "wrong_state")


async def test_a_start_that_novita_refuses_stays_on_the_instance_with_its_reason(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        one = await made(client, house)
        url = f"/api/instances/{one['id']}"
        assert one["lastOrder"] is None
        stopped = (await client.post(f"{url}/stop", headers={"Prefer": "wait=60"})).json()
        assert (stopped["order"], stopped["lastOrder"]["verb"], stopped["lastOrder"]["outcome"]) == (
            None,
            "stop",
            "done",
        )
        house.novita.fail_next("start", Fault.refused(400, "INSUFFICIENT_RESOURCE", "no such GPU is free"))
        assert (await client.post(f"{url}/start")).status_code == 202
        while (found := (await client.get(url)).json())["order"] is not None:
            await another_look(house)
        last = found["lastOrder"]
        assert (last["verb"], last["outcome"], last["requestedBy"]) == ("start", "failed", "api")
        assert last["cause"] == "program"
        assert (last["reason"], last["message"]) == ("INSUFFICIENT_RESOURCE", "no such GPU is free")
        assert found["status"] == "stopped"


async def test_an_order_is_waited_for_when_that_is_preferred(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        one = await made(client, house)
        url, wait = f"/api/instances/{one['id']}", {"Prefer": "wait=60"}
        done = await client.post(f"{url}/restart", headers=wait)
        assert (done.status_code, done.json()["lastOrder"]["outcome"], done.json()["order"]) == (200, "done", None)
        house.novita.fail_next("restart", Fault.refused(400, "REQUEST", "not now"))
        refused = await client.post(f"{url}/restart", headers=wait)
        assert (refused.status_code, refused.json()["lastOrder"]["outcome"]) == (200, "failed")
        house.novita.fail_all(Fault.server_error(), "stop")
        late = await client.post(f"{url}/stop", headers={"Prefer": "wait=1"})
        assert (late.status_code, late.json()["order"]["verb"]) == (202, "stop")
        superseded = await client.delete(url)
        assert superseded.json()["lastOrder"]["outcome"] == "superseded"
