"""Connect, told to one person alone; and asking an owner for what only they may do."""

from __future__ import annotations

import structlog

from bot.listeners.buttons import Click
from bot.listeners.cards import card_of, redraw
from bot.listeners.interactions import Interaction, PrivateAnswer
from bot.listeners.lifecycle import refused
from bot.listeners.services import Services
from bot.slack import errors as slack_errors
from bot.slack.errors import CALL_FAILED
from bot.slack.ids import Action
from bot.views import blocks as b
from bot.views import private
from bot.views.blocks import Message
from bot.wording import error_words
from core.domain.errors import InvalidRequest, NotAllowed
from core.domain.instance import Instance

log = structlog.get_logger(__name__)


async def press_connect(services: Services, click: Click) -> None:
    await connect(services, click.value, click.interaction, click.answer)


async def connect(services: Services, instance_id: str, interaction: Interaction, answer: PrivateAnswer) -> None:
    """Raises NoSuchInstance, StoreUnavailable and NovitaError."""
    await answer.hold("Asking Novita how to reach it…")
    await answer.say(await _connection(services, instance_id, interaction))


async def _connection(services: Services, instance_id: str, interaction: Interaction) -> Message:
    """What is in this message is secret: it goes from Novita to the person and nowhere else."""
    try:
        instance, connection = await services.gpus.connect(instance_id, interaction.actor)
    except NotAllowed as refusal:
        return await refused(services, Action.CONNECT, instance_id, interaction, refusal)
    except InvalidRequest as impossible:
        await redraw(services, instance_id)
        return b.notice(error_words(impossible))
    return private.connection(instance, connection)


async def press_ask(services: Services, click: Click) -> None:
    """Asks the owner, in the thread that they hear of everything in. The answer is up to them."""
    verb, _, instance_id = click.value.rpartition(" ")
    instance = await services.gpus.instance(instance_id)
    question = private.asking(instance, verb, click.interaction.actor.user, services.admins)
    is_asked = await _post_in_thread(services, instance, question)
    await click.say(b.notice("Asked in its thread." if is_asked else _not_asked(instance)), instead=True)


def _not_asked(instance: Instance) -> str:
    if not instance.has_person:
        return "It has no thread to ask in. Please ask an admin of this bot directly."
    return "Slack did not take the question. Please ask its owner directly."


async def _post_in_thread(services: Services, instance: Instance, message: Message) -> bool:
    card = await card_of(services, instance.id)
    if card is None:
        return False
    content = {"text": message.text, "blocks": message.blocks, "unfurl_links": False}
    try:
        await services.client.api_call(
            "chat.postMessage", json={"channel": card.channel, "thread_ts": card.ts, **content}
        )
    except CALL_FAILED as error:
        log.warning("not_asked", instance_id=instance.id, error=slack_errors.error_code(error))
        return False
    return True
