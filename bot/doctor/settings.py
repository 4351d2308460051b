"""Checks of the settings themselves: what is wrong, and what is probably not meant."""

from __future__ import annotations

from bot.doctor.result import CheckResult, Result, ok, warning, wrong
from core.adapters.settings import SettingProblems, Settings, is_this_machine

NAME = "Settings"


def settings_findings(settings: Settings, problems: SettingProblems) -> list[CheckResult]:
    """One finding for each setting that is wrong or suspicious; one that says so when none is."""
    found = {name: wrong(text) for name, text in sorted(problems.items())}
    found |= {name: result for name, result in _suspicious(settings).items() if name not in found}
    found = found or {NAME: ok(_summary(settings))}
    return [CheckResult(result.state, result.found, result.advice, name) for name, result in found.items()]


def _suspicious(settings: Settings) -> dict[str, Result]:
    found: dict[str, Result] = {}
    if settings.public_url and is_this_machine(settings.public_url):
        found["PUBLIC_URL"] = warning(
            "leads to this machine only", "Neither Slack nor an instance reaches it; set the address that they can use."
        )
    if not settings.admins:
        found["ADMINS"] = warning(
            "nobody is one", "Set Slack ids, so that somebody can stop what its owner forgot, and use /gpu doctor."
        )
    if settings.webhook_url and not settings.webhook_secret:
        found["WEBHOOK_SECRET"] = warning(
            "not set, so WEBHOOK_URL is told things that anybody could have made up",
            "Set a long random text here and at the receiver, which verifies the signature with it.",
        )
    return found


def _summary(settings: Settings) -> str:
    way = "Socket Mode" if settings.uses_socket_mode else "HTTP"
    admins = f"{len(settings.admins)} admin{'s' if len(settings.admins) != 1 else ''}"
    return f"all can be read: Slack over {way}, {admins}"
