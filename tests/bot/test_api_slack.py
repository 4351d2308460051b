"""Instances made over HTTP as people in Slack see them: a card where a channel was given, and nobody called wrongly."""

from __future__ import annotations

from typing import Any

import pytest

from bot.sandbox.slack import Fault
from core.services.alarms import AlarmKind
from tests.bot.api import BODY, TOKEN, Json, another_look, api, record, shows
from tests.bot.app_fixture import House, open_house
from tests.bot.scenarios import actor, in_thread, told
from tests.bot.watched_alarms import is_over, stands


def with_channel(house: House) -> Json:
    return {**BODY, "channel": house.slack.channel_id("gpu")}


async def test_with_a_channel_it_has_a_card_and_a_thread_there(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        made = await record(house, await client.post("/api/instances", json=with_channel(house)))
        card = await house.card("is running")
        assert (await house.record(card)).id == made.id
        assert "the HTTP API" in card.shown
        created, running = await house.replies(card, 2)
        assert ("is created" in created, "is running" in running) == (True, True)
        assert "<@" not in card.text + str(card.blocks) + created + running
        assert "`api`" not in created + running


async def test_without_a_channel_nobody_is_told_and_slack_is_not_asked(redis_url: str) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        where = (await client.post("/api/instances", json=BODY)).headers["Location"]
        await shows(client, house, where, "running")
        await client.post(f"{where}/stop")
        await shows(client, house, where, "stopped")
        while await house.base.store.outbox_size():
            await another_look(house)
        assert {call.method for call in house.slack.calls} <= {"auth.test"}


async def test_a_channel_that_is_closed_is_told_to_the_admins_and_the_story_goes_on_when_it_is_open_again(
    redis_url: str,
) -> None:
    async with open_house(redis_url, api_token=TOKEN) as house, api(house) as client:
        house.slack.faults.always("chat.postMessage", Fault.error("channel_not_found"))
        where = (await client.post("/api/instances", json=with_channel(house))).headers["Location"]
        await shows(client, house, where, "running")
        await stands(house, AlarmKind.NOT_TOLD)
        house.slack.faults.clear()
        await client.delete(where)
        await shows(client, house, where, "deleted")
        card = await house.card("is deleted")
        await in_thread(house, card, "is running")
        await in_thread(house, card, "is deleted")
        await is_over(house, AlarmKind.NOT_TOLD)


def posts(house: House) -> list[Any]:
    return [call for call in house.slack.calls if call.method == "chat.postMessage"]


@pytest.mark.parametrize("has_admins", [True, False], ids=["admins", "no admins"])
async def test_who_may_not_stop_it_asks_the_admins(redis_url: str, has_admins: bool) -> None:
    admins = "U0ADMIN001" if has_admins else ""
    async with open_house(redis_url, api_token=TOKEN, admins=admins) as house, api(house) as client:
        await client.post("/api/instances", json=with_channel(house))
        card = await house.card("is running")
        bo = house.slack.person("bo")
        await bo.click(card, "instance:stop")
        refusal = await told(house, "bo", "belongs to the HTTP API")
        assert ("Ask the admins" in str(refusal.blocks)) == has_admins
        if has_admins:
            await bo.click(refusal, "instance:ask")
            await in_thread(house, card, "to stop")
            asked = next(each for each in house.slack.thread(card) if "asks" in each.shown)
            assert f"<@{actor(house, 'bo').user}> asks <@{admins}> to stop" in asked.text
        assert house.novita.calls_of("stop") == []


async def test_it_is_listed_under_the_http_api(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        await client.post("/api/instances", json=BODY)
        await house.slack.person("ada").command("/gpu list all")
        await told(house, "ada", "the HTTP API")
