"""The manifest: within Slack's limits, with no name of its own, and only what the bot needs."""

from __future__ import annotations

from typing import Any

import pytest

from bot.slack.ids import COMMAND, EVENTS_PATH
from bot.slack.manifest import OPTIONAL_SCOPES, SCOPES, manifest
from core.domain.errors import SettingsError

URL = "https://gpu-bot.example.com"


def addresses(part: Any) -> list[str]:
    if isinstance(part, dict):
        return [found for value in part.values() for found in addresses(value)]
    if isinstance(part, list):
        return [found for value in part for found in addresses(value)]
    return [part] if isinstance(part, str) and "://" in part else []


@pytest.mark.parametrize("url", [URL, None])
def test_texts_stay_within_slacks_limits(url: str | None) -> None:
    found = manifest(url)
    assert found["_metadata"] == {"major_version": 2}
    assert len(found["display_information"]["name"]) <= 35
    assert len(found["display_information"]["description"]) <= 140
    assert 175 <= len(found["display_information"]["long_description"]) <= 4000
    assert len(found["features"]["bot_user"]["display_name"]) <= 80
    [command] = found["features"]["slash_commands"]
    assert 2 <= len(command["command"]) <= 32
    assert len(command["description"]) <= 2000
    assert len(command["usage_hint"]) <= 1000


def test_the_command_and_every_address_come_from_the_bots_ids() -> None:
    found = manifest(URL)
    assert found["features"]["slash_commands"][0]["command"] == COMMAND
    assert set(addresses(found)) == {URL + EVENTS_PATH}
    assert len(addresses(found)) == 4


def test_options_are_loaded_from_the_same_address_as_everything_else() -> None:
    assert manifest(URL)["settings"]["interactivity"] == {
        "is_enabled": True,
        "request_url": URL + EVENTS_PATH,
        "message_menu_options_url": URL + EVENTS_PATH,
    }


def test_socket_mode_has_no_address_at_all() -> None:
    found = manifest(None)
    assert found["settings"]["socket_mode_enabled"] is True
    assert found["settings"]["interactivity"] == {"is_enabled": True}
    assert addresses(found) == []


def test_over_http_socket_mode_is_off() -> None:
    assert manifest(URL)["settings"]["socket_mode_enabled"] is False


def test_the_bot_asks_for_the_least_it_needs() -> None:
    scopes = manifest(URL)["oauth_config"]["scopes"]
    least = ["commands", "chat:write", "chat:write.public", "channels:read", "im:write", "users:read"]
    assert scopes == {"bot": [*least, "app_mentions:read", "im:history"]}


@pytest.mark.parametrize("url", [URL, None])
def test_the_home_tab_is_on_and_only_its_opening_and_what_is_said_to_the_bot_is_sent(url: str | None) -> None:
    found = manifest(url)
    assert found["features"]["app_home"]["home_tab_enabled"] is True
    assert found["settings"]["event_subscriptions"]["bot_events"] == ["app_home_opened", "app_mention", "message.im"]


def test_people_can_write_to_the_bot_directly() -> None:
    home = manifest(URL)["features"]["app_home"]
    assert (home["messages_tab_enabled"], home["messages_tab_read_only_enabled"]) == (True, False)


def test_what_is_optional_is_asked_for_all_the_same() -> None:
    assert OPTIONAL_SCOPES.keys() == {"app_mentions:read", "im:history"} <= set(SCOPES)


def test_a_slash_at_the_end_of_the_address_changes_nothing() -> None:
    assert manifest(URL + "/") == manifest(URL)


@pytest.mark.parametrize("url", ["http://gpu-bot.example.com", "gpu-bot.example.com", "https://", "", f"{URL}?a=b"])
def test_an_address_that_slack_would_not_call_is_refused(url: str) -> None:
    with pytest.raises(SettingsError, match=r"^Slack only calls https addresses"):
        manifest(url)
