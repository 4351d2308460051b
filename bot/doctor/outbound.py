"""The check of the way out: through which proxy each service is reached, and whose certificates are trusted."""

from __future__ import annotations

from collections.abc import Iterator

from bot.doctor.installation import Installation
from bot.doctor.result import Result, ok


async def way_out(installation: Installation) -> Result:
    """Says it; whether it leads there is what the checks of Slack and Novita find."""
    ways: dict[str, list[str]] = {}
    for name, url in _services(installation):
        ways.setdefault(installation.outbound.way_to(url), []).append(name)
    told = "; ".join(f"{', '.join(names)} {way}" for way, names in ways.items())
    return ok(f"{told}; {installation.outbound.trusted} are trusted")


def _services(installation: Installation) -> Iterator[tuple[str, str]]:
    settings = installation.settings
    yield "Slack", settings.slack_api_url
    if settings.uses_socket_mode:
        yield "Socket Mode", "wss://wss-primary.slack.com/"
    yield "Novita", settings.novita_api_url
    yield "webhooks", settings.webhook_url or "https://example.com/"
