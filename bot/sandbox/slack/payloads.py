"""The payloads Slack sends to a bot, with every field the real ones have (PLATFORM.md, Commands, Modals)."""

from __future__ import annotations

import secrets
import uuid
from typing import Any

from bot.sandbox.slack.block_kit import elements_of
from bot.sandbox.slack.constants import APP_ID, BOT_USER, GUEST_TEAM_DOMAIN, TEAM_DOMAIN, TEAM_ID
from bot.sandbox.slack.forms import initial_state
from bot.sandbox.slack.views import View
from bot.sandbox.slack.workspace import Channel, Member, Message, Workspace

Json = dict[str, Any]
_VERIFICATION_TOKEN = "deprecated"  # noqa: S105  Slack still sends one; nobody may rely on it


def command(workspace: Workspace, member: Member, channel: Channel, line: str) -> dict[str, str]:
    """A slash command; `line` is what was typed, such as "/gpu create"."""
    name, _, text = line.partition(" ")
    return {
        "token": _VERIFICATION_TOKEN,
        "team_id": member.team,
        "team_domain": TEAM_DOMAIN if member.team == TEAM_ID else GUEST_TEAM_DOMAIN,
        "channel_id": channel.id,
        "channel_name": "privategroup" if channel.is_private else channel.name,
        "user_id": member.id,
        "user_name": member.name,
        "command": name,
        "text": text.strip(),
        "api_app_id": APP_ID,
        "is_enterprise_install": "false",
        "response_url": workspace.response_urls.issue(member.id, channel.id),
        "trigger_id": workspace.triggers.issue(member.id, channel.id),
    }


def message_action(workspace: Workspace, member: Member, message: Message, element: Json, chosen: Json) -> Json:
    """A click in a message. The message itself is only sent along when it is not ephemeral."""
    channel = workspace.channels[message.channel]
    block_id = _block_of(message.blocks, element)["block_id"]
    return {
        **_interaction("block_actions", member),
        "container": {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": message.visible_to is not None,
            **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
        },
        "trigger_id": workspace.triggers.issue(member.id, channel.id),
        "channel": {"id": channel.id, "name": "privategroup" if channel.is_private else channel.name},
        **({} if message.visible_to else {"message": message.as_json()}),
        "state": {"values": initial_state(message.blocks)},
        "response_url": workspace.response_urls.issue(member.id, channel.id, message.ts),
        "actions": [_action(workspace, block_id, element, chosen)],
    }


def view_action(workspace: Workspace, member: Member, view: View, element: Json, chosen: Json) -> Json:
    """A click, choice or Enter in a modal or a home tab: it has the view, and neither channel nor
    response_url.
    """
    block_id = _block_of(view.blocks, element)["block_id"]
    return {
        **_interaction("block_actions", member),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": workspace.triggers.issue(member.id, view=view.id),
        "view": view.as_json(),
        "actions": [_action(workspace, block_id, element, chosen)],
    }


def suggestion(member: Member, view: View, element: Json, typed: str) -> Json:
    """The request for an external_select's options; it carries no trigger_id and no response_url."""
    return {
        **_interaction("block_suggestion", member),
        "container": {"type": "view", "view_id": view.id},
        "action_id": element["action_id"],
        "block_id": _block_of(view.blocks, element)["block_id"],
        "value": typed,
        "view": view.as_json(),
    }


def submission(workspace: Workspace, member: Member, view: View) -> Json:
    return {
        **_interaction("view_submission", member),
        "trigger_id": workspace.triggers.issue(member.id, view=view.id),
        "view": view.as_json(),
        "response_urls": _response_urls(workspace, member, view),
    }


def closed(member: Member, view: View, *, is_cleared: bool) -> Json:
    return {**_interaction("view_closed", member), "view": view.as_json(), "is_cleared": is_cleared}


def event(workspace: Workspace, inner: Json) -> Json:
    """An Events API delivery around an inner event such as app_home_opened."""
    now = workspace.clock()
    return {
        "token": _VERIFICATION_TOKEN,
        "team_id": TEAM_ID,
        "context_team_id": TEAM_ID,
        "context_enterprise_id": None,
        "api_app_id": APP_ID,
        "event": {"event_ts": f"{now:.6f}", **inner},
        "type": "event_callback",
        "event_id": f"Ev{secrets.token_hex(5).upper()}",
        "event_time": int(now),
        "authorizations": [
            {
                "enterprise_id": None,
                "team_id": TEAM_ID,
                "user_id": BOT_USER,
                "is_bot": True,
                "is_enterprise_install": False,
            }
        ],
        "is_ext_shared_channel": False,
    }


def home_opened(workspace: Workspace, member: Member, view: View | None) -> Json:
    inner = {
        "type": "app_home_opened",
        "user": member.id,
        "channel": workspace.direct_messages(member.id).id,
        "tab": "home",
        **({"view": view.as_json()} if view else {}),
    }
    return event(workspace, inner)


def said(workspace: Workspace, member: Member, message: Message) -> Json:
    """What an app is told of a message that has its name in it, or that was written to it directly.

    Its author's workspace is `team`.
    """
    is_direct = workspace.channels[message.channel].person is not None
    inner = {
        **({"type": "message", "channel_type": "im"} if is_direct else {"type": "app_mention"}),
        "user": member.id,
        "text": message.text,
        "ts": message.ts,
        "event_ts": message.ts,
        "channel": message.channel,
        "team": member.team,
        "client_msg_id": str(uuid.uuid4()),
        **({"thread_ts": message.thread_ts} if message.thread_ts else {}),
        **({"user_team": member.team, "source_team": member.team} if member.team != TEAM_ID else {}),
    }
    return event(workspace, inner)


def _interaction(kind: str, member: Member) -> Json:
    return {
        "type": kind,
        "team": {"id": TEAM_ID, "domain": TEAM_DOMAIN},
        "user": {"id": member.id, "username": member.name, "name": member.name, "team_id": member.team},
        "api_app_id": APP_ID,
        "token": _VERIFICATION_TOKEN,
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _action(workspace: Workspace, block_id: str, element: Json, chosen: Json) -> Json:
    """One entry of `actions`: the element's identity, its own text and value for a button, and what was
    chosen.
    """
    own: Json = {
        name: element[name] for name in ("text", "value", "style", "confirm", "placeholder") if name in element
    }
    return {
        "type": element["type"],
        "action_id": element["action_id"],
        "block_id": block_id,
        "action_ts": f"{workspace.clock():.6f}",
        **own,
        **chosen,
    }


def _block_of(blocks: list[Json], element: Json) -> Json:
    return next(block for block in blocks if any(each is element for each in elements_of(block)))


def _response_urls(workspace: Workspace, member: Member, view: View) -> list[Json]:
    """One for each conversation chosen in an input with response_url_enabled (PLATFORM.md, Response addresses)."""
    return [
        {
            "block_id": block["block_id"],
            "action_id": element["action_id"],
            "channel_id": channel,
            "response_url": workspace.response_urls.issue(member.id, channel),
        }
        for block in view.blocks
        if block["type"] == "input" and block["element"].get("response_url_enabled")
        for element in [block["element"]]
        if (channel := _chosen_channel(view.state[block["block_id"]][element["action_id"]]))
    ]


def _chosen_channel(value: Json) -> str | None:
    return value.get("selected_conversation") or value.get("selected_channel")
