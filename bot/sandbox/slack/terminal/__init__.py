"""Shows on a terminal what a person sees in the make-believe Slack: modals, message cards, threads.

Pure: takes messages and views, gives rich renderables, or with `as_text` plain or coloured text.
"""

from __future__ import annotations

import io

from rich.console import Console, RenderableType

from bot.sandbox.slack.terminal.messages import conversation_shown, message_shown, thread_shown
from bot.sandbox.slack.terminal.mrkdwn import Reader, mrkdwn_text, reader_of
from bot.sandbox.slack.terminal.views import view_shown

__all__ = [
    "Reader",
    "as_text",
    "conversation_shown",
    "message_shown",
    "mrkdwn_text",
    "reader_of",
    "thread_shown",
    "view_shown",
]


def as_text(shown: RenderableType, width: int = 80, *, color: bool = False) -> str:
    """What a terminal of `width` columns would show, with escape sequences when `color` is set."""
    console = Console(
        file=io.StringIO(),
        width=width,
        force_terminal=color,
        color_system="truecolor" if color else None,
        legacy_windows=False,
        highlight=False,
    )
    with console.capture() as capture:
        console.print(shown)
    return "\n".join(line.rstrip() for line in capture.get().splitlines())
