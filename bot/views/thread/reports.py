"""The replies that hold what the machine itself says: its words stand as they are, and can neither call nor link."""

from __future__ import annotations

import json
import re

from bot.slack.ids import USER_ID
from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.text import esc, mention
from core.domain.clip import clip
from core.domain.events import MachineReported, ReportLevel, ReportsLeftOut
from core.domain.instance import Instance
from core.services.reports import SHOWN_PER_WINDOW

_SAYS = {
    ReportLevel.INFO: ("🖥️", "says"),
    ReportLevel.DONE: ("✅", "says that it is done"),
    ReportLevel.ERROR: ("❗", "reports an error"),
}
_NOTIFICATION_LIMIT = 300
_WIRE_LIMIT = 9000
"""Characters of JSON, where one emoji is twelve: below Slack's bound for a whole message (about 13,000)."""

_MEANS_SOMETHING = re.compile(r"(?<=[@#.:/!])(?=[^\s\d])")


def reported(instance: Instance, event: MachineReported) -> Message:
    emoji, says = _SAYS[event.level]
    headline = f"{emoji} *{esc(instance.request.name, 100)}* {says}"
    called = f"\n{mention(instance.owner.user)}" if _is_called(instance, event) else ""
    notification = f"{emoji} {esc(instance.request.name, 100)} {says}: {_harmless(event.text)}"
    return Message(notification, [b.section(f"{headline}{called}"), b.quote(_fitting(event.text))])


def left_out(instance: Instance, event: ReportsLeftOut) -> Message:
    more = "1 more message" if event.count == 1 else f"{event.count:,} more messages"
    name, most = esc(instance.request.name, 100), SHOWN_PER_WINDOW
    text = f"🖥️ *{name}* … and {more} in that minute, not shown: a thread bears {most} a minute."
    return Message(text, [b.section(text)])


def _is_called(instance: Instance, event: MachineReported) -> bool:
    """A program that owns an instance cannot be called."""
    return event.level is not ReportLevel.INFO and USER_ID.fullmatch(instance.owner.user) is not None


def _harmless(text: str) -> str:
    """For where Slack may read markup: an invisible blank inside whatever it could take for a name or an address."""
    return esc(_MEANS_SOMETHING.sub("\u200b", clip(text, _NOTIFICATION_LIMIT)), 2 * _NOTIFICATION_LIMIT)


def _fitting(text: str) -> str:
    """As much of it as a message bears."""
    if len(json.dumps(text)) <= _WIRE_LIMIT:
        return text
    kept, size = 0, 0
    while size <= _WIRE_LIMIT:
        size += len(json.dumps(text[kept])) - 2
        kept += 1
    return f"{text[: kept - 1]}… (clipped)"
