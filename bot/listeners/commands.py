"""`/gpu …`: reads the first word, and answers within the ack what is known here; the rest follows in private."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import grammar, typed, words
from bot.ids import COMMAND, Action, Field
from bot.listeners import create, extending, listing, lookups, orders, reaching, strays, visits
from bot.listeners.doctor import doctor
from bot.listeners.naming import named
from bot.listeners.visits import Answer, Visit
from bot.parts import Parts
from bot.views.blocks import Message, notice, section
from bot.views.help import help_on, unknown_command, welcome
from bot.views.text import channel_mention
from core.errors import GpuBotError, NotAllowed
from core.models import Instance

_ACK_PATIENCE_SECONDS = 0.7
"""How long the ack waits for the answer, well inside Slack's three seconds."""

Command = Callable[[Parts, Visit, str], Awaitable[Message | None]]
"""What follows the command's word is its last argument. None: the answer is a modal, or follows later."""


def register(app: AsyncApp, parts: Parts) -> None:
    async def on_command(ack: AsyncAck, body: dict[str, Any]) -> None:
        visit = visits.of_command(body)
        work = asyncio.create_task(answered(parts, visit, str(body.get("text") or "")))
        await asyncio.wait({work}, timeout=_ACK_PATIENCE_SECONDS)
        if work.done():
            message = work.result()
            await ack() if message is None else await ack(text=message.text, blocks=message.blocks)
            return
        await ack()
        answer = Answer(parts, visit)
        parts.background.start(_late(work, answer), lambda reference: answer.say(notice(words.unexpected(reference))))

    app.command(COMMAND)(on_command)


async def _late(work: asyncio.Task[Message | None], answer: Answer) -> None:
    message = await work
    if message is not None:
        await answer.say(message)


async def answered(parts: Parts, visit: Visit, text: str) -> Message | None:
    """What is answered to `text`, as it stood behind the command. None: the answer is a modal, or follows later."""
    line = typed.on_one_line(text)
    word, _, rest = typed.bare(line).partition(" ") if typed.is_wrapped(line) else line.partition(" ")
    word = typed.bare(word).lower()
    try:
        parts.policy.check_home(visit.actor)
        if not word:
            return welcome()
        if _asks_for_help(word, rest):
            return help_on(typed.bare(rest) if word == "help" else word)
        if (not_here := _not_here(parts, visit)) is not None:
            return not_here
        command = COMMANDS.get(word)
        if command is None:
            return _unknown(parts, text)
        return await command(parts, visit, _line(text) if command in _READ_AS_SENT else rest)
    except GpuBotError as error:
        return notice(words.error_words(error))


def _asks_for_help(word: str, rest: str) -> bool:
    """`help`, `stop --help`; and `create help`, where nothing of that name can be meant."""
    asked = rest.strip().lower()
    return word == "help" or asked in ("--help", "-h") or (asked == "help" and word in _WITHOUT_NAMES)


def _unknown(parts: Parts, text: str) -> Message:
    """No command's word. What begins with a GPU is a create whose word was left out."""
    if begins_with_gpu(parts, text):
        return unknown_command("", " ".join(typed.visible(text).split()), meant="create")
    return unknown_command(text.split()[0].lower(), _line(text))


def begins_with_gpu(parts: Parts, text: str) -> bool:
    """Whether its first word is a GPU that Novita offers, or several."""
    market, typed_words = parts.catalog.market, text.split()
    if market is None or not typed_words:
        return False
    wish = grammar.read(typed_words[0], grammar.vocabulary(market, parts.catalog.templates))
    return bool(wish.product_name) or Field.PRODUCT_NAME.value in wish.ambiguous


def _line(text: str) -> str:
    """What follows the first word, as Slack sent it: a line may quote what is to be taken to the letter."""
    return " ".join(typed.visible(text).split()[1:])


def _not_here(parts: Parts, visit: Visit) -> Message | None:
    """In other channels than those set aside: which they are."""
    try:
        parts.policy.check_command(visit.actor, visit.channel)
    except NotAllowed as refusal:
        text = f"{refusal.why} {', '.join(channel_mention(channel) for channel in parts.allowed_channels[:20])}"
        return Message(text, [section(text)])
    return None


async def _create(parts: Parts, visit: Visit, line: str) -> Message | None:
    if line:
        return await create.from_line(parts, visit, line)
    create.open_modal(parts, visit)
    return None


async def _offers(parts: Parts, _: Visit, rest: str) -> Message:
    return await lookups.offers(parts, rest)


async def _templates(parts: Parts, _: Visit, rest: str) -> Message:
    return await lookups.templates(parts, rest)


async def _doctor(parts: Parts, visit: Visit, _: str) -> Message:
    return await doctor(parts, visit)


async def _status(parts: Parts, instance: Instance, _: Visit) -> Message:
    return lookups.status(parts, instance)


async def _connect(parts: Parts, instance: Instance, visit: Visit) -> None:
    """What is secret never waits in an ack: it goes straight to the person."""
    answer = Answer(parts, visit)

    async def tell() -> None:
        try:
            await reaching.connect(parts, instance.id, visit, answer)
        except GpuBotError as error:
            await answer.say(notice(words.error_words(error)))

    parts.background.start(tell(), lambda reference: answer.say(notice(words.unexpected(reference))))


def _about(action: Action, deed: Callable[[Parts, Instance, Visit], Awaitable[Message | None]]) -> Command:
    """A command on one instance, by its NAME."""

    async def command(parts: Parts, visit: Visit, rest: str) -> Message | None:
        if not rest:
            word = action.value.rpartition(":")[2]
            return notice(f"Write which instance: {COMMAND} {word} NAME. {COMMAND} list shows the names.")
        found = await named(parts, rest, visit, action, is_act=action is not Action.STATUS)
        return found if isinstance(found, Message) else await deed(parts, found, visit)

    return command


def _order(action: Action) -> Command:
    async def deed(parts: Parts, instance: Instance, visit: Visit) -> Message | None:
        return await orders.typed(parts, action, instance, visit)

    return _about(action, deed)


_WITHOUT_NAMES = frozenset({"create", "offers", "templates", "strays", "doctor"})
"""Commands that take no instance's name."""

_READ_AS_SENT = (_create, listing.command)
"""They read people, channels and quotes as Slack sends them."""

COMMANDS: dict[str, Command] = {
    "create": _create,
    "list": listing.command,
    "status": _about(Action.STATUS, _status),
    "start": _order(Action.START),
    "stop": _order(Action.STOP),
    "restart": _order(Action.RESTART),
    "delete": _order(Action.DELETE),
    "extend": extending.type_extend,
    "lease": extending.type_lease,
    "connect": _about(Action.CONNECT, _connect),
    "offers": _offers,
    "templates": _templates,
    "strays": strays.listed,
    "doctor": _doctor,
}
