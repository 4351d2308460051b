"""A person says something to the bot: they, and nobody else, are told what to type, once, and nothing is done by it."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from bot.sandbox.slack import Fault, Kind, Message
from bot.sandbox.slack.constants import BOT_ID, BOT_USER, GUEST_TEAM_ID, TEAM_ID
from tests.bot.app_fixture import House, open_house
from tests.bot.redis_line import RedisLine
from tests.bot.scenarios import running, written

Json = dict[str, Any]
ADA, CY = "U0ADA00001", "U0CY000001"


def answers(house: House, who: str = "ada") -> list[Message]:
    """What the bot has said to them alone."""
    return [each for each in house.slack.person(who).ephemerals() if each.author == BOT_USER]


async def answer_to(house: House, text: str, who: str = "ada", thread: Message | None = None) -> Message:
    before = len(answers(house, who))
    ack = await house.slack.person(who).type(text, thread=thread)
    assert ack is not None
    assert ack.status == 200
    await house.slack.wait_until(lambda: len(answers(house, who)) > before)
    return answers(house, who)[-1]


def mention(house: House, text: str = f"<@{BOT_USER}>", **more: Any) -> Json:
    """As Slack delivers it, with an id of its own; what is None is left out."""
    ts = house.slack.workspace.new_ts()
    event: Json = {"type": "app_mention", "user": ADA, "text": text, "ts": ts, "event_ts": ts, "team": TEAM_ID}
    event |= {"channel": house.slack.channel_id("gpu"), **more}
    event = {name: value for name, value in event.items() if value is not None}
    return {"type": "event_callback", "team_id": TEAM_ID, "event_id": f"Ev{ts}", "event": event}


async def settled(house: House) -> None:
    """Once a mention that came after everything else has its answer."""
    await answer_to(house, "@gpu-bot", "cy")


@pytest.mark.parametrize(
    "text", ["@gpu-bot", "@gpu-bot hello?", "good morning @gpu-bot", "@gpu-bot thanks!", "@gpu-bot 🙏"]
)
async def test_whoever_mentions_the_bot_is_told_in_private_what_to_type(redis_url: str, text: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        answer = await answer_to(house, text)
        assert "/gpu create" in answer.shown
        assert "/gpu help" in answer.shown
        assert (answer.visible_to, answer.thread_ts) == (ADA, None)
        assert answers(house, "bo") == []
        [said] = house.slack.person("bo").messages("gpu")
        assert said.author == ADA, "the bot itself says nothing in the channel"
        await house.slack.person("ada").click(answer, "create")
        await house.slack.person("ada").modal("create_instance")


async def test_in_a_thread_the_answer_stands_in_the_thread(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        root = house.slack.person("bo").say("who has a GPU left?")
        answer = await answer_to(house, "@gpu-bot", thread=root)
        assert (answer.thread_ts, answer.visible_to) == (root.ts, ADA)
        assert "/gpu create" in answer.shown


async def test_in_the_thread_of_an_instance_it_shows_what_can_be_done_with_that_one(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        _, card = await running(house)
        answer = await answer_to(house, "@gpu-bot stop it", thread=card)
        assert answer.thread_ts == card.ts
        assert "train-1* is running" in answer.shown
        assert house.novita.calls_of("stop") == [], "nothing is done by a word"
        await house.slack.person("ada").click(answer, "instance:stop")
        await house.card("is stopped")
        assert len(house.novita.calls_of("stop")) == 1
        assert "instance:start" in str((await answer_to(house, "@gpu-bot what now?", thread=card)).blocks)


async def test_status_said_in_the_thread_of_an_instance_needs_no_name(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        assert made.id in (await answer_to(house, "@gpu-bot status", thread=card)).shown


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("list", "Your GPUs"),
        ("LIST all", "Everybody's GPUs"),
        ("/gpu list", "Your GPUs"),
        (", list", "Your GPUs"),
        ("offers 4090", "RTX 4090"),
        ("templates comfy", "comfy-prod"),
        ("help", "/gpu extend NAME 4h"),
        ("help all", "/gpu doctor"),
        ("status mine-000", "mine-000"),
        ("status nobody", "No instance is called"),
    ],
)
async def test_what_only_looks_something_up_is_answered_as_if_it_were_typed(
    redis_url: str, said: str, shown: str
) -> None:
    async with open_house(redis_url, workers=0) as house:
        await written(house, 1, "ada", "mine")
        assert shown in (await answer_to(house, f"@gpu-bot {said}")).shown


@pytest.mark.parametrize(
    "word", ["stop", "delete", "restart", "start", "extend", "lease", "connect", "strays", "doctor"]
)
async def test_what_changes_something_or_is_secret_has_to_be_typed(redis_url: str, word: str) -> None:
    async with open_house(redis_url, admins=(ADA,)) as house:
        made, _ = await running(house)
        calls = len(house.novita.calls_of(word))
        answer = await answer_to(house, f"@gpu-bot {word} train-1 4h")
        assert f"/gpu {word} train-1 4h" in answer.shown
        assert len(house.novita.calls_of(word)) == calls
        now = await house.base.store.get(made.id)
        assert now is not None
        assert (now.order, now.lease.ends_at) == (None, made.lease.ends_at)


@pytest.mark.parametrize("said", ["create 4090 spot 2h", "4090 spot 2h"])
async def test_a_create_that_was_said_waits_in_the_form(redis_url: str, said: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        answer = await answer_to(house, f"@gpu-bot {said}")
        assert "/gpu create 4090 spot 2h" in answer.shown
        await house.slack.person("ada").click(answer, "create:edit")
        modal = await house.slack.person("ada").modal("create_instance")
        await house.slack.wait_until(lambda: "product_name" in modal.fields())
        assert "4090" in str(modal.fields()["product_name"].value)
        assert house.novita.creates == []


# Once


async def test_what_slack_sends_again_is_answered_once_whichever_process_it_reaches(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, webs=2) as house:
        sent = mention(house)
        for number in range(4):
            retry = {"X-Slack-Retry-Num": str(number), "X-Slack-Retry-Reason": "http_timeout"} if number else {}
            assert (await house.slack.post(sent, Kind.EVENT, headers=retry)).status == 200
        await settled(house)
        await settled(house)
        assert len(answers(house)) == 1


async def test_a_repetition_that_is_the_first_to_arrive_is_answered(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        retry = {"X-Slack-Retry-Num": "2", "X-Slack-Retry-Reason": "connection_failed"}
        assert (await house.slack.post(mention(house), Kind.EVENT, headers=retry)).status == 200
        await house.slack.wait_until(lambda: answers(house))


@pytest.mark.parametrize(
    "of_nobody",
    [
        {"bot_id": BOT_ID, "user": BOT_USER},
        {"bot_id": "B0ANOTHER1"},
        {"bot_id": "B0ANOTHER1", "user": None, "subtype": "bot_message"},
        {"edited": {"user": ADA, "ts": "1.0"}},
        {"subtype": "message_changed"},
        {"user": BOT_USER},
        {"user": None},
        {"user": {"id": ADA}},
        {"channel": None},
        {"type": "message", "channel_type": "channel"},
        {"type": "message", "channel_type": "im", "subtype": "message_deleted"},
    ],
)
async def test_bots_edits_and_what_no_person_said_get_no_answer(redis_url: str, of_nobody: Json) -> None:
    async with open_house(redis_url, workers=0) as house:
        assert (await house.slack.post(mention(house, **of_nobody), Kind.EVENT)).status == 200
        await settled(house)
        assert answers(house) == []
        assert house.slack.person("ada").dms() == []


@pytest.mark.parametrize(
    "odd",
    [{"text": None}, {"text": 7}, {"text": ""}, {"text": "x" * 40_000}, {"thread_ts": "1.000001"}, {"team": None}],
)
async def test_a_mention_of_an_odd_shape_loses_nobody_their_answer(redis_url: str, odd: Json) -> None:
    async with open_house(redis_url, workers=0) as house:
        assert (await house.slack.post(mention(house, **odd), Kind.EVENT)).status == 200
        ada = house.slack.person("ada")
        told = await house.slack.wait_until(lambda: [*answers(house), *ada.dms()])
        assert "/gpu create" in told[0].shown


async def test_a_storm_of_mentions_is_no_flood_and_keeps_nobody_else_waiting(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        sent = [mention(house) for _ in range(40)]
        acks = await asyncio.gather(*(house.slack.post(each, Kind.EVENT) for each in sent))
        assert {ack.status for ack in acks} == {200}
        await settled(house)
        await house.slack.wait_until(lambda: len(answers(house)) == 10)
        await settled(house)
        assert len(answers(house)) == 10


# Who, where, and in trouble


async def test_people_of_another_workspace_are_turned_away_in_private(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await written(house, 1, "ada", "mine")
        answer = await answer_to(house, "@gpu-bot list all", "guest")
        assert "Only members of the workspace" in answer.shown
        assert "mine-000" not in house.slack.person("guest").sees()
        sent = mention(house, user="U0GUEST001", team=GUEST_TEAM_ID)
        for _ in range(3):
            assert (await house.slack.post(sent, Kind.EVENT)).status == 200
        await settled(house)
        assert len(answers(house, "guest")) == 2


async def test_outside_the_channels_set_aside_it_says_which_those_are(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, allowed_channels=("C0GENERAL1",)) as house:
        assert "<#C0GENERAL1>" in str((await answer_to(house, "@gpu-bot list")).blocks)
        assert "/gpu help" in (await answer_to(house, "@gpu-bot")).shown


async def test_where_it_may_not_answer_in_private_it_writes_directly(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        house.slack.faults.always("chat.postEphemeral", Fault.error("user_not_in_channel"))
        await house.slack.person("ada").type("@gpu-bot")
        [told] = await house.slack.wait_until(house.slack.person("ada").dms)
        assert "/gpu create" in told.shown


async def test_an_answer_waits_for_slack(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        house.slack.faults.next("chat.postEphemeral", Fault.server_error())
        assert "/gpu create" in (await answer_to(house, "@gpu-bot")).shown


async def test_without_redis_it_is_told_all_the_same_what_to_type(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, open_house(line.url, workers=0) as house:
        await line.down()
        assert "/gpu create" in (await answer_to(house, "@gpu-bot")).shown
        await line.up()


@pytest.mark.parametrize(
    ("said", "shown"),
    [("hello", "`/gpu create`"), ("list", "You have no GPU instance"), ("@gpu-bot list", "You have no GPU")],
)
async def test_what_is_written_to_it_directly_gets_the_same_answer(redis_url: str, said: str, shown: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        ack = await house.slack.person("ada").type(said, "dm")
        assert ack is not None and ack.status == 200
        [answer] = await house.slack.wait_until(lambda: answers(house))
        assert answer.channel == house.slack.workspace.direct_messages(ADA).id
        assert shown in str(answer.blocks)
        assert answers(house, "bo") == []


async def test_a_direct_message_that_comes_again_or_is_edited_gets_no_second_answer(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        channel = house.slack.workspace.direct_messages(ADA).id
        sent = mention(house, "list", type="message", channel=channel, channel_type="im")
        edited = mention(house, type="message", channel=channel, channel_type="im", subtype="message_changed")
        for payload in (sent, sent, edited):
            assert (await house.slack.post(payload, Kind.EVENT)).status == 200
        await settled(house)
        assert len(answers(house)) == 1


async def test_an_app_of_an_older_manifest_is_told_nothing_and_works(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        house.slack.scopes -= {"app_mentions:read", "im:history"}
        assert await house.slack.person("ada").type("@gpu-bot list") is None
        assert await house.slack.person("ada").type("list", "dm") is None
        assert (await house.slack.person("ada").command("/gpu list")).ok
