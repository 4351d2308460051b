"""`/gpu …`: reads the first word, and answers within the ack what is known here; the rest follows in private."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import oneliner, wording
from bot.listeners import connect, create, extend, interactions, lifecycle, listing, lookup, strays
from bot.listeners.doctor import doctor
from bot.listeners.interactions import Interaction, PrivateAnswer
from bot.listeners.resolve import named
from bot.listeners.services import Services
from bot.slack import typed
from bot.slack.ids import COMMAND, Action
from bot.views.blocks import Message, notice, section
from bot.views.help import help_on, unknown_command, welcome
from bot.views.text import channel_mention
from core.domain.clock import MOMENT
from core.domain.errors import GpuBotError, NotAllowed
from core.domain.instance import Instance
from core.domain.request import Field

Command = Callable[[Services, Interaction, str], Awaitable[Message | None]]
"""What follows the command's word is its last argument. None: the answer is a modal, or follows later."""


def register(app: AsyncApp, services: Services) -> None:
    async def on_command(ack: AsyncAck, body: dict[str, Any]) -> None:
        interaction = interactions.from_command(body)
        work = asyncio.create_task(answered(services, interaction, str(body.get("text") or "")))
        await asyncio.wait({work}, timeout=MOMENT.total_seconds())
        if work.done():
            message = work.result()
            await ack() if message is None else await ack(text=message.text, blocks=message.blocks)
            return
        await ack()
        answer = PrivateAnswer(services, interaction)
        services.background.start(
            _late(work, answer), lambda reference: answer.say(notice(wording.unexpected(reference)))
        )

    app.command(COMMAND)(on_command)


async def _late(work: asyncio.Task[Message | None], answer: PrivateAnswer) -> None:
    message = await work
    if message is not None:
        await answer.say(message)


async def answered(services: Services, interaction: Interaction, text: str) -> Message | None:
    """What is answered to `text`, as it stood behind the command. None: the answer is a modal, or follows later."""
    line = typed.on_one_line(text)
    word, _, rest = typed.bare(line).partition(" ") if typed.is_wrapped(line) else line.partition(" ")
    word = typed.bare(word).lower()
    try:
        services.gpus.policy.check_home(interaction.actor)
        if not word:
            return welcome()
        if _asks_for_help(word, rest):
            return help_on(typed.bare(rest) if word == "help" else word)
        if (not_here := _not_here(services, interaction)) is not None:
            return not_here
        command = COMMANDS.get(word)
        if command is None:
            return _unknown(services, text)
        return await command(services, interaction, _line(text) if command in _READ_AS_SENT else rest)
    except GpuBotError as error:
        return notice(wording.error_words(error))


def _asks_for_help(word: str, rest: str) -> bool:
    """`help`, `stop --help`; and `create help`, where nothing of that name can be meant."""
    asked = rest.strip().lower()
    return word == "help" or asked in ("--help", "-h") or (asked == "help" and word in _WITHOUT_NAMES)


def _unknown(services: Services, text: str) -> Message:
    """No command's word. What begins with a GPU is a create whose word was left out."""
    if begins_with_gpu(services, text):
        return unknown_command("", " ".join(typed.visible(text).split()), meant="create")
    return unknown_command(text.split()[0].lower(), _line(text))


def begins_with_gpu(services: Services, text: str) -> bool:
    """Whether its first word is a GPU that Novita offers, or several."""
    market, typed_words = services.gpus.market, text.split()
    if market is None or not typed_words:
        return False
    wish = oneliner.read(typed_words[0], oneliner.vocabulary(market, services.gpus.templates))
    return bool(wish.product_name) or Field.PRODUCT_NAME.value in wish.ambiguous


def _line(text: str) -> str:
    """What follows the first word, as Slack sent it: a line may quote what is to be taken to the letter."""
    return " ".join(typed.visible(text).split()[1:])


def _not_here(services: Services, interaction: Interaction) -> Message | None:
    """In other channels than those set aside: which they are."""
    try:
        services.gpus.policy.check_command(interaction.actor, interaction.channel)
    except NotAllowed as refusal:
        text = f"{refusal.why} {', '.join(channel_mention(channel) for channel in services.allowed_channels[:20])}"
        return Message(text, [section(text)])
    return None


async def _create(services: Services, interaction: Interaction, line: str) -> Message | None:
    if line:
        return await create.from_line(services, interaction, line)
    create.open_modal(services, interaction)
    return None


async def _offers(services: Services, _: Interaction, rest: str) -> Message:
    return await lookup.offers(services, rest)


async def _templates(services: Services, _: Interaction, rest: str) -> Message:
    return await lookup.templates(services, rest)


async def _doctor(services: Services, interaction: Interaction, _: str) -> Message:
    return await doctor(services, interaction)


async def _status(services: Services, instance: Instance, _: Interaction) -> Message:
    return lookup.status(services, instance)


async def _connect(services: Services, instance: Instance, interaction: Interaction) -> None:
    """What is secret never waits in an ack: it goes straight to the person."""
    answer = PrivateAnswer(services, interaction)

    async def tell() -> None:
        try:
            await connect.connect(services, instance.id, interaction, answer)
        except GpuBotError as error:
            await answer.say(notice(wording.error_words(error)))

    services.background.start(tell(), lambda reference: answer.say(notice(wording.unexpected(reference))))


def _about(action: Action, handler: Callable[[Services, Instance, Interaction], Awaitable[Message | None]]) -> Command:
    """A command on one instance, by its NAME."""

    async def command(services: Services, interaction: Interaction, rest: str) -> Message | None:
        if not rest:
            word = action.value.rpartition(":")[2]
            return notice(f"Write which instance: {COMMAND} {word} NAME. {COMMAND} list shows the names.")
        found = await named(services, rest, interaction, action, is_act=action is not Action.STATUS)
        return found if isinstance(found, Message) else await handler(services, found, interaction)

    return command


def _order(action: Action) -> Command:
    async def handler(services: Services, instance: Instance, interaction: Interaction) -> Message | None:
        return await lifecycle.typed(services, action, instance, interaction)

    return _about(action, handler)


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
    "extend": extend.type_extend,
    "lease": extend.type_lease,
    "connect": _about(Action.CONNECT, _connect),
    "offers": _offers,
    "templates": _templates,
    "strays": strays.listed,
    "doctor": _doctor,
}
