"""The make-believe Novita keeps Novita's rules, moves with the clock, misbehaves on demand and remembers everything."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest

from bot.sandbox.novita import Fault, SandboxNovita
from bot.sandbox.novita.seed import REGISTRY_AUTH_ID
from tests.core.novita_world import Clock

ROOT = "/gpu-instance/openapi/v1"
ORDER: dict[str, Any] = {
    "name": "box-1",
    "productId": "4090.16c62g",
    "clusterId": "cn-hongkong-1",
    "gpuNum": 1,
    "rootfsSize": 60,
    "imageUrl": "docker.io/ubuntu:22.04",
    "ports": "8188/http, 9000/tcp",
    "kind": "gpu",
    "billingMode": "spot",
}


class Caller:
    """A bare HTTP caller with the right key: what it sends is what a test writes."""

    def __init__(self, sandbox: SandboxNovita, session: aiohttp.ClientSession) -> None:
        self.sandbox = sandbox
        self.session = session

    async def get(self, path: str, **query: str) -> tuple[int, Any]:
        async with self.session.get(self.sandbox.base_url + path, params=query) as response:
            return response.status, await response.json()

    async def post(self, path: str, body: Any) -> tuple[int, Any]:
        async with self.session.post(self.sandbox.base_url + path, json=body) as response:
            return response.status, await response.json()

    async def create(self, **changes: Any) -> tuple[int, Any]:
        body = {key: value for key, value in (ORDER | changes).items() if value is not None}
        return await self.post(f"{ROOT}/gpu/instance/create", body)

    async def created(self, **changes: Any) -> str:
        status, body = await self.create(**changes)
        assert status == 200, body
        return str(body["id"])

    async def status_of(self, novita_id: str) -> str:
        _, body = await self.get(f"{ROOT}/gpu/instance", instanceId=novita_id)
        return str(body.get("status", body.get("reason")))

    async def act(self, verb: str, novita_id: str) -> tuple[int, Any]:
        return await self.post(f"{ROOT}/gpu/instance/{verb}", {"instanceId": novita_id})


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
async def caller(clock: Clock) -> AsyncIterator[Caller]:
    sandbox = SandboxNovita(clock=clock, boot_seconds=10)
    await sandbox.start()
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {sandbox.api_key}"}) as session:
        yield Caller(sandbox, session)
    await sandbox.stop()


async def test_without_the_key_every_call_is_unauthorized(caller: Caller) -> None:
    for key in ({}, {"Authorization": "Bearer other"}, {"Authorization": caller.sandbox.api_key}):
        async with aiohttp.ClientSession(headers=key) as stranger:
            status, body = await Caller(caller.sandbox, stranger).get(f"{ROOT}/clusters")
        assert (status, body["code"], body["reason"]) == (401, 401, "UNAUTHORIZED")


async def test_the_world_is_big_enough_to_be_believed(caller: Caller) -> None:
    _, clusters = await caller.get(f"{ROOT}/clusters")
    _, products = await caller.get(f"{ROOT}/products")
    assert len(clusters["data"]) >= 6 and len(products["data"]) >= 8
    assert len({row["id"] for row in products["data"] if row["name"] == "RTX 4090 24GB"}) == 2
    assert any(row["spotPrice"] == "0" for row in products["data"])


async def test_prices_are_strings_and_differ_by_region(caller: Caller) -> None:
    prices = set()
    for cluster in ("cn-hongkong-1", "us-ca-6"):
        _, body = await caller.get(f"{ROOT}/products", clusterId=cluster, productName="4090")
        prices |= {row["price"] for row in body["data"] if row["id"] == "4090.16c62g"}
    assert len(prices) == 2 and all(isinstance(price, str) and price.isdecimal() for price in prices)


@pytest.mark.parametrize(
    "changes",
    [
        {"gpuNum": "1"},
        {"gpuNum": True},
        {"rootfsSize": "60"},
        {"ports": [{"port": 80, "type": "http"}]},
        {"ports": "80:http"},
        {"ports": "80/udp"},
        {"ports": "2223/tcp"},
        {"ports": "70000/tcp"},
        {"ports": ", ".join(f"{port}/http" for port in range(80, 96))},
        {"envs": {"KEY": "value"}},
        {"envs": [{"key": "KEY", "value": 1}]},
        {"tools": [{"name": "Jupyter", "port": 8888, "type": "http"}]},
        {"kind": None},
        {"kind": "tpu"},
        {"productId": None},
        {"imageUrl": None},
        {"billingMode": "on_demand"},
    ],
    ids=str,
)
async def test_a_create_of_the_wrong_form_is_refused_and_noted(caller: Caller, changes: dict[str, Any]) -> None:
    status, body = await caller.create(**changes)
    assert (status, body["reason"]) == (400, "VALIDATOR_PARAM")
    assert caller.sandbox.violations and not caller.sandbox.instances


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"gpuNum": 9}, "VALIDATOR_PARAM"),
        ({"gpuNum": 0}, "VALIDATOR_PARAM"),
        ({"rootfsSize": 301}, "VALIDATOR_PARAM"),
        ({"envs": [{"key": f"K{n}", "value": ""} for n in range(101)]}, "VALIDATOR_PARAM"),
        ({"command": "x" * 2048}, "VALIDATOR_PARAM"),
        ({"clusterId": "cn-hk-01"}, "RESOURCE_NOT_FOUND"),
        ({"productId": "4090"}, "RESOURCE_NOT_FOUND"),
        ({"productId": "h200.24c240g"}, "RESOURCE_NOT_FOUND"),
        ({"imageAuthId": "unknown"}, "RESOURCE_NOT_FOUND"),
        ({"productId": "6000ada.16c62g"}, "UNSUPPORTED_BILLING_MODE"),
    ],
    ids=str,
)
async def test_a_create_beyond_the_limits_is_refused_but_no_breach(
    caller: Caller, changes: dict[str, Any], reason: str
) -> None:
    status, body = await caller.create(**changes)
    assert (status, body["code"], body["reason"]) == (400, 400, reason)
    assert caller.sandbox.violations == [] and caller.sandbox.creates == []


async def test_a_field_that_novita_would_ignore_is_noted(caller: Caller) -> None:
    await caller.created(env=[], envs=[{"key": "A", "value": "b", "secret": True}], imageAuthId=REGISTRY_AUTH_ID)
    assert caller.sandbox.violations == ["create: unknown field env", "create: unknown field secret"]


async def test_a_create_without_a_cluster_goes_where_there_is_room(caller: Caller) -> None:
    caller.sandbox.out_of_stock_at_create("CN-HK-01")
    novita_id = await caller.created(clusterId=None)
    assert caller.sandbox.instances[novita_id].cluster.id == "as-sgp-2"


async def test_an_instance_comes_up_as_the_clock_moves(caller: Caller, clock: Clock) -> None:
    novita_id = await caller.created()
    seen = []
    for _ in range(4):
        seen.append(await caller.status_of(novita_id))
        clock.now += 10 / 3 + 0.01
    assert seen == ["toCreate", "creating", "pulling", "running"]


async def test_access_shows_only_while_it_runs_and_is_new_after_each_start(caller: Caller, clock: Clock) -> None:
    async def access() -> tuple[str, int]:
        _, body = await caller.get(f"{ROOT}/gpu/instance", instanceId=novita_id)
        return body["connectComponentSSH"]["password"], len(body["portMappings"])

    novita_id = await caller.created()
    assert await access() == ("", 0)
    clock.now += 11
    first, endpoints = await access()
    assert endpoints == 2
    for verb in ("stop", "start"):
        await caller.act(verb, novita_id)
        clock.now += 11
    second, _ = await access()
    assert first != second and {first, second} <= caller.sandbox.secrets


async def test_the_listing_has_no_endpoints_and_a_string_total(caller: Caller, clock: Clock) -> None:
    await caller.created()
    clock.now += 11
    _, body = await caller.get(f"{ROOT}/gpu/instances", pageSize="100", pageNum="1")
    assert body["total"] == "1"
    assert body["instances"][0]["portMappings"] == [{"port": 8188, "type": "http"}, {"port": 9000, "type": "tcp"}]


async def test_wrongly_named_paging_gets_a_page_of_ten_and_is_noted(caller: Caller) -> None:
    for number in range(12):
        await caller.created(name=f"box-{number}")
    _, body = await caller.get(f"{ROOT}/gpu/instances", page_size="100", pageNumber="1")
    assert (len(body["instances"]), body["total"]) == (10, "12")
    assert "instances: unknown parameter page_size" in caller.sandbox.violations


@pytest.mark.parametrize(("base", "number", "rows"), [(1, 1, 2), (1, 0, 2), (1, 2, 1), (0, 0, 2), (0, 1, 1)])
async def test_pages_count_from_the_base(caller: Caller, base: int, number: int, rows: int) -> None:
    caller.sandbox.page_base = base
    for index in range(3):
        await caller.created(name=f"box-{index}")
    _, body = await caller.get(f"{ROOT}/gpu/instances", pageSize="2", pageNum=str(number))
    assert len(body["instances"]) == rows


async def test_templates_want_their_required_parameters(caller: Caller) -> None:
    for query in ({}, {"channel": "official"}, {"channel": "all", "isMyCommunity": "false"}):
        status, body = await caller.get(f"{ROOT}/templates", **query)
        assert (status, body["reason"]) == (400, "VALIDATOR_PARAM")
    assert len(caller.sandbox.violations) == 3
    _, body = await caller.get(f"{ROOT}/templates", channel="community", isMyCommunity="false")
    assert body == {"template": None, "total": 0}


async def test_an_act_in_the_wrong_state_changes_nothing(caller: Caller) -> None:
    novita_id = await caller.created()
    status, body = await caller.act("start", novita_id)
    assert (status, body["message"]) == (400, "invalid state change")
    assert await caller.status_of(novita_id) == "toCreate"


async def test_a_deleted_instance_lingers_then_is_gone(caller: Caller, clock: Clock) -> None:
    novita_id = await caller.created()
    assert (await caller.act("delete", novita_id))[0] == 200
    assert await caller.status_of(novita_id) == "toRemove"
    assert (await caller.act("delete", novita_id))[1]["reason"] == "RESOURCE_NOT_FOUND"
    clock.now += 6
    assert await caller.status_of(novita_id) == "RESOURCE_NOT_FOUND"


async def test_stock_can_be_missing_openly_secretly_and_return(caller: Caller) -> None:
    async def listed() -> str:
        _, body = await caller.get(f"{ROOT}/products", clusterId="cn-hongkong-1")
        return next(str(row["inventoryState"]) for row in body["data"] if row["id"] == "4090.16c62g")

    caller.sandbox.out_of_stock_at_create("CN-HK-01", "RTX 4090 24GB")
    assert await listed() == "normal"
    assert (await caller.create())[1]["reason"] == "INSUFFICIENT_RESOURCE"
    caller.sandbox.out_of_stock_in_listing("cn-hongkong-1", "RTX 4090 24GB")
    assert await listed() == "none"
    assert (await caller.create())[1]["reason"] == "INSUFFICIENT_RESOURCE"
    caller.sandbox.restock("CN-HK-01", stock="low")
    assert await listed() == "low"
    await caller.created()


async def test_a_closed_region_refuses_and_keeps_its_instances(caller: Caller) -> None:
    novita_id = await caller.created()
    caller.sandbox.close_region("CN-HK-01")
    assert (await caller.create())[1]["reason"] == "CLUSTER_STATUS"
    assert (await caller.get(f"{ROOT}/products", clusterId="cn-hongkong-1"))[1] == {"data": []}
    assert await caller.status_of(novita_id) == "toCreate"


async def test_a_spot_instance_is_warned_then_reclaimed(caller: Caller, clock: Clock) -> None:
    async def spot() -> tuple[str, str]:
        _, body = await caller.get(f"{ROOT}/gpu/instance", instanceId=novita_id)
        return body["status"], body["spotStatus"]

    novita_id = await caller.created()
    clock.now += 11
    caller.sandbox.give_spot_notice(novita_id, in_seconds=600)
    assert await spot() == ("running", "notified")
    clock.now += 550
    assert await spot() == ("running", "reclaiming")
    clock.now += 50
    assert await spot() == ("exited", "terminated")


async def test_a_fault_meets_as_many_calls_as_it_was_told_to(caller: Caller) -> None:
    caller.sandbox.fail_next("create", Fault.refused(400, "BALANCE_NOT_ENOUGH"), times=2)
    assert [(await caller.create())[0] for _ in range(3)] == [400, 400, 200]


async def test_a_standing_fault_lasts_until_it_is_cleared(caller: Caller) -> None:
    caller.sandbox.fail_all(Fault.rate_limited("9"))
    for path in (f"{ROOT}/clusters", f"{ROOT}/products"):
        assert (await caller.get(path))[0] == 429
    caller.sandbox.clear_faults()
    assert (await caller.get(f"{ROOT}/clusters"))[0] == 200


@pytest.mark.parametrize("has_effect", [False, True])
async def test_a_reset_connection_has_its_effect_or_not(caller: Caller, has_effect: bool) -> None:
    caller.sandbox.fail_next("create", Fault.reset(has_effect=has_effect))
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.create()
    assert len(caller.sandbox.instances) == int(has_effect)
    assert [call.status for call in caller.sandbox.calls] == [None]


async def test_a_hanging_call_is_torn_down_when_faults_are_cleared(caller: Caller) -> None:
    caller.sandbox.fail_next("create", Fault.hang(has_effect=True))
    create = asyncio.create_task(caller.create())
    await caller.sandbox.wait_until(lambda: len(caller.sandbox.creates) == 1)
    caller.sandbox.clear_faults()
    with pytest.raises(aiohttp.ClientConnectionError):
        await create


async def test_every_call_is_remembered_with_its_outcome(caller: Caller) -> None:
    caller.sandbox.fail_next("clusters", Fault.server_error(503))
    caller.sandbox.latency = 0.05
    async with caller.session.get(f"{caller.sandbox.base_url}{ROOT}/clusters"):
        pass
    await caller.create(gpuNum=9)
    assert [(call.method, call.endpoint, call.status, call.outcome) for call in caller.sandbox.calls] == [
        ("GET", "clusters", 503, "status 503"),
        ("POST", "create", 400, "answered"),
    ]
    assert all(call.seconds >= 0.05 for call in caller.sandbox.calls)


async def test_a_call_that_novita_does_not_have_is_noted(caller: Caller) -> None:
    async with caller.session.delete(f"{caller.sandbox.base_url}{ROOT}/gpu/instance") as response:
        assert response.status == 404
    assert len(caller.sandbox.violations) == 1


async def test_watchers_hear_of_changes_until_they_leave(caller: Caller) -> None:
    heard: list[int] = []
    leave = caller.sandbox.subscribe(lambda: heard.append(len(caller.sandbox.instances)))
    await caller.created()
    assert heard[-1] == 1
    leave()
    count = len(heard)
    await caller.created()
    assert len(heard) == count


async def test_waiting_for_what_never_comes_ends(caller: Caller) -> None:
    with pytest.raises(TimeoutError):
        await caller.sandbox.wait_until(lambda: False, timeout=0.01)


async def test_another_process_can_steer_and_watch(caller: Caller, clock: Clock) -> None:
    novita_id = await caller.created()
    clock.now += 11
    steps: list[tuple[str, dict[str, Any]]] = [
        ("latency", {"seconds": 0.01}),
        ("boot", {"seconds": 0}),
        ("stock", {"region": "US-CA-06", "product_name": "RTX 4090 24GB", "stock": "none", "at_create": True}),
        ("region", {"region": "EU-GB-01", "is_open": False}),
        ("image", {"image": "docker.io/broken:1"}),
        ("fault", {"endpoint": "create", "kind": "refused", "status": 400, "reason": "NODE_STATUS", "times": 1}),
        ("instance", {"id": novita_id, "do": "stop"}),
    ]
    for command, body in steps:
        assert await caller.post(f"/_sandbox/{command}", body) == (200, {"ok": True})
    assert (await caller.create())[1]["reason"] == "NODE_STATUS"
    _, state = await caller.get("/_sandbox/state")
    assert state["latency"] == 0.01 and state["instances"][0]["status"] == "exited"
    assert [row["name"] for row in state["regions"] if not row["is_open"]] == ["EU-GB-01 (United Kingdom)"]
    assert {(row["region"], row["product_id"]) for row in state["shelves"] if row["refuses_create"]} == {
        ("US-CA-06", "4090.16c62g"),
        ("US-CA-06", "4090.16c125g"),
    }
    _, calls = await caller.get("/_sandbox/calls")
    assert [call["status"] for call in calls if call["endpoint"] == "create"] == [200, 400]
    assert not any(secret in str(state) for secret in caller.sandbox.secrets)


@pytest.mark.parametrize(
    ("command", "body", "status"),
    [
        ("latency", {}, 400),
        ("latency", {"secs": 1}, 400),
        ("stock", {"region": "MOON-01", "stock": "none"}, 404),
        ("instance", {"id": "none", "do": "vanish"}, 404),
        ("instance", {"id": "none", "do": "stop"}, 409),
        ("instance", {"id": "none", "do": "report"}, 409),
        ("instance", {"id": "none", "do": "report", "level": "loud"}, 400),
        ("explode", {}, 404),
    ],
)
async def test_senseless_steering_is_refused(caller: Caller, command: str, body: dict[str, Any], status: int) -> None:
    assert (await caller.post(f"/_sandbox/{command}", body))[0] == status


async def test_every_kind_of_fault_can_be_ordered_from_outside(caller: Caller) -> None:
    kinds = ["refused", "rate_limited", "server_error", "not_json", "no_id", "reset", "hang", "slow", "gateway"]
    for kind in kinds:
        await caller.post("/_sandbox/fault", {"endpoint": "create", "kind": kind, "times": 1})
    _, state = await caller.get("/_sandbox/state")
    assert len(state["faults"]["queued"]["create"]) == len(kinds)
    await caller.post("/_sandbox/clear_faults", {})
    assert (await caller.get("/_sandbox/state"))[1]["faults"] == {"queued": {}, "standing": {}}
    await caller.created()


async def test_it_can_stop_and_come_back_on_the_same_port_with_its_world(caller: Caller) -> None:
    novita_id = await caller.created()
    port = int(caller.sandbox.base_url.rpartition(":")[2])
    await caller.sandbox.stop()
    with pytest.raises(aiohttp.ClientConnectionError):
        await caller.status_of(novita_id)
    await caller.sandbox.start(port)
    assert await caller.status_of(novita_id) == "toCreate"
