"""Connect, told to one person alone; and asking an owner for what only they may do."""

from __future__ import annotations

import structlog

from bot import faults
from bot.faults import CALL_FAILED
from bot.ids import Action
from bot.listeners.cards import place_of, redraw
from bot.listeners.clicks import Click
from bot.listeners.orders import refused
from bot.listeners.visits import Answer, Visit
from bot.parts import Parts
from bot.views import blocks as b
from bot.views import private
from bot.views.blocks import Message
from bot.words import error_words
from core.errors import InvalidRequest, NotAllowed
from core.models import Instance

log = structlog.get_logger(__name__)


async def press_connect(parts: Parts, click: Click) -> None:
    await connect(parts, click.value, click.visit, click.answer)


async def connect(parts: Parts, instance_id: str, visit: Visit, answer: Answer) -> None:
    """Raises NoSuchInstance, StoreUnavailable and NovitaError."""
    await answer.hold("Asking Novita how to reach it…")
    await answer.say(await _connection(parts, instance_id, visit))


async def _connection(parts: Parts, instance_id: str, visit: Visit) -> Message:
    """What is in this message is secret: it goes from Novita to the person and nowhere else."""
    try:
        instance, connection = await parts.lifecycle.connect(instance_id, visit.actor, parts.policy)
    except NotAllowed as refusal:
        return await refused(parts, Action.CONNECT, instance_id, visit, refusal)
    except InvalidRequest as impossible:
        await redraw(parts, instance_id)
        return b.notice(error_words(impossible))
    return private.connection(instance, connection)


async def press_ask(parts: Parts, click: Click) -> None:
    """Asks the owner, in the thread that they hear of everything in. The answer is up to them."""
    verb, _, instance_id = click.value.rpartition(" ")
    instance = await parts.instance(instance_id)
    question = private.asking(instance, verb, click.visit.actor.user, parts.admins)
    is_asked = await _post_in_thread(parts, instance, question)
    await click.say(b.notice("Asked in its thread." if is_asked else _not_asked(instance)), instead=True)


def _not_asked(instance: Instance) -> str:
    if not instance.has_person:
        return "It has no thread to ask in. Please ask an admin of this bot directly."
    return "Slack did not take the question. Please ask its owner directly."


async def _post_in_thread(parts: Parts, instance: Instance, message: Message) -> bool:
    card = await place_of(parts, instance.id)
    if card is None:
        return False
    content = {"text": message.text, "blocks": message.blocks, "unfurl_links": False}
    try:
        await parts.client.api_call("chat.postMessage", json={"channel": card.channel, "thread_ts": card.ts, **content})
    except CALL_FAILED as error:
        log.warning("not_asked", instance_id=instance.id, error=faults.word_of(error))
        return False
    return True
