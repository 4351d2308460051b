"""What help promises."""

from __future__ import annotations

import pytest
from hypothesis import given

from bot.ids import Action
from bot.views.help import COMMANDS, help_message, unknown_command
from tests.bot import worlds
from tests.bot.test_views_card import assert_slack_takes
from tests.bot.worlds import everything_in


def test_help_names_every_command_and_offers_the_form() -> None:
    message = help_message()
    assert_slack_takes(message)
    lines = [line for line in everything_in(message.blocks).splitlines() if line.startswith("• ")]
    assert [line.split()[2].strip("`:") for line in lines] == list(COMMANDS)
    assert "• `/gpu extend NAME 4h`: let it run longer" in lines
    assert "• `/gpu help`: show this" in lines
    assert message.blocks[-1]["elements"][0]["action_id"] == Action.CREATE


@pytest.mark.parametrize(
    ("typed", "meant"), [("craete", "create"), ("CREAT", "create"), ("halp", "help"), ("stpo", "stop"), ("ls", "list")]
)
def test_a_typing_mistake_gets_the_command_that_was_meant(typed: str, meant: str) -> None:
    assert f"Did you mean `/gpu {meant}`?" in unknown_command(typed).text


def test_a_word_like_no_command_gets_help() -> None:
    assert "`/gpu help` lists" in unknown_command("xyzzy").text


@given(worlds.anything)
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
