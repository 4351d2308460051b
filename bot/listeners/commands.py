"""`/gpu …`: reads the first word and answers, or hands on."""

from __future__ import annotations

from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.ids import COMMAND
from bot.listeners.create import open_modal
from bot.parts import Parts
from bot.views.blocks import Message, notice
from bot.views.help import help_message, unknown_command
from core.errors import NotAllowed
from core.models import Actor


def register(app: AsyncApp, parts: Parts) -> None:
    async def on_command(ack: AsyncAck, body: dict[str, Any]) -> None:
        message = await _answer(parts, body)
        await ack() if message is None else await ack(text=message.text, blocks=message.blocks)

    app.command(COMMAND)(on_command)


async def _answer(parts: Parts, body: dict[str, Any]) -> Message | None:
    """What to say at once; None when the answer is a modal."""
    word = next(iter(str(body.get("text") or "").split()), "help").lower()
    try:
        parts.policy.check_home(Actor(user=str(body["user_id"]), team=str(body.get("team_id") or "")))
    except NotAllowed as refusal:
        return notice(refusal.why)
    if word == "help":
        return help_message()
    if word == "create":
        open_modal(
            parts,
            trigger_id=str(body["trigger_id"]),
            channel=str(body.get("channel_id") or ""),
            response_url=str(body.get("response_url") or ""),
        )
        return None
    return unknown_command(word)
