"""Text as Slack reads it: outside strings made harmless and short, and the few pieces of markup that people see.

Limits and rules are those of PLATFORM.md (Block Kit, Texts). A string from outside (a person's, Novita's) goes
through `esc`, `code`, `link` or `mention` exactly once before it stands in mrkdwn; plain text needs no
escaping, only clipping.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any

from bot.slack.ids import CHANNEL_ID, USER_ID
from core.domain.base import NOBODY, PROGRAM
from core.domain.clip import ELLIPSIS, clip

Block = dict[str, Any]

SECTION_LIMIT = 3000
_NOTHING = "–"
_THE_API = "the HTTP API"
_NOBODY = "nobody known"
_SAFE_URL = re.compile(r"https?://[^\s<>|`]{1,500}")
_ENTITIES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})


def esc(text: str, limit: int = 300) -> str:
    """An outside string for mrkdwn. It is clipped first, because escaping makes it longer (up to five times)."""
    return (clip(text, limit) or _NOTHING).translate(_ENTITIES)


def code(text: str, limit: int = 150) -> str:
    """An outside string in a code span. Backticks cannot be escaped, so they go."""
    return f"`{esc(text.replace('`', ''), limit)}`"


def link(url: str, label: str) -> str:
    """A link, or the address as code when it is not a plain http address that Slack could not misread."""
    if not _SAFE_URL.fullmatch(url):
        return code(url)
    return f"<{url.translate(_ENTITIES)}|{esc(label, 100)}>"


def mention(user: str) -> str:
    """A mention, which notifies; a program that asked over HTTP is called that, anybody else is shown by name."""
    if user == PROGRAM.user:
        return _THE_API
    if user == NOBODY.user:
        return _NOBODY
    return f"<@{user}>" if USER_ID.fullmatch(user) else code(user, 60)


def call(user: str) -> str:
    """A mention to begin a sentence with, so that a person reads on; nothing for whoever reads no threads."""
    return "" if user in (PROGRAM.user, NOBODY.user) else f"{mention(user)} "


def channel_mention(channel: str) -> str:
    return f"<#{channel}>" if CHANNEL_ID.fullmatch(channel) else code(channel, 60)


def date(instant: datetime) -> str:
    """An instant in the reader's own zone, a far one with its weekday; where Slack cannot, in UTC.

    It reads `today at 13:27`, so nothing like "since" or "by" may stand before it.
    """
    fallback = instant.astimezone(UTC).strftime("%a %Y-%m-%d %H:%M UTC")
    return f"<!date^{int(instant.timestamp())}^{{date_long_pretty}} at {{time}}|{fallback}>"


def countdown(instant: datetime) -> str:
    """A date as above, and how far away it is at the moment of reading."""
    return date(instant).replace("{time}", "{time} ({ago})", 1)


def plain(text: str, limit: int) -> Block:
    """A plain_text object. Empty text is refused by Slack, so a dash stands for it."""
    return {"type": "plain_text", "text": clip(text, limit) or _NOTHING, "emoji": False}


def mrkdwn(text: str, limit: int = SECTION_LIMIT) -> Block:
    """A mrkdwn object. `verbatim` stops Slack from turning bare addresses and names in it into links."""
    return {"type": "mrkdwn", "text": _cut(text, limit) or _NOTHING, "verbatim": True}


def _cut(text: str, limit: int) -> str:
    """Markup in at most `limit` characters, never cut inside an entity or a `<...>`."""
    if len(text) <= limit:
        return text
    kept = text[: limit - 1]
    for opening, closing in (("&", ";"), ("<", ">")):
        start = kept.rfind(opening)
        if start >= 0 and closing not in kept[start:]:
            kept = kept[:start]
    return kept + ELLIPSIS


def fit_lines(lines: Iterable[str], limit: int = 2600, wire_limit: int = 7000) -> str:
    """As many whole lines as fit, and how many more there are.

    `wire_limit` is counted in the JSON that is sent, where one emoji is twelve characters: it keeps a message under
    Slack's bound for all of its blocks (about 13,000).
    """
    every, kept, size, wire = list(lines), list[str](), 0, 0
    for line in every:
        size, wire = size + len(line) + 1, wire + len(json.dumps(line))
        if size > limit or wire > wire_limit:
            break
        kept.append(line)
    if left_out := len(every) - len(kept):
        kept.append(f"… and {left_out} more")
    return "\n".join(kept)
