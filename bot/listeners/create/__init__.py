"""The create modal and the one-liner: opened, edited while it is open, submitted or confirmed, and how it went."""

from __future__ import annotations

from slack_bolt.app.async_app import AsyncApp

from bot.listeners.create import editing, submitting
from bot.listeners.create.confirming import press_confirm, press_edit
from bot.listeners.create.line import from_line
from bot.listeners.create.opening import Opening, open_modal
from bot.listeners.services import Services

__all__ = ["Opening", "from_line", "open_modal", "press_confirm", "press_edit", "register"]


def register(app: AsyncApp, services: Services) -> None:
    editing.register(app, services)
    submitting.register(app, services)
