"""What the bot answers to whoever speaks to it: what to type and, in the thread of an instance, what can be pressed."""

from __future__ import annotations

from datetime import datetime

from bot.slack.ids import COMMAND, Action
from bot.views import blocks as b
from bot.views import buttons, states
from bot.views.blocks import Message
from bot.views.help import command_line
from bot.views.text import esc
from core.domain.instance import Instance


def beside(instance: Instance, now: datetime) -> Message:
    """In the thread of an instance: what it is and, as buttons, what can be done with it now."""
    said = f"{states.emoji(instance)} *{esc(instance.request.name, 100)}* is {states.state(instance)}."
    rows = buttons.rows(instance, now)
    asked = "What is to be done with it?" if rows else "There is nothing to be done with it right now."
    name = esc(instance.request.name, 100).replace("`", "'")
    typed = f"Or type it in the channel, as Slack takes no commands in a thread: `{COMMAND} status {name}`."
    details = buttons.button(instance, Action.STATUS)
    return Message(f"{said} {asked}", [b.section(f"{said} {asked}", accessory=details), *rows, b.context(typed)])


def to_type(command: str, rest: str, *, is_in_thread: bool) -> Message:
    """A command that was said: nothing is done until it is typed, or its button pressed."""
    place = " in the channel, for Slack takes none in a thread" if is_in_thread else ""
    text = f"Type it as a command{place}: `{command_line(command, rest)}`"
    button = buttons.create_button(rest) if command == "create" else buttons.my_gpus_button()
    return Message(text, [b.section(text), b.actions(button)])
