"""Draws messages: who said it and when, the card in a box, replies indented below the message they belong to."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from bot.sandbox.slack.constants import BOT_USER, SLACKBOT
from bot.sandbox.slack.terminal.blocks import blocks_drawn
from bot.sandbox.slack.terminal.mrkdwn import Reader, mrkdwn_text
from bot.sandbox.slack.workspace import Message

INDENT = 4


def message_shown(message: Message, reader: Reader) -> RenderableType:
    """One message: a headline with its author, then the blocks in a box, or the bare text."""
    return Group(_headline(message, reader), _body(message, reader))


def thread_shown(root: Message, replies: Iterable[Message], reader: Reader) -> RenderableType:
    """A message and, indented below it, its replies."""
    answers = list(replies)
    if not answers:
        return message_shown(root, reader)
    count = f"╰─ {len(answers)} {'reply' if len(answers) == 1 else 'replies'}"
    below = Group(Text(count, "bright_black"), *[_reply(each, reader) for each in answers])
    return Group(message_shown(root, reader), Padding(below, (0, 0, 0, INDENT)))


def conversation_shown(messages: Iterable[Message], reader: Reader) -> RenderableType:
    """All messages a person sees in one place, oldest first, threads folded out below their roots."""
    seen = list(messages)
    roots = [each for each in seen if each.is_root]
    replies = {root.ts: [each for each in seen if each.thread_ts == root.ts and not each.is_root] for root in roots}
    drawn = [thread_shown(root, replies[root.ts], reader) for root in roots]
    return Group(*[Padding(each, (0, 0, 1, 0)) for each in drawn])


def _reply(message: Message, reader: Reader) -> RenderableType:
    """A reply of text alone stands beside its time; one with blocks looks like any message."""
    if message.blocks:
        return message_shown(message, reader)
    line = Table.grid(padding=(0, 2))
    line.add_row(Text(f"   {_clock(message, reader)}", "bright_black"), mrkdwn_text(message.text, reader))
    return line


def _headline(message: Message, reader: Reader) -> Text:
    name = reader.people.get(message.author, message.author)
    line = Text(name, "bold green" if message.author == BOT_USER else "bold")
    if message.author in (BOT_USER, SLACKBOT):
        line.append(" ").append(" APP ", "bold black on grey62")
    line.append(f"  {_clock(message, reader)}", "bright_black")
    if message.edits:
        line.append("  (edited)", "bright_black")
    if message.visible_to:
        line.append("  · only visible to ", "italic bright_black")
        line.append(f"@{reader.people.get(message.visible_to, message.visible_to)}", "italic bright_black")
    return line


def _body(message: Message, reader: Reader) -> RenderableType:
    if not message.blocks:
        return Padding(mrkdwn_text(message.text, reader), (0, 0, 0, 2))
    border = "grey50" if message.visible_to else "green"
    shape = box.SQUARE if message.visible_to else box.ROUNDED
    return Panel(blocks_drawn(message.blocks, reader), box=shape, border_style=border, padding=(0, 1))


def _clock(message: Message, reader: Reader) -> str:
    return reader.local(float(message.ts)).strftime("%H:%M:%S")
