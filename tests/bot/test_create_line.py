"""The one-liner: confirmed with its price when it says all there is to say, else in the modal with a note."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta

import pytest

from bot.sandbox.novita import Fault, SandboxNovita
from bot.sandbox.slack import Kind
from core.domain.base import BillingMode
from tests.bot.app_fixture import GPU, open_house
from tests.bot.scenarios import in_thread, told, written

LINE = "4090 x2 spot 4h in sgp as train-1 from comfy-prod"


async def test_a_complete_line_is_confirmed_with_its_price_and_one_button_creates_it(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        ada = house.slack.person("ada")
        await ada.command(f"/gpu create {LINE}")
        question = await told(house, "ada", "Create *train-1*")
        for text in (f"2 × {GPU}, spot", "/h", "AS-SGP-02 first", "comfy-prod", "4 h"):
            assert text in question.shown
        assert house.novita.creates == []
        await ada.click(question, "create:confirm")
        card = await house.card("*train-1* is running")
        request = (await house.record(card)).request
        assert (request.gpu_num, request.billing_mode, request.region) == (2, BillingMode.SPOT, "AS-SGP-02")
        await house.slack.wait_until(lambda: "is created" in question.shown)
        assert "Open the thread" in question.shown
        assert len(house.novita.creates) == 1


async def test_a_region_that_is_not_listed_is_a_wish(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        ada = house.slack.person("ada")
        await ada.command("/gpu create 4090 from comfy-prod in cn-xx-01 as train-1")
        question = await told(house, "ada", "Create *train-1*")
        assert "CN-XX-01 is not listed by Novita now; others are used." in question.shown
        await ada.click(question, "create:confirm")
        card = await house.card("*train-1* is running")
        assert (await house.record(card)).intent.unlisted_region == "CN-XX-01"
        await in_thread(house, card, "CN-XX-01 is not listed")


async def test_eight_gpus_are_confirmed_with_the_stock_of_eight(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        house.novita.sell_at_most("AS-SGP-02", 4, GPU)
        for count in (4, 8):  # At hand, however slow the machine is.
            await house.base.catalog.get_market_for(count, BillingMode.SPOT, patience=timedelta(seconds=60))
        ada = house.slack.person("ada")
        await ada.command("/gpu create 4090 x4 from comfy-prod as four")
        assert "AS-SGP-02 first" in (await told(house, "ada", "Create *four*")).shown
        await ada.command("/gpu create 4090 x8 from comfy-prod as eight")
        assert "CN-HK-01 first" in (await told(house, "ada", "Create *eight*")).shown


async def test_a_wish_that_cannot_be_met_is_said_in_the_form_too(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        await ada.command("/gpu create 4090 CN-XX-01 as train-1")
        modal = await ada.modal("create_instance")
        assert "CN-XX-01 is not listed by Novita now; others are used." in modal.text()


@pytest.mark.parametrize(
    ("line", "shown", "said"),
    [
        (
            "4090 100h from comfy-prod",
            "3 days",
            "at most 3 days, so 3 days is chosen instead of 4 days 4 h.",
        ),
        ("4090 forever from comfy-prod", "3 days", "; 3 days is chosen instead of no end."),
    ],
)
async def test_a_lease_that_is_not_allowed_is_said_and_priced_as_the_one_that_is_shown(
    redis_url: str, line: str, shown: str, said: str
) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        await ada.command(f"/gpu create {line}")
        modal = await ada.modal("create_instance")
        assert modal.fields()["lease"].value == shown
        assert said in modal.text()
        assert re.search(r"\$13\.\d\d \(at most \$15\.\d\d\) until", modal.text())  # 72 h of $0.187 and $0.218.


async def test_menu_offers_and_price_line_agree_on_price_and_number_of_regions(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        await ada.command("/gpu create 4090")
        modal = await ada.modal("create_instance")
        assert f"{GPU} · from $0.175/h · stock high · 5 regions" in modal.fields()["product_name"].options
        assert "AS-SGP-02 first, then CN-HK-01, OC-AU-01, US-CA-06 and 1 more" in modal.text()
        assert "No stock listed in AS-IN-01 ($0.166/h per GPU): tried last." in modal.text()
        reply = await ada.command("/gpu offers")
        assert f"*{GPU}*: spot from $0.175, stock high" in reply.body
        assert "(5 regions)" in reply.body


async def test_any_order_of_the_words_is_the_same_wish(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        await ada.command("/gpu create from comfy-prod as train-1 in sgp for 4h spot x2 4090")
        assert f"2 × {GPU}, spot" in (await told(house, "ada", "Create *train-1*")).shown


async def test_pressing_create_twice_or_over_two_webs_creates_one(redis_url: str) -> None:
    async with open_house(redis_url, webs=2) as house:
        ada = house.slack.person("ada")
        await ada.command(f"/gpu create {LINE}")
        question = await told(house, "ada", "Create *train-1*")
        await asyncio.gather(*(ada.click(question, "create:confirm") for _ in range(3)))
        await told(house, "ada", "was created from this before")
        await house.card("*train-1* is running")
        assert len(house.novita.creates) == 1


async def test_the_outcome_of_a_failure_stands_where_the_question_stood(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.novita.fail_all(Fault.refused(400, "BALANCE_NOT_ENOUGH"), "create")
        ada = house.slack.person("ada")
        await ada.command(f"/gpu create {LINE}")
        question = await told(house, "ada", "Create *train-1*")
        await ada.click(question, "create:confirm")
        await house.slack.wait_until(lambda: "too little money" in question.shown)
        await house.card("was not created")


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("4090 x2 as train-1", "Choose a template."),
        ("4090 from comfy-prod frobnicate", "frobnicate"),
        ("gpu=h100 x2 from comfy-prod for 1000h as train-1", "A lease is at most 3 days"),
    ],
)
async def test_what_is_missing_or_unclear_opens_the_modal_with_a_note_of_it(
    redis_url: str, line: str, note: str
) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        ack = await ada.command(f"/gpu create {line}")
        modal = await ada.modal("create_instance")
        assert note in modal.text()
        assert ack.body == ""
        assert ada.ephemerals() == []


async def test_the_modal_is_filled_with_what_was_understood(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        await ada.command("/gpu create 4090 x2 on demand 4h in sgp as train-1 100gb what-is-this")
        fields = (await ada.modal("create_instance")).fields()
        assert fields["name"].value == "train-1"
        assert fields["product_name"].value.startswith(GPU)
        assert fields["gpu_num"].value == "2"
        assert fields["billing_mode"].value.startswith("On demand")
        assert fields["lease"].value == "4 h"
        assert fields["region"].value.startswith("AS-SGP-02")
        assert fields["rootfs_size"].value == "100"


async def test_a_confirmation_can_be_changed_in_the_modal_instead(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        await ada.command(f"/gpu create {LINE}")
        await ada.click(await told(house, "ada", "Create *train-1*"), "create:edit")
        modal = await ada.modal("create_instance")
        assert modal.fields()["name"].value == "train-1"
        assert modal.fields()["template_id"].value.startswith("comfy-prod")


async def test_a_line_without_a_name_gets_one_that_the_confirmation_keeps(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        ada = house.slack.person("ada")
        await ada.command("/gpu create 4090 from comfy-prod")
        question = await told(house, "ada", "Create *comfy-prod*")
        name = question.shown.split("*")[1]
        await ada.click(question, "create:confirm")
        await house.card(f"*{name}* is running")


async def test_a_button_is_read_again_so_that_what_is_no_longer_sold_is_not_created(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        await ada.command(f"/gpu create {LINE}")
        question = await told(house, "ada", "Create *train-1*")
        market = house.base.catalog.market
        assert market is not None
        house.base.catalog.market = market.model_copy(update={"products": market.products[-1:]})
        await ada.click(question, "create:confirm")
        await told(house, "ada", "It can no longer be created as it stands")
        assert house.novita.creates == []


async def test_a_guest_cannot_press_create_and_no_button_carries_authority(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, allowed_channels=("C0GPU00001",)) as house:
        await house.slack.person("guest").command(f"/gpu create {LINE}")
        await told(house, "guest", "Only members of the workspace")
        ada = house.slack.person("ada")
        await ada.command(f"/gpu create {LINE}", channel="general")
        await told(house, "ada", "channels set aside", channel="general")
        assert house.novita.creates == []


async def test_a_create_button_is_authorised_anew_when_it_is_pressed(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, allowed_channels=("C0GPU00001",)) as house:
        made_up = {
            "type": "block_actions",
            "user": {"id": house.slack.person("ada").id, "team_id": "T0SANDBOX1"},
            "team": {"id": "T0SANDBOX1"},
            "container": {"type": "message", "message_ts": "1.1", "channel_id": "C0GENERAL1", "is_ephemeral": True},
            "channel": {"id": "C0GENERAL1"},
            "trigger_id": "1.2.3",
            "response_url": house.slack.workspace.response_urls.issue(house.slack.person("ada").id, "C0GENERAL1"),
            "actions": [{"type": "button", "action_id": "create:confirm", "block_id": "b", "value": LINE}],
        }
        assert (await house.slack.post(made_up, Kind.INTERACTIVE)).ok
        await told(house, "ada", "may not be created from this channel", channel="general")
        assert house.novita.creates == []


async def test_no_end_is_for_admins_in_a_line_as_in_the_modal(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, admins=("U0CY000001",)) as house:
        line = "/gpu create 4090 from comfy-prod as train-1 no end"
        await house.slack.person("ada").command(line)
        assert "Choose a lease of at most 3 days" in (await house.slack.person("ada").modal("create_instance")).text()
        await house.slack.person("cy").command(line)
        await told(house, "cy", "Create *train-1*")


async def test_with_prices_not_at_hand_the_modal_still_opens_in_time_and_is_filled(redis_url: str) -> None:
    novita = SandboxNovita(boot_seconds=0.5)
    novita.fail_all(Fault.slow(0.3), "products")
    async with open_house(redis_url, workers=0, warm=False, novita=novita) as house:
        ada = house.slack.person("ada")
        await ada.command("/gpu create 4090 x2 as train-1")
        modal = await ada.modal("create_instance")
        assert modal.fields()["gpu_num"].value == "2"
        assert modal.fields()["name"].value == "train-1"


async def test_a_taken_name_is_told_and_numbered(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await written(house, 1, who="bo", prefix="train")
        await house.slack.person("ada").command("/gpu create 4090 from comfy-prod as Train-000")
        asked = await told(house, "ada", "Create *Train-1*")
        assert "Train-000 is the name of another instance, so this is Train-1" in asked.shown


async def test_a_channel_that_the_bot_cannot_write_in_is_said_in_the_confirmation(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        await ada.command(f"/gpu create {LINE}", channel="private")
        question = await told(house, "ada", "Create *train-1*", channel="private")
        assert "Its story cannot be told in this channel" in question.shown
        await ada.command(f"/gpu create {LINE}", channel="general")
        question = await told(house, "ada", "Create *train-1*", channel="general")
        assert "cannot be told" not in question.shown
