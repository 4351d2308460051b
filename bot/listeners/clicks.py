"""What every button has in common: acknowledged at once, its person checked, carried out in the background."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import words
from bot.listeners import visits
from bot.listeners.cards import retire_if_old
from bot.listeners.visits import Answer, Visit
from bot.parts import Parts
from bot.views.blocks import Message, notice
from core.errors import GpuBotError


@dataclass(frozen=True)
class Click:
    """One press of a button. `value` came back from outside: a name to look up, never an authority."""

    action: str
    value: str
    visit: Visit
    answer: Answer

    async def say(self, message: Message | None, *, instead: bool = False) -> None:
        if message is not None:
            await self.answer.say(message, instead=instead)


Deed = Callable[[Parts, Click], Awaitable[None]]


def on(app: AsyncApp, parts: Parts, action: str, deed: Deed) -> None:
    """Has `deed` carried out at each press of the button with this action_id."""

    async def on_press(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        visit = visits.of_click(body)
        click = Click(str(action.get("action_id")), str(action.get("value") or ""), visit, Answer(parts, visit))
        parts.background.start(_do(parts, click, deed), lambda reference: _apologise(click, reference))

    app.block_action(action)(on_press)


async def _do(parts: Parts, click: Click, deed: Deed) -> None:
    try:
        parts.policy.check_home(click.visit.actor)
        if click.visit.card_of:
            parts.background.start(retire_if_old(parts, click.visit))
        await deed(parts, click)
    except GpuBotError as error:
        await click.say(notice(words.error_words(error)))


async def _apologise(click: Click, reference: str) -> None:
    await click.say(notice(words.unexpected(reference)))
