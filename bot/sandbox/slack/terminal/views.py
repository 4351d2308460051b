"""Draws a modal, with what is typed into it and the errors under its fields, or a home tab."""

from __future__ import annotations

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from bot.sandbox.slack.terminal.blocks import blocks_drawn
from bot.sandbox.slack.terminal.mrkdwn import Reader, plain_words
from bot.sandbox.slack.views import View

MODAL_WIDTH = 64


def view_shown(view: View, reader: Reader) -> RenderableType:
    """The view in a box: a modal with its title above and its buttons below, a home tab as wide as the
    terminal.
    """
    content: list[RenderableType] = [blocks_drawn(view.blocks, reader, view.state, view.errors)]
    if view.notice:
        content.append(Text(f"⚠ {view.notice}", "bold yellow"))
    if view.definition["type"] == "home":
        return Panel(Group(*content), title=Text("Home", "bold"), box=box.ROUNDED, border_style="blue", padding=(1, 2))
    return Panel(
        Group(*content),
        title=Text(plain_words(view.definition["title"]["text"]), "bold"),
        title_align="left",
        subtitle=_buttons(view),
        subtitle_align="right",
        box=box.HEAVY,
        border_style="bright_blue",
        padding=(1, 2),
        width=MODAL_WIDTH,
    )


def _buttons(view: View) -> Text:
    """Close always, Submit when the view has it; Slack's own words where the view has none."""
    close = plain_words(view.definition.get("close", {}).get("text", "Cancel"))
    line = Text(f"[ {close} ]")
    if "submit" in view.definition:
        line.append(f" [ {plain_words(view.definition['submit']['text'])} ]", "bold green")
    return line
