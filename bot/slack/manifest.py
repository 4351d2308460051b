"""The Slack app manifest: what the app asks of Slack, under the names that the listeners register."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote, urlsplit

from bot.slack.ids import COMMAND, EVENTS_PATH
from core.domain.errors import SettingsError

SCOPES = (
    *("commands", "chat:write", "chat:write.public", "channels:read", "im:write", "users:read"),
    *("app_mentions:read", "im:history"),
)
"""The least that the bot needs: its command, its messages in public channels it has not joined and whether those are
archived, direct messages, where it is evening for whoever extends a lease until tonight, and to hear that it is spoken
to, in a channel or in its own direct messages."""

OPTIONAL_SCOPES = {
    "app_mentions:read": "whoever mentions the bot gets no answer",
    "im:history": "whoever writes to it directly gets no answer",
}
"""Those without which the rest works all the same, and what does not: an app made from an older manifest lacks them."""

EVENTS = ("app_home_opened", "app_mention", "message.im")

NAME = "gpu-bot"
"""In the list of apps and as the author of its messages: people look for the one that they have read."""

DESCRIPTION = "GPUs from Slack: create a Novita GPU instance and follow it in one thread."
LONG_DESCRIPTION = (
    f"Type {COMMAND} create and choose a GPU from live Novita prices and stock: seconds later the instance exists. "
    "When a region is full, the next one is tried, and the thread says so. Each instance is one message with its "
    "buttons: connect, extend, stop, start, delete. Each has a lease: its owner is reminded before it ends, and then "
    f"it is stopped, so that nothing runs on and costs money unnoticed. {COMMAND} help says what else can be typed, "
    "and whoever mentions the bot is told, in private, what to type."
)
"""What people read before they add the app; Slack takes 175 to 4,000 characters."""

Manifest = dict[str, Any]


def link_to(made: Manifest) -> str:
    """The address at Slack that makes the app, with this manifest filled in."""
    written = json.dumps(made, separators=(",", ":"))
    return f"https://api.slack.com/apps?new_app=1&manifest_json={quote(written, safe='')}"


def manifest(url: str | None) -> Manifest:
    """The manifest for a bot that Slack reaches at the https `url`; None for Socket Mode, which has no addresses.

    Raises SettingsError when Slack would not take the address.
    """
    endpoint = _endpoint(url) if url is not None else None
    return {
        "_metadata": {"major_version": 2},
        "display_information": {
            "name": NAME,
            "description": DESCRIPTION,
            "long_description": LONG_DESCRIPTION,
            "background_color": "#1f2937",
        },
        "features": _features(endpoint),
        "oauth_config": {"scopes": {"bot": list(SCOPES)}},
        "settings": _settings(endpoint),
    }


def _endpoint(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme != "https" or not parts.hostname or parts.query or parts.fragment:
        raise SettingsError(
            "Slack only calls https addresses; write it like https://gpu-bot.example.com, "
            "or leave it out to use Socket Mode"
        )
    return url.rstrip("/") + EVENTS_PATH


def _features(endpoint: str | None) -> Manifest:
    command = {
        "command": COMMAND,
        "description": "Create GPU instances and live with them",
        "usage_hint": "create [4090] [x2] [spot] [4h], list [all], stop NAME, extend NAME 4h, or help",
        # Slack then sends people and channels as ids; names can change and be posed as.
        "should_escape": True,
    }
    return {
        "bot_user": {"display_name": NAME, "always_online": True},
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": False,
        },
        "slash_commands": [command | _when("url", endpoint)],
    }


def _settings(endpoint: str | None) -> Manifest:
    interactivity = _when("request_url", endpoint) | _when("message_menu_options_url", endpoint)
    return {
        "interactivity": {"is_enabled": True} | interactivity,
        "event_subscriptions": _when("request_url", endpoint) | {"bot_events": list(EVENTS)},
        "socket_mode_enabled": endpoint is None,
        "org_deploy_enabled": False,
        "token_rotation_enabled": False,
    }


def _when(key: str, value: str | None) -> Manifest:
    return {} if value is None else {key: value}
