"""Somebody speaks to the bot instead of typing its command: they are told, in private, what to type or to press."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from slack_bolt.app.async_app import AsyncApp

from bot import wording
from bot.listeners import commands, interactions, lookup
from bot.listeners.cards import instance_at
from bot.listeners.interactions import Interaction, PrivateAnswer
from bot.listeners.services import Services
from bot.slack import typed
from bot.slack.ids import COMMAND
from bot.views import spoken
from bot.views.blocks import Message, notice
from bot.views.help import welcome
from core.domain.errors import GpuBotError, StoreUnavailable
from core.domain.instance import Instance

EVENTS = ("app_mention", "message")

_LOOKUPS = frozenset({"list", "offers", "templates", "status", "help"})
"""Commands that change nothing and spend nothing: said, they are answered as if they were typed."""

_REPEATED_FOR = timedelta(days=1)
"""Slack sends again for minutes what it does not know to have arrived, and for a day where an app asks for that."""
_ANSWERS = 10
_PACE = timedelta(minutes=1)
"""So many answers one person gets in so long: who writes a script gets no flood."""
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")


def register(app: AsyncApp, services: Services) -> None:
    async def on_message(body: dict[str, Any]) -> None:
        interaction = interactions.of_message(body)
        if interaction is not None:
            answer = PrivateAnswer(services, interaction)
            said = _said(services, interaction, str(body["event"].get("text") or ""))
            services.background.start(
                _answer(services, interaction, said),
                lambda reference: answer.say(notice(wording.unexpected(reference))),
            )

    for event in EVENTS:
        app.event(event)(on_message)


async def answer_once(services: Services, interaction: Interaction, message: Message) -> None:
    """Says it, unless this was answered before, or its person has had enough answers for now."""
    if await _is_to_be_answered(services, interaction):
        await PrivateAnswer(services, interaction).say(message)


async def _answer(services: Services, interaction: Interaction, said: str) -> None:
    if await _is_to_be_answered(services, interaction):
        try:
            message = await _reply(services, interaction, said)
        except GpuBotError as error:
            message = notice(wording.error_words(error))
        await PrivateAnswer(services, interaction).say(message)


async def _is_to_be_answered(services: Services, interaction: Interaction) -> bool:
    """While Redis is away nobody can tell, and a second answer is better than none."""
    try:
        if not await services.stamps.claim_once(interaction.said_in[:100], _REPEATED_FOR):
            return False
        for number in range(_ANSWERS):
            if await services.stamps.claim_once(f"{interaction.actor.user[:50]}:{number}", _PACE):
                return True
    except StoreUnavailable:
        return True
    return False


def _said(services: Services, interaction: Interaction, text: str) -> str:
    """What was said to the bot: what stands behind its name or, in direct messages, all of it."""
    line = " ".join(typed.visible(text).split())
    named = _MENTION.match(line)
    if named and named[1] == (services.identity.bot_user or named[1]):
        line = line[named.end() :]
    elif not interaction.is_direct:
        return ""
    line = line.lstrip(" ,:;")
    return line.removeprefix(COMMAND).strip() if line.split(" ")[0] == COMMAND else line


async def _reply(services: Services, interaction: Interaction, said: str) -> Message:
    first, _, rest = said.partition(" ")
    word = typed.bare(first).lower()
    if word in _LOOKUPS and (word, rest) != ("status", ""):
        return await commands.answered(services, interaction, said) or welcome()
    instance = await _instance_spoken_of(services, interaction)
    if instance is not None:
        return lookup.status(services, instance) if word == "status" else spoken.beside(instance, services.clock.now())
    if word in commands.COMMANDS:
        return spoken.to_type(word, rest, is_in_thread=bool(interaction.thread))
    if commands.begins_with_gpu(services, said):
        return spoken.to_type("create", said, is_in_thread=bool(interaction.thread))
    return welcome()


async def _instance_spoken_of(services: Services, interaction: Interaction) -> Instance | None:
    """The one whose thread this is."""
    return await instance_at(services, interaction.channel, interaction.thread) if interaction.thread else None
