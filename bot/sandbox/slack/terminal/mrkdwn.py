"""Turns Slack's mrkdwn into styled terminal text: entities, mentions, links, dates, bold, italic, code, emoji
(PLATFORM.md, Texts).
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo

from rich.emoji import Emoji
from rich.style import Style
from rich.text import Text

from bot.sandbox.slack.workspace import Workspace

MENTION = "bold bright_cyan"
CODE = "bright_magenta"
_STYLES = {"*": "bold", "_": "italic", "~": "strike"}
_TOKEN = re.compile(
    r"(?P<pre>```.+?```)"
    r"|(?P<code>`[^`\n]+`)"
    r"|(?P<entity><[^<>\n]+>)"
    r"|(?<![\w*_~])(?P<styled>\*[^*\n]+\*|_[^_\n]+_|~[^~\n]+~)(?![\w])",
    re.DOTALL,
)
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_DATE_TOKEN = re.compile(r"\{(\w+)\}")
_EMOJI_BY_SLACK_NAME = {
    ":large_green_circle:": "🟢",
    ":large_yellow_circle:": "🟡",
    ":large_orange_circle:": "🟠",
    ":large_purple_circle:": "🟣",
    ":white_circle:": "⚪",
    ":black_circle:": "⚫",
    ":heavy_dollar_sign:": "💲",
    ":information_source:": "ℹ️",
    ":stopwatch:": "⏱️",
    ":link:": "🔗",
}
_SLACK_EMOJI = re.compile("|".join(_EMOJI_BY_SLACK_NAME))


@dataclass(frozen=True)
class Reader:
    """In whose eyes things are shown: names of people and channels by id, their zone, and their now."""

    people: Mapping[str, str] = field(default_factory=dict)
    channels: Mapping[str, str] = field(default_factory=dict)
    zone: tzinfo = UTC
    now: datetime = field(default_factory=lambda: datetime.now(UTC))

    def local(self, unix: float) -> datetime:
        return datetime.fromtimestamp(unix, self.zone)


def reader_of(workspace: Workspace, zone: tzinfo | None = None) -> Reader:
    """A reader who knows everybody in the workspace; `zone` is the terminal's unless another is given."""
    now = datetime.fromtimestamp(workspace.clock(), UTC).astimezone(zone)
    people = {member.id: member.name for member in workspace.members.values()}
    channels = {channel.id: channel.name for channel in workspace.channels.values()}
    return Reader(people, channels, now.tzinfo or UTC, now)


def plain_words(text: str) -> str:
    """Text as it is, with emoji drawn and without the control characters that could steer a terminal."""
    drawn = _SLACK_EMOJI.sub(lambda match: _EMOJI_BY_SLACK_NAME[match.group()], _CONTROL.sub("", text))
    return Emoji.replace(drawn)


def mrkdwn_text(text: str, reader: Reader, style: str = "") -> Text:
    """mrkdwn as a person reads it."""
    shown, position = Text(style=style), 0
    for match in _TOKEN.finditer(text):
        shown.append(_unescaped(text[position : match.start()]))
        shown.append_text(_token(match, reader))
        position = match.end()
    shown.append(_unescaped(text[position:]))
    return shown


def _token(match: re.Match[str], reader: Reader) -> Text:
    token = match.group()
    if match["pre"]:
        return Text(_unescaped(token[3:-3].strip("\n"), emoji=False), CODE)
    if match["code"]:
        return Text(_unescaped(token[1:-1], emoji=False), CODE)
    if match["entity"]:
        return _entity(token[1:-1], reader)
    return mrkdwn_text(token[1:-1], reader, _STYLES[token[0]])


def _unescaped(text: str, *, emoji: bool = True) -> str:
    words = text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
    return plain_words(words) if emoji else _CONTROL.sub("", words)


def _entity(entity: str, reader: Reader) -> Text:
    target, _, label = entity.partition("|")
    if target.startswith("@"):
        return Text(f"@{reader.people.get(target[1:], label or target[1:])}", MENTION)
    if target.startswith("#"):
        return Text(f"#{reader.channels.get(target[1:], label or target[1:])}", MENTION)
    if target.startswith("!date^"):
        return Text(_date(target, label, reader), "cyan")
    if target.startswith("!"):
        return Text(f"@{target[1:].partition('^')[0]}", MENTION)
    url = _unescaped(target, emoji=False)
    return Text(_unescaped(label) or url.removeprefix("mailto:"), Style(color="bright_blue", underline=True, link=url))


def _date(target: str, fallback: str, reader: Reader) -> str:
    """`!date^UNIX^format`; what cannot be read shows its fallback, as in Slack."""
    _, unix, form, *_ = [*target.split("^"), ""]
    try:
        moment = reader.local(int(unix))
    except (ValueError, OverflowError, OSError):
        return _unescaped(fallback)
    return _DATE_TOKEN.sub(lambda match: _date_part(match.group(1), moment, reader), _unescaped(form))


def _date_part(name: str, moment: datetime, reader: Reader) -> str:
    if name.endswith("_pretty") and (word := _near_day(moment, reader)):
        return word
    form = _DATE_FORMS.get(name.removesuffix("_pretty"))
    if form is not None:
        return moment.strftime(form).replace(" 0", " ")
    return ago(moment - reader.now) if name == "ago" else f"{{{name}}}"


_DATE_FORMS = {
    "date_num": "%Y-%m-%d",
    "date": "%B %d, %Y",
    "date_short": "%b %d, %Y",
    "date_long": "%A, %B %d, %Y",
    "time": "%H:%M",
    "time_secs": "%H:%M:%S",
}


def _near_day(moment: datetime, reader: Reader) -> str | None:
    days = (moment.date() - reader.now.astimezone(reader.zone).date()).days
    return {-1: "yesterday", 0: "today", 1: "tomorrow"}.get(days)


def ago(distance: timedelta) -> str:
    """A distance in time in words, such as "in 8 hours" or "3 minutes ago"."""
    seconds = abs(distance.total_seconds())
    for size, unit in ((86_400, "day"), (3_600, "hour"), (60, "minute")):
        if seconds >= size:
            count = round(seconds / size)
            words = f"{count} {unit}{'s' if count > 1 else ''}"
            return f"in {words}" if distance > timedelta(0) else f"{words} ago"
    return "now"
