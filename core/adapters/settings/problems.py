"""What is wrong with settings that are each right by themselves."""

from __future__ import annotations

from collections.abc import Collection

from core.adapters.settings.settings import Settings
from core.adapters.settings.values import HOMELESS

SettingProblems = dict[str, str]
"""Variable name -> the one line about it, without the name."""


def unknown_regions(settings: Settings, known: Collection[str]) -> dict[str, tuple[str, ...]]:
    """Variable -> what it names although it is not `known`. The default of REGION_PRIORITY is nobody's mistake."""
    preferred = settings.default_region
    named: dict[str, tuple[str, ...]] = {"DEFAULT_REGION": (preferred,) if preferred else ()}
    if "region_priority" in settings.model_fields_set:
        named["REGION_PRIORITY"] = settings.region_priority
    strange = {variable: tuple(name for name in names if name not in known) for variable, names in named.items()}
    return {variable: names for variable, names in strange.items() if names}


def joint_problems(settings: Settings, found: SettingProblems) -> SettingProblems:
    """What is wrong with settings beside each other, and what was `found` wrong with each of them."""
    return _home_problems(settings) | _lease_problems(settings, found) | _webhook_problems(settings) | found


def _home_problems(settings: Settings) -> SettingProblems:
    if settings.redis_url or settings.data_dir != HOMELESS:
        return {}
    return {"DATA_DIR": "not set, and this user has no home folder; set it to one to write in, or set REDIS_URL"}


def account_problems(settings: Settings) -> SettingProblems:
    problems: SettingProblems = {}
    if not settings.slack_bot_token:
        problems |= {"SLACK_BOT_TOKEN": "not set; it is the Bot User OAuth Token (xoxb-…) of the Slack app"}
    if not settings.novita_api_key:
        problems |= {"NOVITA_API_KEY": "not set; make a key in Novita's console"}
    return problems


def web_problems(settings: Settings, found: SettingProblems) -> SettingProblems:
    return account_problems(settings) | _slack_delivery_problems(settings, found)


def _slack_delivery_problems(settings: Settings, found: SettingProblems) -> SettingProblems:
    """Whoever has set one of the two, though wrongly, does not lack the other."""
    if settings.uses_socket_mode or settings.slack_signing_secret or "SLACK_APP_TOKEN" in found:
        return {}
    return {
        "SLACK_SIGNING_SECRET": "not set, and neither is SLACK_APP_TOKEN; set that (xapp-…) for Socket Mode, "
        "or this one to be called over HTTP (both: Basic Information of the Slack app)"
    }


def _webhook_problems(settings: Settings) -> SettingProblems:
    if settings.webhook_allow_private or (settings.webhook_url or "https:").lower().startswith("https:"):
        return {}
    return {"WEBHOOK_URL": "is not https://; use https, or set WEBHOOK_ALLOW_PRIVATE=true for a network of your own"}


def _lease_problems(settings: Settings, found: SettingProblems) -> SettingProblems:
    longest, usual = settings.max_lease, settings.default_lease
    if longest is None or found.keys() & {"DEFAULT_LEASE", "MAX_LEASE"}:
        return {}
    if usual is None:
        return {"DEFAULT_LEASE": "is none while MAX_LEASE has an end; set a duration, or MAX_LEASE=none"}
    if usual > longest:
        return {"DEFAULT_LEASE": "is longer than MAX_LEASE; shorten it, or raise MAX_LEASE"}
    return {}
