"""The client against the make-believe Novita: every call, what it sends, and what it makes of the answer."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
import structlog
from pydantic import SecretStr

from bot.sandbox.novita import Fault, SandboxNovita
from core.adapters.novita import NovitaClient
from core.adapters.user_agent import USER_AGENT
from core.domain.attempt import FailureKind
from core.domain.base import BillingMode
from core.domain.errors import NotFound, NovitaRefused
from core.domain.market import Price, Region, Stock
from core.domain.request import InstanceRequest
from tests.core.novita_world import HONG_KONG, OFFER, PRIVATE_TEMPLATE, REQUEST, Meeting, meeting


@pytest.fixture
async def met() -> AsyncIterator[Meeting]:
    async with meeting() as both:
        yield both
        assert both.sandbox.violations == []


async def test_regions_are_named_without_their_place(met: Meeting) -> None:
    regions = await met.client.regions()
    assert regions[0] == HONG_KONG
    assert Region(id="us-ca-6", name="US-CA-06", place="California") in regions


async def test_a_closed_region_is_not_listed(met: Meeting) -> None:
    met.sandbox.close_region("CN-HK-01")
    assert HONG_KONG not in await met.client.regions()


async def test_a_product_costs_what_the_billing_mode_costs_in_usd(met: Meeting) -> None:
    met.sandbox.set_price("CN-HK-01", "4090.16c62g", price=35_500, spot_price=18_001)
    prices: dict[BillingMode, Price] = {}
    for mode in BillingMode:
        products = {product.id: product for product in await met.client.products(HONG_KONG, mode)}
        prices |= products["4090.16c62g"].prices
    assert {mode: price.usd for mode, price in prices.items()} == {
        BillingMode.SPOT: Decimal("0.18001"),
        BillingMode.ON_DEMAND: Decimal("0.355"),
    }


async def test_products_without_a_spot_price_are_no_spot_products(met: Meeting) -> None:
    spot = {product.id for product in await met.client.products(HONG_KONG, BillingMode.SPOT)}
    on_demand = {product.id for product in await met.client.products(HONG_KONG, BillingMode.ON_DEMAND)}
    assert on_demand - spot == {"6000ada.16c62g"}


async def test_sold_out_products_stay_listed_as_sold_out(met: Meeting) -> None:
    met.sandbox.out_of_stock_in_listing("CN-HK-01", "RTX 4090 24GB")
    stock = {p.id: p.prices[BillingMode.SPOT].stock for p in await met.client.products(HONG_KONG, BillingMode.SPOT)}
    assert stock["4090.16c62g"] is Stock.NONE
    assert stock["3090.12c48g"] is Stock.NORMAL


async def test_templates_of_both_channels_are_read_whole(met: Meeting) -> None:
    official = {template.name for template in await met.client.templates("official")}
    private = {template.id: template for template in await met.client.templates("private")}
    assert {"ComfyUI", "PyTorch 2.6", "vLLM"} <= official
    comfy = private[PRIVATE_TEMPLATE]
    assert [(port.port, port.type) for port in comfy.ports] == [(8188, "http"), (9000, "tcp")]
    assert comfy.image_auth_id == "5d0c0d0e-1111-4a4a-9b9b-222233334444"
    assert private["107801"].has_local_volumes and not comfy.has_local_volumes


async def test_templates_beyond_one_page_are_all_found(met: Meeting) -> None:
    pattern = met.sandbox.templates[0]
    met.sandbox.templates = [pattern | {"Id": str(number)} for number in range(250)]
    assert len(await met.client.templates("official")) == 250
    assert len(met.sandbox.calls_of("templates")) == 3


async def test_a_channel_without_templates_is_empty(met: Meeting) -> None:
    met.sandbox.templates = []
    assert await met.client.templates("private") == []


async def test_one_template_is_found_and_a_missing_one_is_not_found(met: Meeting) -> None:
    assert (await met.client.template("102")).name == "ComfyUI"
    with pytest.raises(NotFound):
        await met.client.template("999")


async def test_a_create_is_one_post_that_holds_the_expanded_template(met: Meeting) -> None:
    template = await met.client.template(PRIVATE_TEMPLATE)
    request = InstanceRequest(**REQUEST.model_dump(), envs={"MODE": SecretStr("test"), "NEW": SecretStr("1")})
    met.sandbox.calls.clear()
    novita_id = await met.client.create("box-77", OFFER, request, template)
    assert [call.endpoint for call in met.sandbox.calls] == ["create"]
    assert met.sandbox.instances[novita_id].name == "box-77"
    body = met.sandbox.creates[0]
    assert body["ports"] == "8188/http, 9000/tcp"
    assert body["imageAuthId"] == template.image_auth_id and "imageAuth" not in body
    assert {env["key"]: env["value"] for env in body["envs"]} == {
        "MODE": "test",
        "HF_TOKEN": template.envs["HF_TOKEN"].get_secret_value(),
        "NEW": "1",
    }
    assert body["clusterId"] == "cn-hongkong-1" and body["billingMode"] == "spot" and body["kind"] == "gpu"
    assert "month" not in body


async def test_a_tool_port_travels_as_a_string(met: Meeting) -> None:
    await met.create(template=await met.client.template("101"))
    assert met.sandbox.creates[0]["tools"] == [{"name": "Jupyter", "port": "8888", "type": "http"}]


async def test_every_official_and_private_template_can_be_created_as_it_is_read(met: Meeting) -> None:
    templates = [*await met.client.templates("official"), *await met.client.templates("private")]
    for template in templates:
        await met.create(f"box-{template.id}", template)
    assert len(met.sandbox.instances) == len(met.sandbox.templates) == len(templates)


async def test_the_registry_passwords_are_never_asked_for(met: Meeting) -> None:
    await met.create(template=await met.client.template(PRIVATE_TEMPLATE))
    assert met.sandbox.calls_of("auths") == []


async def test_two_hundred_creates_run_side_by_side(met: Meeting) -> None:
    met.sandbox.fail_all(Fault.hang(has_effect=True), "create")
    creates = [asyncio.create_task(met.create(f"box-{number}")) for number in range(200)]
    await met.sandbox.wait_until(lambda: met.creates_sent() == 200)
    met.sandbox.clear_faults()
    await asyncio.gather(*creates, return_exceptions=True)
    assert met.creates_sent() == 200 == len(met.sandbox.instances)


async def test_find_takes_only_the_exact_name(met: Meeting) -> None:
    novita_id = await met.create("box-1")
    await met.create("box-10")
    found = await met.client.find("box-1")
    assert found is not None and found.id == novita_id
    assert await met.client.find("box") is None


async def test_find_overlooks_what_is_being_removed(met: Meeting) -> None:
    novita_id = await met.create("box-1")
    await met.client.delete(novita_id)
    assert await met.client.find("box-1") is None


async def test_find_says_so_when_a_name_is_not_unique(met: Meeting) -> None:
    ids = [await met.create("box-1"), await met.create("box-1")]
    with structlog.testing.capture_logs() as logs:
        found = await met.client.find("box-1")
    assert found is not None and found.id in ids
    assert [set(entry["ids"]) for entry in logs if entry["event"] == "novita_name_not_unique"] == [set(ids)]


@pytest.mark.parametrize("page_base", [0, 1])
async def test_find_finds_whether_pages_count_from_zero_or_one(page_base: int) -> None:
    async with meeting(page_base=page_base) as both:
        novita_id = await both.create("box-1")
        found = await both.client.find("box-1")
        assert found is not None and found.id == novita_id


@pytest.mark.parametrize("page_base", [0, 1])
@pytest.mark.parametrize("count", [1, 99, 100, 101, 250])
async def test_a_listing_is_complete_and_soon_costs_one_call_per_hundred(page_base: int, count: int) -> None:
    async with meeting(page_base=page_base) as both:
        for number in range(count):
            both.sandbox.create_instance(_order(f"box-{number}"))
        names = {f"box-{number}" for number in range(count)}
        assert {instance.name for instance in await both.client.instances()} == names
        both.sandbox.calls.clear()
        assert {instance.name for instance in await both.client.instances()} == names
        assert len(both.sandbox.calls) == -(-count // 100)


@pytest.mark.parametrize("page_base", [0, 1])
async def test_templates_that_count_otherwise_than_instances_are_all_there_at_every_refresh(page_base: int) -> None:
    async with meeting(page_base=page_base) as both:
        both.sandbox.template_page_base = 1 - page_base
        both.sandbox.templates += [
            {**both.sandbox.templates[0], "Id": f"{channel}-{each}", "channel": channel}
            for each in range(230)
            for channel in ("official", "private")
        ]
        for each in range(130):
            both.sandbox.create_instance(_order(f"box-{each}"))
        for _ in range(3):
            assert len(await both.client.instances()) == 130
            assert len(await both.client.templates("official")) >= 230
            assert len(await both.client.templates("private")) >= 230
            assert await both.client.find("box-129")
        both.sandbox.calls.clear()
        await both.client.templates("private")
        assert len(both.sandbox.calls) == 3


def _order(name: str) -> dict[str, object]:
    return {
        "name": name,
        "productId": OFFER.product_id,
        "gpuNum": 1,
        "rootfsSize": 60,
        "imageUrl": "docker.io/ubuntu:22.04",
        "kind": "gpu",
    }


async def test_an_account_without_instances_lists_none(met: Meeting) -> None:
    assert await met.client.instances() == []


async def test_a_running_instance_shows_where_its_ports_answer(met: Meeting) -> None:
    novita_id = await met.create(template=await met.client.template(PRIVATE_TEMPLATE))
    assert (await met.client.instance(novita_id)).endpoints == ()
    met.clock.now += 11
    instance = await met.client.instance(novita_id)
    assert instance.status == "running" and instance.region == "CN-HK-01"
    assert [(endpoint.port, endpoint.type) for endpoint in instance.endpoints] == [(8188, "http"), (9000, "tcp")]
    assert instance.endpoints[0].url.startswith(f"https://{novita_id}-8188.")


async def test_a_broken_image_shows_as_an_error_beside_the_status(met: Meeting) -> None:
    met.sandbox.break_image("docker.io/ubuntu:22.04", "pullFailed", "no such image")
    novita_id = await met.create()
    met.clock.now += 10
    instance = await met.client.instance(novita_id)
    assert (instance.status, instance.error_state, instance.error_message) == ("exited", "pullFailed", "no such image")


async def test_an_unheard_of_status_is_passed_on(met: Meeting) -> None:
    novita_id = await met.create()
    met.sandbox.show_status(novita_id, "hibernating")
    assert (await met.client.instance(novita_id)).status == "hibernating"


async def test_a_spot_notice_says_when_it_ends(met: Meeting) -> None:
    novita_id = await met.create()
    met.clock.now += 11
    met.sandbox.give_spot_notice(novita_id, in_seconds=3600)
    (listed,) = await met.client.instances()
    assert listed.spot_status == "notified"
    assert listed.spot_reclaim_at == datetime.fromtimestamp(int(met.clock.now) + 3600, UTC)


async def test_an_instance_that_vanished_is_not_found(met: Meeting) -> None:
    novita_id = await met.create()
    met.sandbox.vanish(novita_id)
    with pytest.raises(NotFound):
        await met.client.instance(novita_id)


async def test_stop_start_restart_and_delete_do_what_they_say(met: Meeting) -> None:
    novita_id = await met.create()
    met.clock.now += 11
    seen = []
    for act in (met.client.stop, met.client.start, met.client.restart):
        await act(novita_id)
        met.clock.now += 11
        seen.append((await met.client.instance(novita_id)).status)
    assert seen == ["exited", "running", "running"]
    await met.client.delete(novita_id)
    with pytest.raises(NotFound):
        await met.client.delete(novita_id)


async def test_a_start_without_a_free_gpu_is_no_capacity(met: Meeting) -> None:
    novita_id = await met.create()
    met.clock.now += 11
    await met.client.stop(novita_id)
    met.clock.now += 11
    met.sandbox.out_of_stock_at_create("CN-HK-01")
    with pytest.raises(NovitaRefused) as refused:
        await met.client.start(novita_id)
    assert refused.value.kind is FailureKind.NO_CAPACITY


async def test_an_act_in_the_wrong_state_is_refused(met: Meeting) -> None:
    novita_id = await met.create()
    with pytest.raises(NovitaRefused, match="invalid state change"):
        await met.client.stop(novita_id)


async def test_a_wrong_key_is_an_account_problem_that_does_not_show_the_key() -> None:
    async with meeting(api_key="sk_wrong_key") as both:
        with pytest.raises(NovitaRefused) as refused:
            await both.client.regions()
        assert refused.value.kind is FailureKind.ACCOUNT
        assert "sk_wrong_key" not in str(refused.value)
        assert len(both.sandbox.calls) == 1


async def test_each_call_leaves_one_log_line_without_query_body_or_secret(met: Meeting) -> None:
    with structlog.testing.capture_logs() as logs:
        await met.create("box-1", await met.client.template(PRIVATE_TEMPLATE))
    assert [(entry["log_level"], entry["method"], entry["status"], entry["outcome"]) for entry in logs] == [
        ("debug", "GET", 200, "ok"),
        ("info", "POST", 200, "ok"),
    ]
    assert logs[0]["path"] == "/gpu-instance/openapi/v1/template"
    assert not any(secret in str(logs) for secret in (*met.sandbox.secrets, met.sandbox.api_key))


async def test_every_call_says_who_is_calling(met: Meeting) -> None:
    await met.create("box-1", await met.client.template(PRIVATE_TEMPLATE))
    assert {call.caller for call in met.sandbox.calls} == {USER_AGENT}
    assert re.fullmatch(r"gpu-bot/\d+\.\d+\.\d+", USER_AGENT)


async def test_a_base_url_may_end_with_a_slash() -> None:
    async with meeting() as both:
        client = NovitaClient(f"{both.sandbox.base_url}/", SecretStr(both.sandbox.api_key))
        assert await client.regions()
        await client.aclose()


# The account, and the time


@pytest.mark.parametrize(("balance", "usd"), [("250", "250"), ("0.0123", "0.0123"), ("0", "0"), ("-3.5", "-3.5")])
async def test_the_balance_comes_in_usd(met: Meeting, balance: str, usd: str) -> None:
    met.sandbox.balance = Decimal(balance)
    assert await met.client.balance() == Decimal(usd)
    assert [call.path for call in met.sandbox.calls] == ["/openapi/v1/billing/balance/detail"]


@pytest.mark.parametrize("ahead", [0, 90, -90])
async def test_the_difference_of_clocks_is_ours_less_novitas(ahead: int) -> None:
    sandbox = SandboxNovita()
    client = NovitaClient(await sandbox.start(), SecretStr(sandbox.api_key))
    sandbox.clock_ahead = -ahead
    assert abs(await client.clock_difference() - timedelta(seconds=ahead)) <= timedelta(seconds=1.5)
    await client.aclose()
    await sandbox.stop()


async def test_a_refusal_tells_the_time_too() -> None:
    sandbox = SandboxNovita()
    client = NovitaClient(await sandbox.start(), SecretStr("sk_wrong_key"))
    assert abs(await client.clock_difference()) <= timedelta(seconds=1.5)
    await client.aclose()
    await sandbox.stop()
