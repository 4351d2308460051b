"""The check of the way out: through which proxy each service is reached, and whose certificates are trusted."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from bot.doctor.installation import Installation
from bot.doctor.result import Result, ok, warning
from core.adapters.outbound import VARIABLES
from core.adapters.settings.settings import FILE

_PUT_ELSEWHERE = "Set it in the environment that starts the bot: the shell, the service's unit, docker run -e."


async def way_out(installation: Installation) -> Result:
    """Says it; whether it leads there is what the checks of Slack and Novita find."""
    ways: dict[str, list[str]] = {}
    for name, url in _services(installation):
        ways.setdefault(installation.outbound.way_to(url), []).append(name)
    told = "; ".join(f"{', '.join(names)} {way}" for way, names in ways.items())
    told = f"{told}; {installation.outbound.trusted} are trusted"
    if unread := _unread():
        return warning(f"{told}; {', '.join(unread)} in {FILE} is not read", _PUT_ELSEWHERE)
    return ok(told)


def _unread() -> list[str]:
    """What stands in the settings' file of what only the environment is asked for, and is not set there."""
    try:
        written = re.findall(r"^\s*(?:export\s+)?(\w+)[ \t]*=[ \t]*\S", Path(FILE).read_text("utf-8-sig"), re.MULTILINE)
    except (OSError, UnicodeDecodeError):
        return []  # Which the settings say themselves.
    known = [name for name in written if name.upper() in VARIABLES]
    return [name for name in known if not any(os.environ.get(each) for each in (name.upper(), name.lower()))]


def _services(installation: Installation) -> Iterator[tuple[str, str]]:
    settings = installation.settings
    yield "Slack", settings.slack_api_url
    if settings.uses_socket_mode:
        yield "Socket Mode", "wss://wss-primary.slack.com/"
    yield "Novita", settings.novita_api_url
    yield "webhooks", settings.webhook_url or "https://example.com/"
