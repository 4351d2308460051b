"""The create form begins with what the person used last, as far as that can still be had, and with a free name."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from bot.sandbox.slack import Modal
from bot.sandbox.slack.constants import BOT_USER
from core.domain.base import BillingMode
from core.domain.request import Draft
from tests.bot.api import BODY, TOKEN, api, bad_fields
from tests.bot.app_fixture import GPU, House, open_house
from tests.bot.redis_line import RedisLine
from tests.bot.scenarios import actor, in_thread, running, told
from tests.patience import until

LAST = Draft(
    product_name=GPU,
    template_id="101",
    region="AS-SGP-02",
    gpu_num=2,
    rootfs_size=100,
    billing_mode=BillingMode.ON_DEMAND,
    lease=timedelta(hours=4),
    channel="C0GENERAL1",
)


async def last_time(house: House, **changes: Any) -> None:
    """Ada has created this some time ago."""
    last = replace(LAST, **({"channel": house.slack.channel_id("general")} | changes))
    await house.base.store.save_last_used(actor(house, "ada"), last)


async def remembered(house: House) -> Draft:
    await until(lambda: house.base.store.last_used(actor(house, "ada")))
    found = await house.base.store.last_used(actor(house, "ada"))
    assert found is not None
    return found


def values(modal: Modal) -> dict[str, Any]:
    return {name: field.value for name, field in modal.fields().items()}


def index_of(modal: Modal, start: str) -> int:
    return next(
        i for i, block in enumerate(modal.view.definition["blocks"]) if str(block.get("block_id")).startswith(start)
    )


async def test_the_form_begins_with_what_was_created_last_and_nobody_elses_does(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        modal = await house.modal(template="PyTorch")
        await house.shows(modal, "≈")
        await modal.choose("billing_mode", "onDemand")
        # Its prices are drawn anew first: menus that change under a choice drop it.
        await house.slack.wait_until(lambda: "$0.34/h" in str(modal.fields()["region"].options))
        for field, value in {"region": "AS-SGP-02", "gpu_num": "2", "lease": "4 h", "channel": "general"}.items():
            await modal.choose(field, value)
        await modal.choose("lease_end", "delete")
        await modal.press("reveal_advanced")
        await house.slack.wait_until(lambda: "envs" in modal.fields())
        await modal.fill("rootfs_size", "100")
        await modal.fill("webhook_url", "https://example.com/s3cret")
        await modal.fill("envs", "TOKEN=s3cret")
        await modal.fill("name", "precious")
        assert await house.base.store.last_used(actor(house, "ada")) is None, "an open form is nothing used"
        assert (await modal.submit()).updated
        assert await remembered(house) == replace(LAST, channel=house.slack.channel_id("general"))
        again = await house.opened()
        shown = values(again)
        assert shown["product_name"].startswith(GPU)
        assert shown["template_id"] == "PyTorch 2.6"
        assert shown["region"].startswith("AS-SGP-02")
        assert (shown["gpu_num"], shown["rootfs_size"], shown["lease"]) == ("2", "100", "4 h")
        assert shown["billing_mode"].startswith("On demand")
        assert shown["lease_end"].startswith("Stop it"), "what deletes data is chosen each time"
        assert shown["channel"] == house.slack.channel_id("general")
        assert shown["name"] == "pytorch"
        assert "webhook_url" not in shown and "s3cret" not in str(again.view.definition)
        assert "≈" in again.text()
        others = values(await house.opened("bo"))
        assert (others["product_name"], others["gpu_num"], others["name"]) == (None, "1", "gpu")


async def test_the_gpu_and_its_price_stand_on_top(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        modal = await house.opened()
        assert [index_of(modal, start) for start in ("product_name", "price", "template_id", "name")] == [0, 1, 2, 3]


async def test_a_one_liner_is_remembered_and_what_it_says_goes_before_what_was_used_last(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        await ada.command("/gpu create 4090 x2 spot 4h in sgp as train-1 from comfy-prod")
        await ada.click(await told(house, "ada", "Create *train-1*"), "create:confirm")
        last = await remembered(house)
        assert (last.product_name, last.gpu_num, last.region, last.template_id) == (GPU, 2, "AS-SGP-02", "107672")
        await ada.command("/gpu create h100 1h")
        shown = values(await ada.modal("create_instance"))
        assert shown["product_name"].startswith("H100")
        assert (shown["gpu_num"], shown["lease"], shown["template_id"]) == ("2", "1 h", "comfy-prod")
        assert shown["name"] == "comfy-prod"


async def test_a_line_that_can_be_confirmed_means_the_same_whatever_was_used_last(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await last_time(house)
        ada = house.slack.person("ada")
        await ada.command("/gpu create 4090 from comfy-prod as train-1")
        question = await told(house, "ada", "Create *train-1*")
        assert f"1 × {GPU}, spot" in question.shown
        await ada.click(question, "create:edit")
        shown = values(await ada.modal("create_instance"))
        assert (shown["gpu_num"], shown["rootfs_size"], shown["lease"]) == ("1", "60", "8 h")
        assert shown["channel"] == house.slack.channel_id("gpu")


async def test_a_name_that_is_taken_is_numbered_wherever_one_is_proposed(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        await running(house, "pytorch")
        await running(house, "Train-1")
        await last_time(house)
        ada = house.slack.person("ada")
        first = await house.opened()
        assert values(first)["name"] == "pytorch-2"
        await first.close()
        await ada.command("/gpu create 4090 nonsense as train-1")
        modal = await ada.modal("create_instance")
        await house.shows(modal, "train-1 is the name of another instance, so this is train-2.")
        assert values(modal)["name"] == "train-2"
        await ada.command("/gpu create 4090 from pytorch")
        question = await told(house, "ada", "Create *pytorch-2*")
        assert "name of another" not in question.shown, "nobody has asked for pytorch"


async def test_a_name_left_as_proposed_follows_the_template_that_is_chosen(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        await running(house, "comfy-prod")
        modal = await house.modal(template="comfy-prod")
        assert values(modal)["name"] == "gpu"
        assert "follows the template" in modal.text()
        assert (await modal.submit()).updated
        await house.card("*comfy-prod-2* is running")


@pytest.mark.parametrize(
    ("changes", "field", "value", "said"),
    [
        ({"template_id": "999"}, "template_id", None, "The template that you used last is gone"),
        ({"product_name": "RTX 2080"}, "product_name", None, "no longer lists *RTX 2080*"),
        ({"region": "CN-XX-01"}, "region", "Any region", "CN-XX-01 is not listed by Novita now"),
        ({"rootfs_size": 6000}, "rootfs_size", "600", "not 6000, so 600 GB is chosen"),
        ({"lease": timedelta(hours=48)}, "lease", "24 h", "24 h is chosen instead of 2 days"),
        ({"lease": None, "no_end": True}, "lease", "24 h", "24 h is chosen instead of no end"),
    ],
)
async def test_what_cannot_be_had_any_more_is_said_and_the_rest_stays(
    redis_url: str, changes: dict[str, Any], field: str, value: str | None, said: str
) -> None:
    async with open_house(redis_url, workers=0, max_lease="24h") as house:
        await last_time(house, **changes)
        modal = await house.opened()
        assert values(modal)[field] == value
        await house.shows(modal, said)
        assert values(modal)["gpu_num"] == "2"


async def test_a_channel_that_cannot_be_written_in_any_more_gives_way_to_where_the_form_is_opened(
    redis_url: str,
) -> None:
    async with open_house(redis_url, workers=0) as house:
        here = house.slack.channel_id("gpu")
        for channel, said in (("archived", "is archived"), ("private", "")):
            await last_time(house, channel=house.slack.channel_id(channel))
            modal = await house.opened()
            assert values(modal)["channel"] == here, channel
            await house.shows(modal, said)
            await modal.close()
        await last_time(house, channel=house.slack.channel_id("private"))
        assert values(await house.opened(channel="private"))["channel"] == house.slack.channel_id("private")


async def test_where_only_some_channels_are_allowed_no_other_is_proposed(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, allowed_channels="C0GPU00001") as house:
        await last_time(house)
        assert values(await house.opened())["channel"] == house.slack.channel_id("gpu")


async def test_one_template_of_ones_own_is_chosen_at_once(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        catalog = house.base.catalog
        own = [each for each in catalog.templates if each.channel == "private"]
        catalog._templates.pop(own[1].id)
        shown = values(await house.opened())
        assert (shown["template_id"], shown["name"]) == (own[0].name, own[0].name)


async def test_the_api_is_told_of_a_channel_that_the_bot_cannot_write_in_and_creates_nothing(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        for channel, why in (("archived", "archived"), ("private", "private or gone")):
            refused = await client.post("/api/instances", json=BODY | {"channel": house.slack.channel_id(channel)})
            assert bad_fields(refused) == {"channel"}
            assert why in refused.text
        assert house.novita.creates == []
        made = await client.post("/api/instances", json=BODY | {"channel": house.slack.channel_id("general")})
        assert made.status_code in {201, 202}
        assert await house.base.store.last_used(actor(house, "ada")) is None


async def test_the_same_again_says_before_that_its_channel_is_closed(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        house.novita.reclaim(str(made.remote.id))
        news = await in_thread(house, card, "was taken back by Novita")
        house.slack.scopes.discard("channels:read")
        house.slack.workspace.channel("gpu").is_private = True
        house.slack.workspace.channel("gpu").members.discard(BOT_USER)
        await house.slack.person("ada").click(news, "instance:again")
        question = await told(house, "ada", "Create *train-1* again")
        assert "cannot be told in this channel" in question.shown


async def test_what_more_hours_cost_stands_where_they_are_chosen_and_said(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        assert made.hourly_price is not None
        assert "Extend 4 h ($" in str(card.blocks)
        await house.slack.person("ada").command("/gpu extend train-1 2h")
        assert "That adds $" in (await told(house, "ada", "may run until")).shown


async def test_with_a_redis_that_is_stuck_the_form_opens_in_time_with_the_plain_defaults(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, open_house(line.url, workers=0) as house:
        await last_time(house)
        line.stall()
        modal = await house.opened()
        assert values(modal)["product_name"] is None
        assert values(modal)["name"] == "gpu"
        line.resume()
