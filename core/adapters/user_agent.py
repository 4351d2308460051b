"""The name under which the bot calls Novita, Slack and webhooks: some gateways turn away what has none of its own."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def _version() -> str:
    try:
        return version("gpu-bot")
    except PackageNotFoundError:
        return "dev"


VERSION = _version()
"""Of this program: `dev` where it runs without having been installed."""
USER_AGENT = f"gpu-bot/{VERSION}"
