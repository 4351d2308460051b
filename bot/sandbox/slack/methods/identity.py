"""auth.test, auth.teams.list and users.info."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from bot.sandbox.slack.constants import (
    APP_ID,
    BOT_ID,
    BOT_NAME,
    BOT_USER,
    ENTERPRISE_ID,
    TEAM_DOMAIN,
    TEAM_ID,
    TEAM_NAME,
)
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.workspace import Workspace

Json = dict[str, Any]


def identify(workspace: Workspace, args: Json) -> Json:
    return {
        "url": f"https://{TEAM_DOMAIN}.slack.com/",
        "team": TEAM_NAME,
        "user": BOT_NAME,
        "team_id": ENTERPRISE_ID if workspace.organisation else TEAM_ID,
        "user_id": BOT_USER,
        "bot_id": BOT_ID,
        "app_id": APP_ID,
        "is_enterprise_install": bool(workspace.organisation),
        **({"enterprise_id": ENTERPRISE_ID} if workspace.organisation else {}),
    }


def list_teams(workspace: Workspace, args: Json) -> Json:
    """One workspace a page, as the last page is where callers err. Raises SlackError for an app of one workspace."""
    if not workspace.organisation:
        raise SlackError("not_allowed_token_type")
    at = int(args.get("cursor") or 0)
    following = str(at + 1) if at + 1 < len(workspace.organisation) else ""
    teams = [{"id": team, "name": team} for team in workspace.organisation[at : at + 1]]
    return {"teams": teams, "response_metadata": {"next_cursor": following}}


def user_info(workspace: Workspace, args: Json) -> Json:
    """Raises SlackError user_not_found."""
    member = workspace.members.get(args["user"])
    if member is None:
        raise SlackError("user_not_found")
    now = datetime.fromtimestamp(workspace.clock(), workspace.zone)
    return {
        "user": {
            "id": member.id,
            "team_id": member.team,
            "name": member.name,
            "real_name": member.real_name,
            "deleted": False,
            "tz": workspace.zone.key,
            "tz_label": now.tzname(),
            "tz_offset": int((now.utcoffset() or timedelta()).total_seconds()),
            "is_admin": member.is_admin,
            "is_owner": False,
            "is_bot": member.is_bot,
            "is_restricted": False,
            "is_stranger": member.team != TEAM_ID,
            "profile": {"real_name": member.real_name, "display_name": member.name, "team": member.team},
        }
    }
