"""Who may do what with an instance: checked on every click and every command, whoever's screen it is on."""

from __future__ import annotations

import pytest

from bot.sandbox.slack import Kind
from core.domain.instance import Status
from tests.bot.app_fixture import open_house
from tests.bot.scenarios import buttons_of, in_thread, read, running, seen, told

CY = "U0CY000001"


@pytest.mark.parametrize(
    "action",
    ["instance:stop", "instance:restart", "instance:delete", "instance:connect", "instance:extend:4h"],
)
async def test_a_colleague_is_told_whose_it_is_and_nothing_is_done(redis_url: str, action: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await house.slack.person("bo").click(card, action)
        answer = await told(house, "bo", "belongs to")
        assert house.slack.person("ada").id in answer.shown
        assert "instance:ask" in buttons_of(answer)
        assert (await read(house, made.id)) == made
        assert not [c for verb in ("stop", "restart", "delete") for c in house.novita.calls_of(verb)]


async def test_a_colleague_asks_the_owner_in_the_thread_and_the_owner_does_it_there(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await house.slack.person("bo").click(card, "instance:stop")
        answer = await told(house, "bo", "belongs to")
        await house.slack.person("bo").click(answer, "instance:ask")
        question = await in_thread(house, card, "asks")
        for who in ("ada", "bo"):
            assert house.slack.person(who).id in question.shown
        await told(house, "bo", "Asked in its thread.")
        await house.slack.person("ada").click(question, "instance:stop")
        await seen(house, made, "is stopped")


async def test_a_colleague_cannot_use_the_button_that_the_owner_was_asked_with(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        _, card = await running(house)
        await house.slack.person("bo").click(card, "instance:stop")
        await house.slack.person("bo").click(await told(house, "bo", "belongs to"), "instance:ask")
        question = await in_thread(house, card, "asks")
        await house.slack.person("bo").click(question, "instance:stop")
        await house.slack.wait_until(lambda: house.slack.person("bo").sees().count("belongs to") == 1)
        assert house.novita.calls_of("stop") == []


async def test_an_admin_may_act_on_everybodys_and_is_named(redis_url: str) -> None:
    async with open_house(redis_url, admins=(CY,)) as house:
        made, card = await running(house)
        await house.slack.person("cy").click(card, "instance:stop")
        await seen(house, made, "is stopped")
        await in_thread(house, card, f"<@{CY}>")


@pytest.mark.parametrize("verb", ["start", "stop", "restart", "delete", "connect"])
async def test_a_typed_name_gives_no_more_rights_than_a_button(redis_url: str, verb: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house)
        await house.slack.person("bo").command(f"/gpu {verb} train-1")
        answer = await told(house, "bo", "belongs to")
        assert buttons_of(answer) == ["instance:ask"]
        assert (await read(house, made.id)) == made


async def test_people_of_another_workspace_are_refused_without_learning_anything(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        guest = house.slack.person("guest")
        for action in ("instance:stop", "instance:connect", "instance:extend:1h"):
            await guest.click(card, action)
        for line in ("/gpu list all", "/gpu status train-1", "/gpu stop train-1", "/gpu create 4090", "/gpu help"):
            await guest.command(line)
        await house.slack.wait_until(lambda: len(guest.ephemerals()) == 8)
        for message in guest.ephemerals():
            assert message.shown == "Only members of the workspace that runs this bot may use it."
        assert (await read(house, made.id)) == made
        assert house.novita.calls_of("stop") == []


async def test_a_guest_can_open_no_create_modal_with_a_button_that_others_were_shown(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        await house.slack.person("ada").command("/gpu list")
        message = await told(house, "ada", "no GPU instance right now")
        payload = {
            "type": "block_actions",
            "user": {"id": house.slack.person("guest").id, "team_id": "T0PARTNER1"},
            "team": {"id": "T0SANDBOX1"},
            "container": {"type": "message", "message_ts": message.ts, "channel_id": message.channel},
            "channel": {"id": message.channel},
            "trigger_id": "1.2.3",
            "actions": [{"type": "button", "action_id": "create", "block_id": "b", "value": ""}],
        }
        ack = await house.slack.post(payload, Kind.INTERACTIVE)
        assert ack.ok
        await house.slack.wait_until(lambda: house.slack.calls_of("views.open"))
        [call] = house.slack.calls_of("views.open")
        assert "Only members of the workspace" in str(call.args["view"]), "told no, in place of the form"


async def test_commands_work_only_in_the_channels_set_aside_and_the_answer_names_them(redis_url: str) -> None:
    async with open_house(redis_url, allowed_channels=("C0GPU00001",)) as house:
        ada = house.slack.person("ada")
        for line in ("/gpu list", "/gpu create", "/gpu status x"):
            await ada.command(line, channel="general")
        answers = ada.ephemerals("general")
        assert [("channels set aside" in each.shown, "<#C0GPU00001>" in each.shown) for each in answers] == [
            (True, True)
        ] * 3
        await ada.command("/gpu list")
        await told(house, "ada", "no GPU instance right now")


async def test_an_instance_may_be_stopped_from_the_thread_in_whatever_channel_it_is(redis_url: str) -> None:
    async with open_house(redis_url, allowed_channels=("C0GPU00001",)) as house:
        made, card = await running(house)
        await house.slack.person("ada").click(card, "instance:stop")
        record, _ = await seen(house, made, "is stopped")
        assert record.status is Status.STOPPED
