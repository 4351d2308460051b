"""`/gpu` in words: help, the nearest match to what was mistyped, and nothing for strangers."""

from __future__ import annotations

import pytest

from bot.views.help import COMMANDS
from tests.bot.app_fixture import House, open_house


async def said_to(house: House, line: str, who: str = "ada", channel: str = "gpu") -> str:
    """What the person reads in answer, which nobody else sees."""
    person = house.slack.person(who)
    ack = await person.command(line, channel=channel)
    assert ack.ok
    [*_, answer] = await house.slack.wait_until(person.ephemerals)
    return answer.shown


@pytest.mark.parametrize("channel", ["gpu", "general", "dm"])
@pytest.mark.parametrize("line", ["/gpu help", "/gpu   HELP  ", "/gpu help me please"])
async def test_help_is_short_and_every_command_is_behind_its_button(redis_url: str, line: str, channel: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        answer, ada = await said_to(house, line, channel=channel), house.slack.person("ada")
        assert 3 <= answer.count("• /gpu ") + answer.count("• `/gpu ") <= 6
        [shown] = ada.ephemerals()
        await ada.click(shown, "help:all")
        await house.slack.wait_until(lambda: bool(shown.edits))
        for word in COMMANDS:
            assert f"/gpu {word}" in shown.shown
        assert ada.ephemerals() == [shown], "it stands in place of the short one"
        assert house.slack.person("bo").ephemerals() == []
        assert house.slack.person("bo").messages("gpu") == []


@pytest.mark.parametrize("line", ["/gpu help all", "/gpu help everything"])
async def test_everything_can_be_asked_for_in_words(redis_url: str, line: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        answer = await said_to(house, line)
        for word in COMMANDS:
            assert f"/gpu {word}" in answer


@pytest.mark.parametrize("line", ["/gpu", "/gpu   ", "/gpu ?"])
async def test_an_empty_line_is_answered_in_three_lines_and_two_buttons(redis_url: str, line: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await said_to(house, line)
        ada = house.slack.person("ada")
        [shown] = ada.ephemerals()
        [said, buttons] = shown.blocks
        assert len(said["text"]["text"].splitlines()) == 3
        assert len(buttons["elements"]) == 2
        await ada.click(shown, "list:page")
        await house.slack.wait_until(lambda: "You have no GPU instance" in shown.shown)
        assert house.slack.person("bo").ephemerals() == []
        assert house.slack.person("bo").messages("gpu") == []


@pytest.mark.parametrize(
    ("line", "shown"),
    [
        ("help stop", "/gpu stop NAME"),
        ("stop --help", "/gpu stop NAME"),
        ("create help", "/gpu create ["),
        ("rm -h", "/gpu delete NAME"),
    ],
)
async def test_one_command_is_explained_where_that_is_asked_for(redis_url: str, line: str, shown: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        answer = await said_to(house, f"/gpu {line}")
        assert shown in answer
        assert "/gpu doctor" not in answer
        assert house.slack.calls_of("views.open") == []


async def test_what_begins_like_help_on_a_name_is_still_a_name(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        assert "No instance is called `help`" in await said_to(house, "/gpu stop help")


async def test_the_home_tab_of_a_newcomer_shows_every_command_in_a_modal(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        await ada.open_home()
        await house.slack.wait_until(ada.home)
        home = ada.home()
        assert home is not None
        await home.press("help:all")
        modal = await ada.modal("answer")
        for word in COMMANDS:
            assert f"/gpu {word}" in modal.text()


@pytest.mark.parametrize(
    ("typed", "meant"), [("creat", "create"), ("CRATE", "create"), ("craete x2", "create"), ("hlep", "help")]
)
async def test_a_mistyped_word_gets_the_nearest_match(redis_url: str, typed: str, meant: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        answer = await said_to(house, f"/gpu {typed}")
        assert f"Did you mean `/gpu {meant}`?" in answer
        assert typed.split()[0].lower() in answer


@pytest.mark.parametrize("typed", ["xyzzy", "🤖" * 50, "<!channel>", "`*_~", "x" * 3000, "&amp; <@U0BO000001>"])
async def test_a_word_like_no_other_gets_a_harmless_answer_that_names_help(redis_url: str, typed: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        answer = await said_to(house, f"/gpu {typed}")
        assert "/gpu help" in answer
        assert "<!" not in answer
        assert "<@" not in answer


async def test_the_button_under_help_opens_the_form(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        ada = house.slack.person("ada")
        await ada.command("/gpu help")
        assert (await ada.click(ada.ephemerals()[-1], "create")).ok
        modal = await ada.modal("create_instance")
        assert modal.fields()["channel"].value == house.slack.channel_id("gpu")


@pytest.mark.parametrize("line", ["/gpu", "/gpu help", "/gpu create", "/gpu list", "/gpu nonsense"])
async def test_a_guest_of_another_workspace_is_refused_whatever_they_type(redis_url: str, line: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        assert "Only members of the workspace" in await said_to(house, line, "guest")
        assert house.slack.calls_of("views.open") == []
        assert house.novita.creates == []


async def test_a_guest_cannot_open_the_form_by_a_button_either(redis_url: str) -> None:
    """They never get one; what comes in is judged all the same."""
    async with open_house(redis_url, workers=0) as house:
        ada, guest = house.slack.person("ada"), house.slack.person("guest")
        await ada.command("/gpu help")
        help_message = ada.ephemerals()[-1]
        help_message.visible_to = guest.id
        await guest.click(help_message, "create")
        told = await house.slack.wait_until(lambda: [m.shown for m in guest.ephemerals() if m is not help_message])
        assert "Only members of the workspace" in told[0]
    assert house.slack.calls_of("views.open") == []


@pytest.mark.parametrize("channel", ["general", "private", "dm"])
async def test_a_command_works_where_the_bot_is_not_a_member(redis_url: str, channel: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        assert "/gpu create" in await said_to(house, "/gpu help", channel=channel)
        await house.opened(channel=channel)


async def test_a_line_that_begins_with_a_gpu_is_a_create(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        answer = await said_to(house, "/gpu 4090 spot 2h")
        assert "Did you mean `/gpu create`?" in answer
        assert "/gpu create 4090 spot 2h" in answer
