"""While the form is open: the price line follows every choice, and what was typed stays."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from itertools import permutations
from typing import NamedTuple

import pytest

from bot.sandbox.slack import Fault, Modal
from core.domain.base import BillingMode
from tests.bot.app_fixture import GPU, House, open_house


class Choice(NamedTuple):
    """Something a person chooses, and what the price line says after it."""

    field: str
    value: str
    line: str


CHOICES = [
    Choice("product_name", "RTX 5090", r"^≈ \*\$0\.3\d*/h\* in \S+, (at most \$0\.333|less) elsewhere"),
    Choice("gpu_num", "4", r"^≈ \*\$0\.\d+/h\* in .*, at most \$0\.874 elsewhere"),
    Choice("billing_mode", "onDemand", r"^≈ \*\$0\.\d+/h\* in .*, at most \$0\.406 elsewhere"),
    Choice("region", "EU-GB-01", r"EU-GB-01 first, then AS-SGP-02, CN-HK-01, OC-AU-01 and 1 more\n"),
    Choice("rootfs_size", "160", r"\n💾 Disk above the free 60 GB: \$0\.50 a day"),
    Choice("lease", "1 h", r"elsewhere, \$0\.187 \(at most \$0\.218\) until <!date"),
    Choice("lease", "24 h", r"elsewhere, \$4\.49 \(at most \$5\.24\) until <!date"),
]


@asynccontextmanager
async def open_form(redis_url: str, webs: int = 1) -> AsyncIterator[tuple[House, Modal]]:
    async with open_house(redis_url, webs=webs, workers=0) as house:
        yield house, await house.opened()


def price_line(modal: Modal) -> str:
    blocks = [block for block in modal.view.blocks if block["block_id"] == "price"]
    return str(blocks[0]["text"]["text"]) if blocks else ""


async def priced(house: House, modal: Modal, pattern: str) -> None:
    """The price line, once it says this."""
    try:
        await house.slack.wait_until(lambda: re.search(pattern, price_line(modal)))
    except TimeoutError:
        pytest.fail(f"the price line stayed {price_line(modal)!r}")


async def redrawn(house: House, modal: Modal, field: str, value: str) -> None:
    """Chooses, and waits until the form is drawn anew."""
    before = modal.view.hash
    await modal.choose(field, value)
    await house.slack.wait_until(lambda: modal.view.hash != before)


@pytest.mark.parametrize("choice", CHOICES, ids=[f"{c.field} {c.value}" for c in CHOICES])
async def test_the_price_line_follows_every_choice(redis_url: str, choice: Choice) -> None:
    async with open_form(redis_url) as (house, modal):
        await modal.choose("product_name", GPU)
        await priced(house, modal, r"^≈ \*\$0\.187/h\* in AS-SGP-02, at most \$0\.218 elsewhere, .*; AS-SGP-02 first")
        await (modal.fill if choice.field == "rootfs_size" else modal.choose)(choice.field, choice.value)
        await priced(house, modal, choice.line)


async def test_the_price_line_says_when_the_preferred_region_does_not_sell_it(redis_url: str) -> None:
    async with open_form(redis_url) as (house, modal):
        await modal.choose("product_name", "RTX 5090")
        await modal.choose("region", "EU-GB-01")
        await priced(house, modal, "EU-GB-01 does not sell it")


async def test_what_was_typed_and_chosen_stays_through_every_update(redis_url: str) -> None:
    async with open_form(redis_url) as (house, modal):
        await modal.press("reveal_advanced")
        await house.slack.wait_until(lambda: "envs" in modal.fields())
        typed = {"name": "my_run-7", "rootfs_size": "77", "webhook_url": "https://example.com/h", "envs": "A=1\nB=2"}
        for field, text in typed.items():
            await modal.fill(field, text)
        await modal.choose("template_id", "comfy-prod")
        await modal.choose("channel", "general")
        for field, value in (("product_name", GPU), ("gpu_num", "2"), ("lease", "2 h"), ("billing_mode", "onDemand")):
            await redrawn(house, modal, field, value)
        fields = {name: field.value for name, field in modal.fields().items()}
        assert {name: fields[name] for name in typed} == typed
        assert fields["template_id"] == "comfy-prod · private"
        assert fields["channel"] == house.slack.channel_id("general")
        assert fields["gpu_num"] == "2"
        await priced(
            house, modal, r"^≈ \*\$0\.\d+/h\* in \S+, at most \$0\.811 elsewhere, .*\(at most \$1\.6\d\) until"
        )


async def test_a_gpu_without_a_spot_price_offers_on_demand_and_never_switches_by_itself(redis_url: str) -> None:
    async with open_form(redis_url) as (house, modal):
        await modal.choose("product_name", "H200")
        await priced(house, modal, r"has no spot price right now\. On demand it costs \$3\.10/h per GPU")
        assert modal.fields()["billing_mode"].value.startswith("Spot")
        await modal.choose("template_id", "comfy-prod")
        result = await modal.submit()
        assert "no spot price" in result.errors["billing_mode"]
        assert house.novita.creates == []


async def test_the_offered_button_moves_the_billing_and_the_create_is_on_demand(redis_url: str) -> None:
    async with open_form(redis_url) as (house, modal):
        await modal.choose("product_name", "H200")
        await modal.choose("template_id", "comfy-prod")
        await house.shows(modal, "Use on demand ($3.10/h per GPU)")
        await modal.press("use_on_demand")
        await house.slack.wait_until(lambda: modal.fields()["billing_mode"].value.startswith("On demand"))
        await priced(house, modal, r"^≈ \*\$3\.\d+/h\*")
        assert "Use on demand" not in modal.text()
        assert (await modal.submit()).updated
        await house.outcome("Created")
        assert [body["billingMode"] for body in house.novita.creates] == ["onDemand"]


async def test_templates_are_found_by_typing_the_accounts_own_first(redis_url: str) -> None:
    async with open_form(redis_url) as (_, modal):
        everything = await modal.search("template_id", "")
        assert everything[:2] == ["comfy-prod · private", "lora-training · private · without its volumes"]
        assert "PyTorch 2.6 · official" in everything
        assert await modal.search("template_id", "COMFY") == ["comfy-prod · private", "ComfyUI · official"]
        assert await modal.search("template_id", "107801") == ["lora-training · private · without its volumes"]
        assert await modal.search("template_id", "vllm-openai") == ["vLLM · official"]
        assert await modal.search("template_id", "no such thing") == []


async def test_the_advanced_fields_are_revealed_and_hidden_again_and_hidden_ones_do_not_count(redis_url: str) -> None:
    async with open_form(redis_url) as (house, modal):
        assert {"webhook_url", "envs"}.isdisjoint(modal.fields())
        await modal.press("reveal_advanced")
        await house.slack.wait_until(lambda: {"webhook_url", "envs"} <= modal.fields().keys())
        await modal.fill("envs", "HIDDEN=value")
        await modal.press("reveal_advanced")
        await house.slack.wait_until(lambda: {"webhook_url", "envs"}.isdisjoint(modal.fields()))
        await modal.choose("product_name", GPU)
        await modal.choose("template_id", "Ubuntu")
        assert (await modal.submit()).updated
        await house.outcome("Created")
        assert "HIDDEN" not in str(house.novita.creates)


@pytest.mark.parametrize("delays", list(permutations((0.0, 0.1, 0.2))), ids=str)
async def test_quick_edits_end_with_the_price_of_the_last_whatever_slack_does_first(
    redis_url: str, delays: tuple[float, ...]
) -> None:
    async with open_form(redis_url) as (house, modal):
        await modal.choose("product_name", GPU)
        await priced(house, modal, "≈")
        house.slack.faults.next("views.update", *(Fault.slow(delay) for delay in delays))
        await asyncio.gather(*(modal.choose("gpu_num", count) for count in ("2", "4", "8")))
    # The house is closed: nothing more is under way.
    assert modal.fields()["gpu_num"].value == "8"
    assert re.search(r"^≈ \*\$1\.50/h\* in AS-SGP-02, at most \$1\.75 elsewhere", price_line(modal)), price_line(modal)


async def test_a_late_update_does_not_overtake_that_of_a_later_edit(redis_url: str) -> None:
    async with open_form(redis_url) as (house, modal):
        await modal.choose("product_name", GPU)
        await priced(house, modal, "≈")
        seen = len(house.slack.calls_of("views.update"))
        house.slack.faults.next("views.update", Fault.slow(0), Fault.slow(0), Fault.slow(0.3), Fault.slow(0))
        await asyncio.gather(modal.choose("gpu_num", "2"), modal.choose("gpu_num", "4"))
        await house.slack.wait_until(lambda: len(house.slack.calls_of("views.update")) >= seen + 2)
        await modal.choose("gpu_num", "8")
    assert re.search(r"^≈ \*\$1\.50/h\* in AS-SGP-02, at most \$1\.75 elsewhere", price_line(modal)), price_line(modal)


async def test_quick_edits_through_two_webs_end_with_the_price_of_the_last(redis_url: str) -> None:
    async with open_form(redis_url, webs=2) as (house, modal):
        await modal.choose("product_name", GPU)
        await priced(house, modal, "≈")
        house.slack.faults.next("views.update", Fault.slow(0.2), Fault.slow(0))
        await asyncio.gather(modal.choose("gpu_num", "2"), modal.choose("gpu_num", "8"))
    assert re.search(r"^≈ \*\$1\.50/h\* in AS-SGP-02, at most \$1\.75 elsewhere", price_line(modal)), price_line(modal)


async def test_a_late_update_of_the_form_does_not_overwrite_how_the_create_went(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        modal = await house.modal()
        await priced(house, modal, "≈")
        house.slack.faults.next("views.update", Fault.slow(0.4))
        await modal.choose("gpu_num", "2")
        assert (await modal.submit()).updated
        await house.outcome("Created")
    assert modal.title == "Created"


@pytest.mark.parametrize(
    "fault",
    [Fault.rate_limited(1), Fault.server_error(), Fault.reset_before_effect(), Fault.reset_after_effect()],
    ids=str,
)
async def test_the_price_line_gets_there_although_slack_fails(redis_url: str, fault: Fault) -> None:
    async with open_form(redis_url) as (house, modal):
        house.slack.faults.next("views.update", fault)
        await modal.choose("product_name", GPU)
        await priced(house, modal, "≈")


async def test_a_form_opened_by_one_web_is_edited_and_submitted_through_another(redis_url: str) -> None:
    async with open_form(redis_url, webs=2) as (house, modal):
        await modal.choose("product_name", GPU)
        await priced(house, modal, "≈")
        await modal.choose("gpu_num", "2")
        await priced(house, modal, r"^≈ \*\$0\.374/h\*")
        await modal.choose("template_id", "comfy-prod")
        assert (await modal.submit()).updated
        await house.outcome("Created")


async def test_the_choice_of_eight_shows_the_stock_of_eight(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        for region in house.novita.clusters:
            house.novita.sell_at_most(region.id, 4, GPU)
        for count in (4, 8):  # At hand, however slow the machine is.
            await house.base.catalog.get_market_for(count, BillingMode.SPOT, patience=timedelta(seconds=60))
        modal = await house.modal()
        await modal.choose("gpu_num", "4")
        await house.slack.wait_until(lambda: "/h*" in modal.text() and "no stock" not in modal.text())
        await modal.choose("gpu_num", "8")
        await house.slack.wait_until(lambda: "Novita lists no stock right now" in modal.text())
        assert "no stock listed" in modal.fields()["product_name"].value
