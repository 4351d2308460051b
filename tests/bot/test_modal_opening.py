"""`/gpu create` opens the form in time, warm or cold, or says in private why it did not."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox.novita import Fault as NovitaFault
from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import Fault, Modal, SandboxSlack
from tests.bot.app_fixture import BOOT_SECONDS, House, open_house
from tests.bot.slack_sandbox import Clock

EVERYTHING_BROKEN = {
    "502": NovitaFault.server_error(),
    "not JSON": NovitaFault.not_json(),
    "reset": NovitaFault.reset(has_effect=False),
}


def cold_novita(fault: NovitaFault | None = None) -> SandboxNovita:
    """A Novita that does not answer until `clear_faults`, or answers with a fault."""
    novita = SandboxNovita(boot_seconds=BOOT_SECONDS)
    novita.fail_all(fault or NovitaFault.hang(has_effect=False))
    return novita


async def test_the_form_opens_with_a_default_for_all_but_gpu_and_template(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        modal = await house.opened(channel="private")
        values = {name: field.value for name, field in modal.fields().items()}
        assert re.fullmatch(r"[A-Za-z0-9_-]{1,100}", values.pop("name"))
        assert values.pop("billing_mode").startswith("Spot")
        assert values == {
            "product_name": None,
            "template_id": None,
            "region": "Any region",
            "gpu_num": "1",
            "rootfs_size": "60",
            "lease": "8 h",
            "lease_end": "Stop it: the data is kept, at most 7 days",
            "channel": house.slack.channel_id("private"),
        }


async def test_each_gpu_shows_its_price_stock_and_number_of_regions(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        modal = await house.opened()
        options = modal.fields()["product_name"].options
        assert "RTX 4090 24GB · from $0.175/h · stock high · 5 regions" in options
        assert "H200 SXM 141GB · no spot (on demand $3.10/h)" in options
        await modal.choose("billing_mode", "onDemand")
        priced = "RTX 4090 24GB · from $0.34/h · stock high · 5 regions"
        await house.slack.wait_until(lambda: priced in modal.fields()["product_name"].options)


async def test_settings_decide_what_is_preselected_and_offered(redis_url: str) -> None:
    chosen: dict[str, Any] = {"default_region": "EU-GB-01", "default_lease": "2h", "max_lease": "24h"}
    async with open_house(redis_url, workers=0, **chosen) as house:
        fields = (await house.opened()).fields()
        assert fields["region"].value == "EU-GB-01 · United Kingdom"
        assert fields["lease"].value == "2 h"
        assert fields["lease"].options[-1] == "24 h"


async def test_with_no_prices_at_hand_a_loading_view_opens_and_is_filled_when_they_come(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, warm=False, novita=cold_novita()) as house:
        modal = await loading(house)
        house.novita.clear_faults()
        await house.slack.wait_until(lambda: modal.callback_id == "create_instance")
        await modal.choose("product_name", "RTX 4090 24GB")
        await house.shows(modal, "≈")


async def test_a_loading_view_that_was_closed_meanwhile_stays_closed(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, warm=False, novita=cold_novita()) as house:
        await (await loading(house)).close()
        house.novita.clear_faults()
        await house.slack.wait_until(lambda: house.slack.calls_of("views.update"))
        assert house.slack.calls_of("views.update")[0].error == "not_found"
        assert house.slack.person("ada").ephemerals() == []


@pytest.mark.parametrize("fault", EVERYTHING_BROKEN.values(), ids=EVERYTHING_BROKEN.keys())
async def test_with_novita_down_and_no_prices_the_view_says_so_and_to_try_again(
    redis_url: str, fault: NovitaFault
) -> None:
    async with open_house(redis_url, workers=0, warm=False, novita=cold_novita(fault)) as house:
        modal = await problem(house)
        assert "Novita" in modal.text()
        assert "Try again" in modal.text()
        assert "not known whether" not in modal.text(), "nothing that costs money was even tried"


async def test_with_the_key_refused_and_no_prices_the_view_says_whom_to_ask(redis_url: str) -> None:
    refused = NovitaFault.refused(401, "UNAUTHORIZED", "unauthorized")
    async with open_house(redis_url, workers=0, warm=False, novita=cold_novita(refused)) as house:
        assert "NOVITA_API_KEY" in (await problem(house)).text()


@pytest.mark.parametrize(
    "fault", [Fault.rate_limited(1), Fault.server_error(), Fault.reset_before_effect(), Fault.not_json()], ids=str
)
async def test_a_loading_view_is_filled_although_slack_fails_once(redis_url: str, fault: Fault) -> None:
    async with open_house(redis_url, workers=0, warm=False, novita=cold_novita()) as house:
        modal = await loading(house)
        house.slack.faults.next("views.update", fault)
        house.novita.clear_faults()
        await house.slack.wait_until(lambda: modal.callback_id == "create_instance")


@pytest.mark.parametrize("code", ["expired_trigger_id", "exchanged_trigger_id", "fatal_error"])
async def test_a_form_that_slack_does_not_open_is_explained_in_private(redis_url: str, code: str) -> None:
    await explained(redis_url, lambda slack: slack.faults.next("views.open", Fault.error(code)))


@pytest.mark.parametrize(
    "fault", [Fault.server_error(), Fault.rate_limited(), Fault.reset_before_effect(), Fault.not_json()], ids=str
)
async def test_a_form_that_a_broken_slack_does_not_open_is_explained_in_private(redis_url: str, fault: Fault) -> None:
    await explained(redis_url, lambda slack: slack.faults.next("views.open", fault))


async def test_a_trigger_that_died_while_slack_was_slow_is_explained_in_private(redis_url: str) -> None:
    clock = Clock()
    slack = SandboxSlack(rate_limits=None, clock=clock)
    async with open_house(redis_url, workers=0, slack=slack) as house:
        slack.faults.next("views.open", Fault.slow(0.1))
        await slack.person("ada").command("/gpu create")
        clock.forward(3.5)
        await slack.wait_until(lambda: slack.person("ada").ephemerals())
        assert [call.error for call in slack.calls_of("views.open")] == ["expired_trigger_id"]
        assert house.novita.creates == []


async def explained(redis_url: str, break_slack: Callable[[SandboxSlack], None]) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        break_slack(house.slack)
        ack = await ada.command("/gpu create")
        assert ack.ok
        [said] = await house.slack.wait_until(ada.ephemerals)
        assert "did not open the form in time" in said.shown
        assert "try again" in said.shown
        assert house.slack.person("bo").ephemerals() == []
        await house.opened()


async def loading(house: House) -> Modal:
    await house.slack.person("ada").command("/gpu create")
    modal = await house.slack.person("ada").modal("create_instance_loading")
    assert "Fetching live prices" in modal.text()
    return modal


async def problem(house: House) -> Modal:
    await house.slack.person("ada").command("/gpu create")
    modal = await house.slack.person("ada").modal()
    await house.slack.wait_until(lambda: modal.callback_id == "create_instance_outcome")
    return modal
