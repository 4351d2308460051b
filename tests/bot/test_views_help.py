"""What help promises."""

from __future__ import annotations

import pytest
from hypothesis import given

from bot.slack.ids import Action
from bot.views.blocks import Message
from bot.views.help import COMMANDS, everything, help_message, help_on, unknown_command, welcome
from tests.bot import factories
from tests.bot.factories import everything_in
from tests.bot.test_views_card import assert_slack_takes


def commands_in(message: Message) -> list[str]:
    lines = [line for line in everything_in(message.blocks).splitlines() if line.startswith("• ")]
    return [line.split()[2].strip("`:") for line in lines]


def buttons_of(message: Message) -> list[str]:
    return [
        element["action_id"]
        for block in message.blocks
        for element in block.get("elements", [])
        if "value" in element or "action_id" in element
    ]


def test_everything_names_every_command_and_offers_the_form() -> None:
    message = everything()
    assert_slack_takes(message)
    lines = everything_in(message.blocks).splitlines()
    assert commands_in(message) == list(COMMANDS)
    assert "• `/gpu extend NAME 4h`: let it run longer" in lines
    assert any(line.startswith("• `/gpu help [all]`: ") for line in lines)
    assert message.blocks[-1]["elements"][0]["action_id"] == Action.CREATE


def test_help_is_a_handful_of_commands_and_the_rest_is_behind_a_button() -> None:
    message = help_message()
    assert_slack_takes(message)
    assert 3 <= len(commands_in(message)) <= 6
    assert {"create", "list", "stop"} <= set(commands_in(message)) < set(COMMANDS)
    assert buttons_of(message) == [Action.CREATE, Action.LIST_PAGE, Action.HELP_ALL]


def test_nothing_more_than_the_command_gets_three_lines_and_two_buttons() -> None:
    message = welcome()
    assert_slack_takes(message)
    [said, _] = message.blocks
    assert len(said["text"]["text"].splitlines()) == 3
    assert all(f"`/gpu {word}`" in said["text"]["text"] for word in ("create", "list", "help"))
    assert buttons_of(message) == [Action.CREATE, Action.LIST_PAGE]
    assert "`" not in message.text and "*" not in message.text, "it is read aloud"


@pytest.mark.parametrize("said", ["all", "ALL", "everything", "more please"])
def test_everything_can_be_typed_for(said: str) -> None:
    assert help_on(said) == everything()


@pytest.mark.parametrize("said", ["", "me", "xyzzy", "me please", "🤖"])
def test_help_on_nothing_known_is_the_short_help(said: str) -> None:
    assert help_on(said) == help_message()


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("stop", ["stop"]),
        ("STOP", ["stop"]),
        ("extend NAME", ["extend"]),
        ("ssh", ["connect"]),
        ("rm", ["stop", "delete"]),
    ],
)
def test_help_on_a_word_is_about_what_it_does_here(said: str, shown: list[str]) -> None:
    message = help_on(said)
    assert_slack_takes(message)
    assert commands_in(message) == shown
    assert "NAME is a name" in everything_in(message.blocks)


@pytest.mark.parametrize("word", COMMANDS)
def test_there_is_help_on_every_command(word: str) -> None:
    message = help_on(word)
    assert_slack_takes(message)
    assert commands_in(message) == [word]


@pytest.mark.parametrize(
    ("typed", "meant"), [("craete", "create"), ("CREAT", "create"), ("halp", "help"), ("stpo", "stop"), ("ls", "list")]
)
def test_a_typing_mistake_gets_the_command_that_was_meant(typed: str, meant: str) -> None:
    assert f"Did you mean `/gpu {meant}`?" in unknown_command(typed).text


def test_a_word_like_no_command_gets_help() -> None:
    assert "`/gpu help` lists" in unknown_command("xyzzy").text


@given(factories.anything)
def test_an_unknown_word_is_repeated_harmlessly(word: str) -> None:
    assert_slack_takes(unknown_command(word))


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("new", "create"),
        ("launch", "create"),
        ("ssh", "connect"),
        ("logs", "connect"),
        ("ps", "list"),
        ("price", "offers"),
        ("reboot", "restart"),
    ],
)
def test_words_of_other_tools_lead_to_what_is_meant(typed: str, meant: str) -> None:
    assert f"Did you mean `/gpu {meant}`?" in unknown_command(typed).text


@pytest.mark.parametrize(
    ("typed", "meant"), [("kill", ("stop", "delete")), ("rm", ("stop", "delete")), ("cost", ("list", "offers"))]
)
def test_words_that_may_mean_two_things_get_both(typed: str, meant: tuple[str, ...]) -> None:
    text = unknown_command(typed, "train-1").text
    assert all(f"`/gpu {each} train-1`" in text for each in meant)


def test_the_rest_of_a_mistyped_create_is_carried_into_the_form() -> None:
    message = unknown_command("creat", "4090 2h")
    assert "`/gpu create 4090 2h`" in message.text
    [button] = message.blocks[-1]["elements"]
    assert (button["action_id"], button["value"]) == (Action.EDIT_CREATE, "4090 2h")
