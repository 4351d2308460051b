"""Buttons of messages."""

from __future__ import annotations

from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.ids import Action
from bot.listeners.create import open_modal
from bot.parts import Parts


def register(app: AsyncApp, parts: Parts) -> None:
    async def on_create(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack()
        open_modal(
            parts,
            trigger_id=str(body["trigger_id"]),
            channel=str((body.get("channel") or {}).get("id") or ""),
            response_url=str(body.get("response_url") or ""),
        )

    async def on_link(ack: AsyncAck) -> None:
        await ack()

    app.block_action(Action.CREATE.value)(on_create)
    app.block_action(Action.OPEN_LINK.value)(on_link)
