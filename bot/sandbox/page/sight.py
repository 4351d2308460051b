"""What one person sees of the workspace, as named parts: a page is told a part again when it has changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack import Channel, Member, Message, Person, SandboxSlack, View
from bot.sandbox.slack.constants import BOT_USER, TEAM_ID
from bot.slack.ids import COMMAND
from bot.slack.manifest import manifest
from bot.views.help import COMMANDS

Json = dict[str, Any]
Parts = dict[str, Any]

_APP_HOME = manifest(None)["features"]["app_home"]
HAS_HOME = bool(_APP_HOME["home_tab_enabled"])
"""Whether Slack would tell the bot that somebody opened its home tab."""

PROBLEMS_SHOWN = 20


def people(slack: SandboxSlack) -> list[Member]:
    """Those whom one can be."""
    return [member for member in slack.workspace.members.values() if not member.is_bot]


def sight(slack: SandboxSlack, person: Person) -> Parts:
    """Everything in front of a person, and nothing that only others see."""
    views = slack.workspace.views
    home = views.home(person.id)
    return {
        "me": _member(person.member),
        "people": [_member(member) for member in slack.workspace.members.values()],
        "bot": _bot(person, has_home=home is not None),
        "channels": [_channel(channel) for channel in channels_seen(slack, person)],
        "views": [_view(view) for view in views.stack(person.id)],
        "home": _view(home) if home else None,
        "problems": slack.problems[-PROBLEMS_SHOWN:],
        **{f"message/{each.channel}/{each.ts}": _message(each) for each in _messages(slack, person)},
    }


def _bot(person: Person, *, has_home: bool) -> Json:
    return {
        "id": BOT_USER,
        "command": COMMAND,
        "commands": [{"line": f"{COMMAND} {word}", "meaning": meaning} for word, meaning in COMMANDS.items()],
        "direct": f"D{person.id[1:]}",
        "has_home": HAS_HOME or has_home,
        "listens_in_direct_messages": not _APP_HOME["messages_tab_read_only_enabled"],
    }


def _member(member: Member) -> Json:
    return {
        "id": member.id,
        "name": member.name,
        "real_name": member.real_name,
        "is_bot": member.is_bot,
        "is_admin": member.is_admin,
        "is_guest": member.team != TEAM_ID,
    }


def channels_seen(slack: SandboxSlack, person: Person) -> Iterator[Channel]:
    """The channels in a person's sidebar: a guest of another workspace sees only what is shared with them."""
    slack.workspace.direct_messages(person.id)
    for channel in slack.workspace.channels.values():
        is_open = not channel.is_private and channel.person is None and person.member.team == TEAM_ID
        if is_open or person.id in channel.members:
            yield channel


def _channel(channel: Channel) -> Json:
    return {
        "id": channel.id,
        "name": channel.name,
        "is_private": channel.is_private,
        "is_archived": channel.is_archived,
        "is_direct": channel.person is not None,
        "members": sorted(channel.members),
    }


def _messages(slack: SandboxSlack, person: Person) -> Iterator[Message]:
    for channel in channels_seen(slack, person):
        yield from person.messages(channel.id, everything=True)


def _message(message: Message) -> Json:
    return {
        "channel": message.channel,
        "ts": message.ts,
        "thread": None if message.is_root else message.thread_ts,
        "author": message.author,
        "text": message.text,
        "blocks": message.blocks,
        "edits": len(message.edits),
        "is_private": message.visible_to is not None,
    }


def _view(view: View) -> Json:
    return {
        "id": view.id,
        "channel": view.channel,
        "definition": view.definition,
        "state": view.state,
        "errors": view.errors,
        "notice": view.notice,
    }
