"""conversations.info and conversations.open, and which conversations the bot may see or write to."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.constants import BOT_USER, TEAM_ID
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.workspace import Channel, Workspace

Json = dict[str, Any]


def visible_channel(workspace: Workspace, channel_id: str) -> Channel:
    """A channel the bot can know of, by id.

    Raises SlackError channel_not_found, also for private ones without the bot.
    """
    channel = workspace.channels.get(channel_id)
    if channel is None or (channel.is_private and BOT_USER not in channel.members):
        raise SlackError("channel_not_found")
    return channel


def writable_channel(workspace: Workspace, channel_id: str, *, needs_membership: bool = False) -> Channel:
    """A channel the bot may post in: one that it is in or, if it was granted chat:write.public, any public one.

    Raises SlackError channel_not_found, is_archived, not_in_channel.
    """
    channel = visible_channel(workspace, channel_id)
    if channel.is_archived:
        raise SlackError("is_archived")
    may_write_anyhow = "chat:write.public" in workspace.scopes and not needs_membership
    if BOT_USER not in channel.members and not may_write_anyhow:
        raise SlackError("not_in_channel")
    return channel


def conversation_info(workspace: Workspace, args: Json) -> Json:
    channel = visible_channel(workspace, args["channel"])
    is_im = channel.person is not None
    shape: Json = {
        "id": channel.id,
        "is_channel": not is_im and not channel.is_private,
        "is_group": channel.is_private,
        "is_im": is_im,
        "is_mpim": False,
        "is_private": channel.is_private or is_im,
        "is_archived": channel.is_archived,
        "context_team_id": TEAM_ID,
    }
    if is_im:
        return {"channel": {**shape, "user": channel.person}}
    return {"channel": {**shape, "name": channel.name, "is_member": BOT_USER in channel.members}}


def open_conversation(workspace: Workspace, args: Json) -> Json:
    """Raises SlackError invalid_arguments, user_not_found, cannot_dm_bot, channel_not_found."""
    if args.get("channel"):
        return {"channel": {"id": visible_channel(workspace, args["channel"]).id}}
    users = args.get("users") or []
    names = users.split(",") if isinstance(users, str) else users
    if len(names) != 1:
        raise SlackError("invalid_arguments", ["must name one user: group messages are not part of this Slack"])
    return {"channel": {"id": direct_messages(workspace, names[0]).id}}


def direct_messages(workspace: Workspace, user: str) -> Channel:
    """Raises SlackError user_not_found, cannot_dm_bot."""
    member = workspace.members.get(user)
    if member is None:
        raise SlackError("user_not_found")
    if member.is_bot:
        raise SlackError("cannot_dm_bot")
    return workspace.direct_messages(user)
