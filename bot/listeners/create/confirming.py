"""The one button under a one-liner that was understood: read again, checked again, created once."""

from __future__ import annotations

from bot.listeners.buttons import Click
from bot.listeners.cards import link_to
from bot.listeners.create.line import open_from_line, understand
from bot.listeners.services import Services
from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.modal import creating_view, outcome_view
from bot.views.text import Block
from core.domain.errors import InvalidRequest
from core.domain.request import Draft, draft_of
from core.services.gpus import LINE, Entry, RecordedLaunch


async def press_edit(services: Services, click: Click) -> None:
    """The modal in place of the confirmation."""
    open_from_line(services, click.interaction, click.value, says_all=True)


async def press_confirm(services: Services, click: Click) -> None:
    """Creates it, and says in place of the confirmation how that went; the thread tells the same to everybody.

    Raises NotAllowed, InvalidRequest, NovitaError and StoreUnavailable.
    """
    interaction = click.interaction
    draft = await _draft(services, click)
    key = f"confirm:{interaction.channel}:{interaction.message_ts}:{interaction.actor.user}"
    launch = await services.gpus.begin(Entry(draft=draft, actor=interaction.actor, door=LINE, key=key))
    name = launch.instance.request.name
    if launch.is_repeat:
        await click.say(b.notice(f"{name} was created from this before; its card tells how that went."))
        return
    await click.say(_message(creating_view(name, draft.channel)), instead=True)
    await click.say(await _outcome(services, launch), instead=True)


async def _draft(services: Services, click: Click) -> Draft:
    """What the line says now: prices and stock may have moved since it was typed."""
    understood = understand(services, click.interaction, click.value, await services.gpus.get_market())
    if understood.request is None:
        raise InvalidRequest({"line": f"It can no longer be created as it stands. {understood.note}"})
    return draft_of(understood.request)


async def _outcome(services: Services, launch: RecordedLaunch) -> Message:
    await services.gpus.finish(launch)
    instance = await services.gpus.get(launch.instance.id) or launch.instance
    return _message(outcome_view(instance, link=await link_to(services, instance.id)))


def _message(view: Block) -> Message:
    """What the modal would show, as a message."""
    blocks = view["blocks"]
    return Message(str(view["title"]["text"]), blocks)
