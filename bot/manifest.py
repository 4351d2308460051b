"""The Slack app manifest: what the app asks of Slack, under the names that the listeners register (slack.md A11)."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

from bot.ids import COMMAND, EVENTS_PATH
from core.errors import SettingsError

SCOPES = ("commands", "chat:write", "chat:write.public", "im:write", "users:read")
"""The least that the bot needs: its command, its messages in public channels it has not joined, direct messages, and
where it is evening for whoever extends a lease until tonight."""

EVENTS = ("app_home_opened",)

Manifest = dict[str, Any]


def manifest(url: str | None) -> Manifest:
    """The manifest for a bot that Slack reaches at the https `url`; None for Socket Mode, which has no addresses.

    Raises SettingsError when Slack would not take the address.
    """
    endpoint = _endpoint(url) if url is not None else None
    return {
        "_metadata": {"major_version": 2},
        "display_information": {
            "name": "GPU Bot",
            "description": "GPUs from Slack: create a Novita GPU instance and follow it in one thread.",
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
            "PUBLIC_URL: Slack only calls https addresses; write it like https://gpu-bot.example.com, "
            "or use Socket Mode"
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
        "bot_user": {"display_name": "gpu-bot", "always_online": True},
        "app_home": {
            "home_tab_enabled": True,
            "messages_tab_enabled": True,
            "messages_tab_read_only_enabled": True,
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
