"""What every button has in common: acknowledged at once, its person checked, carried out in the background."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import wording
from bot.listeners import interactions
from bot.listeners.cards import retire_if_old
from bot.listeners.interactions import Interaction, PrivateAnswer
from bot.listeners.services import Services
from bot.views.blocks import Message, notice
from core.domain.errors import GpuBotError


@dataclass(frozen=True)
class Click:
    """One press of a button. `value` came back from outside: a name to look up, never an authority."""

    action: str
    value: str
    interaction: Interaction
    answer: PrivateAnswer

    async def say(self, message: Message | None, *, instead: bool = False) -> None:
        if message is not None:
            await self.answer.say(message, instead=instead)


Handler = Callable[[Services, Click], Awaitable[None]]


def register_button(app: AsyncApp, services: Services, action: str, handler: Handler) -> None:
    """Has `handler` carried out at each press of the button with this action_id."""

    async def on_press(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        interaction = interactions.from_payload(body)
        click = Click(
            str(action.get("action_id")),
            str(action.get("value") or ""),
            interaction,
            PrivateAnswer(services, interaction),
        )
        services.background.start(_do(services, click, handler), lambda reference: _apologise(click, reference))

    app.block_action(action)(on_press)


async def _do(services: Services, click: Click, handler: Handler) -> None:
    try:
        services.gpus.policy.check_home(click.interaction.actor)
        if click.interaction.card_of:
            services.background.start(retire_if_old(services, click.interaction))
        await handler(services, click)
    except GpuBotError as error:
        await click.say(notice(wording.error_words(error)))


async def _apologise(click: Click, reference: str) -> None:
    await click.say(notice(wording.unexpected(reference)))
