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
    assert all(f"`/gpu {word}`" in everything_in(message.blocks) for word in COMMANDS)
    assert message.blocks[-1]["elements"][0]["action_id"] == Action.CREATE


@pytest.mark.parametrize(("typed", "meant"), [("craete", "create"), ("CREAT", "create"), ("halp", "help")])
def test_a_typing_mistake_gets_the_command_that_was_meant(typed: str, meant: str) -> None:
    assert f"Did you mean `/gpu {meant}`?" in unknown_command(typed).text


def test_a_word_like_no_command_gets_help() -> None:
    assert "`/gpu help` lists" in unknown_command("xyzzy").text


@given(worlds.anything)
def test_an_unknown_word_is_repeated_harmlessly(word: str) -> None:
    assert_slack_takes(unknown_command(word))
