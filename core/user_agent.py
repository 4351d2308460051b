"""The name under which the bot calls Novita, Slack and webhooks: some gateways turn away what has none of its own."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError, version


def _version() -> str:
    try:
        return version("gpu-bot")
    except PackageNotFoundError:
        return "dev"


USER_AGENT = f"gpu-bot/{_version()}"
