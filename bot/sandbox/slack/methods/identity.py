"""auth.test and users.info."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.constants import APP_ID, BOT_ID, BOT_NAME, BOT_USER, TEAM_DOMAIN, TEAM_ID, TEAM_NAME
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.workspace import Workspace

Json = dict[str, Any]


def identify(workspace: Workspace, args: Json) -> Json:
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_NAME,
        "user": BOT_NAME,
        "team_id": TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "is_enterprise_install": False,
    }


def user_info(workspace: Workspace, args: Json) -> Json:
    """Raises SlackError user_not_found."""
    member = workspace.members.get(args["user"])
    if member is None:
        raise SlackError("user_not_found")
    return {
        "user": {
            "id": member.id,
            "team_id": member.team,
            "name": member.name,
            "real_name": member.real_name,
            "deleted": False,
            "tz": "Etc/UTC",
            "tz_label": "Coordinated Universal Time",
            "tz_offset": 0,
            "is_admin": member.is_admin,
            "is_owner": False,
            "is_bot": member.is_bot,
            "is_restricted": False,
            "is_stranger": member.team != TEAM_ID,
            "profile": {"real_name": member.real_name, "display_name": member.name, "team": member.team},
        }
    }
