"""The create modal: opened, edited while it is open, submitted, and shown how it went."""

from __future__ import annotations

from slack_bolt.app.async_app import AsyncApp

from bot.listeners.create import editing, submitting
from bot.listeners.create.opening import open_modal
from bot.parts import Parts

__all__ = ["open_modal", "register"]


def register(app: AsyncApp, parts: Parts) -> None:
    editing.register(app, parts)
    submitting.register(app, parts)
