"""The story in Slack, whatever Slack does: nothing is lost, the order holds, only what cannot be known is repeated."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

import pytest

from bot.sandbox.novita import Fault as NovitaFault
from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import Fault, Message, SandboxSlack
from tests.bot.app_fixture import House, open_house

HONEST = Fault.slow(0)
POSTS = ("card", "created", "running")
"""What is posted for one instance that comes up, in this order."""


class Trouble(NamedTuple):
    fault: Fault
    most: int = 1
    """How often the post that met it may be read in the end."""


TROUBLES = {
    "429": Trouble(Fault.rate_limited(1)),
    "500": Trouble(Fault.server_error()),
    "not JSON": Trouble(Fault.not_json()),
    "internal_error": Trouble(Fault.error("internal_error")),
    "reset before": Trouble(Fault.reset_before_effect()),
    "reset after": Trouble(Fault.reset_after_effect(), most=2),
}


def told(replies: Iterable[str]) -> list[str]:
    """What each reply is about."""
    kinds = {"is created.": "created", "is running.": "running", "failed.": "failed", "not created.": "failed"}
    return [next((kind for words, kind in kinds.items() if words in text), text) for text in replies]


def in_order(words: list[str]) -> list[str]:
    """Without repetitions of what was said right before."""
    return [word for place, word in enumerate(words) if place == 0 or words[place - 1] != word]


async def whole_story(house: House, name: str = "train-1", who: str = "ada", channel: str = "gpu") -> list[str]:
    """What was told in the thread of an instance, once it runs and that is told."""
    card = await house.card(f"*{name}* is running", who, channel)
    await house.slack.wait_until(lambda: "running" in told(m.shown for m in house.slack.thread(card)))
    return told(message.shown for message in house.slack.thread(card))


MEETINGS = [(name, "created") for name in TROUBLES] + [
    (name, post) for name in ("429", "500", "reset after") for post in ("card", "running")
]
"""Which trouble meets which post."""


@pytest.mark.parametrize(("name", "post"), MEETINGS)
async def test_a_post_that_fails_is_told_again_in_its_place(redis_url: str, name: str, post: str) -> None:
    trouble = TROUBLES[name]
    async with open_house(redis_url) as house:
        house.slack.faults.next("chat.postMessage", *[HONEST] * POSTS.index(post), trouble.fault)
        await house.submitted("train-1")
        story = await whole_story(house)
        cards = house.slack.person("bo").messages("gpu")
        assert in_order(story) == ["created", "running"]
        for told_once in {*POSTS} - {post}:
            assert [*story, *["card"] * len(cards)].count(told_once) == 1
        assert [*story, *["card"] * len(cards)].count(post) <= trouble.most


@pytest.mark.parametrize("name", ["429", "500", "reset after"])
async def test_an_edit_of_the_card_that_fails_loses_nothing(redis_url: str, name: str) -> None:
    async with open_house(redis_url) as house:
        house.slack.faults.next("chat.update", TROUBLES[name].fault)
        await house.submitted("train-1")
        assert await whole_story(house) == ["created", "running"]
        [card] = house.slack.person("bo").messages("gpu")
        assert card.edits


async def test_a_call_that_hangs_holds_up_its_own_story_alone_and_is_made_again(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.slack.faults.next("chat.postMessage", HONEST, Fault.hang())
        await house.submitted("first")
        await house.submitted("second", who="bo")
        assert await whole_story(house, "second") == ["created", "running"]
        assert house.slack.thread(await house.card("first")) == []
        await house.slack.wait_until(lambda: house.slack.person("ada").messages("gpu")[0].edits)
        assert await whole_story(house, "first") == ["created", "running"]


async def test_with_slack_away_for_a_while_the_whole_story_is_told_when_it_is_back(redis_url: str) -> None:
    async with open_house(redis_url, novita=SandboxNovita(boot_seconds=0.1)) as house:
        modal = await house.modal()
        await modal.fill("name", "train-1")
        house.slack.faults.down = True
        assert (await modal.submit()).updated
        await house.novita.wait_until(lambda: bool(house.novita.calls_of("instance")))
        assert house.slack.person("bo").messages("gpu") == []
        house.slack.faults.clear()
        assert await whole_story(house) == ["created", "running"]
        assert len(house.slack.person("bo").messages("gpu")) == 1


async def test_a_create_that_failed_while_slack_was_away_is_not_silent(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.novita.fail_all(NovitaFault.refused(400, "BALANCE_NOT_ENOUGH"), "create")
        modal = await house.modal()
        house.slack.faults.down = True
        assert (await modal.submit()).updated
        await house.slack.wait_until(lambda: len(house.slack.calls_of("chat.postMessage")) >= 2)
        house.slack.faults.clear()
        card = await house.card("was not created")
        assert told(await house.replies(card, 1)) == ["failed"]


async def test_under_slacks_own_limits_every_story_is_told_once_and_in_order(redis_url: str) -> None:
    async with open_house(redis_url, slack=SandboxSlack(rate_limits=2.0)) as house:
        names = [f"run-{number}" for number in range(6)]
        for name in names:
            await house.submitted(name)
        for name in names:
            assert await whole_story(house, name) == ["created", "running"]
        assert len(house.slack.person("bo").messages("gpu")) == len(names)
        assert any(call.status == 429 for call in house.slack.calls_of("chat.postMessage"))


async def test_the_card_is_one_message_that_is_edited_from_creating_to_running(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.novita.fail_next("create", NovitaFault.slow(0.2))
        await house.submitted("train-1")
        await whole_story(house)
        [card] = house.slack.person("bo").messages("gpu")
        states = [edit.text for edit in card.edits] + [card.text]
        assert "being created" in states[0]
        assert "running" in states[-1]
        assert house.slack.person("ada").id in card.shown


@pytest.mark.parametrize(
    ("channel", "advice"),
    [("general", "/invite"), ("private", "it is private or gone"), ("archived", "it is archived")],
)
async def test_where_the_bot_may_not_post_the_owner_hears_it_privately_and_the_create_goes_on(
    redis_url: str, channel: str, advice: str
) -> None:
    async with open_house(redis_url) as house:
        house.slack.scopes.discard("chat:write.public")
        house.slack.faults.next("conversations.info", Fault.server_error())  # So it is not known before.
        await house.submitted("train-1", channel=channel)
        await house.outcome("Created")
        assert await whole_story(house, channel="dm") == ["created", "running"]
        card, *_ = house.slack.person("ada").dms()
        for words in (advice, house.slack.channel_id(channel), "The create goes on", "is running"):
            assert words in card.shown
        assert house.slack.person("bo").dms() == []
        assert len(house.novita.instances) == 1


async def test_a_card_that_is_drawn_anew_still_says_why_it_is_not_in_its_channel(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.slack.scopes.discard("chat:write.public")
        await house.submitted("train-1", channel="general")
        await whole_story(house, channel="dm")
        card, *_ = house.slack.person("ada").dms()
        before = len(card.edits)
        await house.slack.person("ada").command("/gpu start train-1")
        await house.slack.wait_until(lambda: len(card.edits) > before)
        assert "cannot be told in" in card.shown


async def test_the_private_word_is_not_repeated_when_what_follows_it_fails(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.slack.faults.next("chat.postMessage", HONEST, HONEST, Fault.rate_limited(1))
        house.slack.scopes.discard("chat:write.public")
        await house.submitted("train-1", channel="general")
        await whole_story(house, channel="dm")
        assert words_in_private(house) == 1


async def test_a_channel_that_is_archived_on_the_way_moves_the_story_to_the_owner(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        await archive_on_the_way(house)
        assert (await whole_story(house, channel="dm"))[-1] == "running"
        assert words_in_private(house) == 1
        assert house.slack.thread(house.slack.person("bo").messages("gpu")[0]) == []


async def test_a_story_that_moves_to_the_owner_moves_once_whatever_fails_then(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.slack.faults.next("chat.postMessage", HONEST, HONEST, HONEST, Fault.rate_limited(1))
        await archive_on_the_way(house)
        await whole_story(house, channel="dm")
        assert words_in_private(house) == 1


async def archive_on_the_way(house: House) -> None:
    """The channel is archived after the card was posted there, before Novita has answered."""
    house.novita.fail_next("create", NovitaFault.slow(0.3))
    await house.submitted("train-1")
    await house.card("is being created")
    house.slack.workspace.channel("gpu").is_archived = True


def words_in_private(house: House) -> int:
    """How often the owner was told that the channel does not take the story."""
    return sum("cannot be told in" in message.shown for message in house.slack.person("ada").dms())


@pytest.mark.parametrize("code", ["invalid_blocks", "msg_blocks_too_long", "invalid_blocks_format"])
async def test_when_slack_dislikes_the_blocks_the_plain_text_still_comes(redis_url: str, code: str) -> None:
    async with open_house(redis_url) as house:
        refuse_blocks(house.slack, code)
        await house.submitted("train-1")
        card = await only_card(house, "train-1: running")
        replies = await house.replies(card, 2)
        assert [text.partition(" ")[2] for text in replies] == ["*train-1* is created.", "*train-1* is running."]
        assert card.blocks == []


async def only_card(house: House, text: str) -> Message:
    await house.card(text)
    [card] = house.slack.person("bo").messages("gpu")
    return card


def refuse_blocks(slack: SandboxSlack, code: str) -> None:
    """Every message with blocks is refused; the text alone, which the bot sends next, is taken."""
    for method in ("chat.postMessage", "chat.update"):
        slack.faults.next(method, *[Fault.error(code), HONEST] * 20)
