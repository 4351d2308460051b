"""What `/gpu help` says, and what an unknown word gets."""

from __future__ import annotations

from difflib import get_close_matches

from bot.ids import COMMAND, Action
from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.text import Block, code

COMMANDS: dict[str, str] = {
    "create": "choose a GPU with live prices and create an instance",
    "help": "show this",
}


def help_message() -> Message:
    """For one person's eyes: the commands, and what to expect of a create."""
    lines = "\n".join(f"• `{COMMAND} {word}`: {meaning}" for word, meaning in COMMANDS.items())
    expect = (
        "A create is tried in the region you prefer, then in the others until one has room. Its story is told in one "
        "thread of the channel you choose: where it runs, what it costs, and its address when it is up."
    )
    blocks = [b.section(f"*GPUs from Slack*\n{lines}"), b.context(expect), _create_button()]
    return Message(f"GPUs from Slack: {COMMAND} create, {COMMAND} help", blocks)


def unknown_command(word: str) -> Message:
    """Says what was not understood and what was probably meant."""
    near = get_close_matches(word.casefold()[:50], COMMANDS, n=1, cutoff=0.5)
    meant = f"Did you mean `{COMMAND} {near[0]}`?" if near else f"`{COMMAND} help` lists what it can do."
    text = f"The bot does not know {code(word, 50)}. {meant}"
    return Message(text, [b.section(text), _create_button()])


def _create_button() -> Block:
    return b.actions(b.button(Action.CREATE, "Create a GPU instance", style="primary"))
