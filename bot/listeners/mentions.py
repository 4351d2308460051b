"""Somebody speaks to the bot instead of typing its command: they are told, in private, what to type or to press."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from slack_bolt.app.async_app import AsyncApp

from bot import typed, words
from bot.ids import COMMAND
from bot.listeners import commands, lookups, visits
from bot.listeners.cards import Place, instance_at
from bot.listeners.visits import Answer, Visit
from bot.parts import Parts
from bot.views import spoken
from bot.views.blocks import Message, notice
from bot.views.help import welcome
from core.errors import GpuBotError, StoreUnavailable
from core.models import Instance

EVENTS = ("app_mention", "message")

_LOOKUPS = frozenset({"list", "offers", "templates", "status", "help"})
"""Commands that change nothing and spend nothing: said, they are answered as if they were typed."""

_REPEATED_FOR = timedelta(days=1)
"""Slack sends again for minutes what it does not know to have arrived, and for a day where an app asks for that."""
_ANSWERS = 10
_PACE = timedelta(minutes=1)
"""So many answers one person gets in so long: who writes a script gets no flood."""
_MENTION = re.compile(r"<@([A-Z0-9]+)(?:\|[^<>]*)?>")


def register(app: AsyncApp, parts: Parts) -> None:
    async def on_message(body: dict[str, Any]) -> None:
        visit = visits.of_message(body)
        if visit is not None:
            answer = Answer(parts, visit)
            said = _said(parts, visit, str(body["event"].get("text") or ""))
            parts.background.start(
                _answer(parts, visit, said), lambda reference: answer.say(notice(words.unexpected(reference)))
            )

    for event in EVENTS:
        app.event(event)(on_message)


async def answer_once(parts: Parts, visit: Visit, message: Message) -> None:
    """Says it, unless this was answered before, or its person has had enough answers for now."""
    if await _is_to_be_answered(parts, visit):
        await Answer(parts, visit).say(message)


async def _answer(parts: Parts, visit: Visit, said: str) -> None:
    if await _is_to_be_answered(parts, visit):
        try:
            message = await _reply(parts, visit, said)
        except GpuBotError as error:
            message = notice(words.error_words(error))
        await Answer(parts, visit).say(message)


async def _is_to_be_answered(parts: Parts, visit: Visit) -> bool:
    """While Redis is away nobody can tell, and a second answer is better than none."""
    try:
        if not await parts.store.is_first(visit.said_in[:100], _REPEATED_FOR):
            return False
        for number in range(_ANSWERS):
            if await parts.store.is_first(f"{visit.actor.user[:50]}:{number}", _PACE):
                return True
    except StoreUnavailable:
        return True
    return False


def _said(parts: Parts, visit: Visit, text: str) -> str:
    """What was said to the bot: what stands behind its name or, in direct messages, all of it."""
    line = " ".join(typed.visible(text).split())
    named = _MENTION.match(line)
    if named and named[1] == (parts.identity.bot_user or named[1]):
        line = line[named.end() :]
    elif not visit.is_direct:
        return ""
    line = line.lstrip(" ,:;")
    return line.removeprefix(COMMAND).strip() if line.split(" ")[0] == COMMAND else line


async def _reply(parts: Parts, visit: Visit, said: str) -> Message:
    first, _, rest = said.partition(" ")
    word = typed.bare(first).lower()
    if word in _LOOKUPS and (word, rest) != ("status", ""):
        return await commands.answered(parts, visit, said) or welcome()
    instance = await _instance_spoken_of(parts, visit)
    if instance is not None:
        return lookups.status(parts, instance) if word == "status" else spoken.beside(instance, parts.clock.now())
    if word in commands.COMMANDS:
        return spoken.to_type(word, rest, is_in_thread=bool(visit.thread))
    if commands.begins_with_gpu(parts, said):
        return spoken.to_type("create", said, is_in_thread=bool(visit.thread))
    return welcome()


async def _instance_spoken_of(parts: Parts, visit: Visit) -> Instance | None:
    """The one whose thread this is."""
    return await instance_at(parts, Place(visit.channel, visit.thread)) if visit.thread else None
