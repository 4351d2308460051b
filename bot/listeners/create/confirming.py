"""The one button under a one-liner that was understood: read again, checked again, created once."""

from __future__ import annotations

from bot.listeners.cards import link_to
from bot.listeners.clicks import Click
from bot.listeners.create.beginning import remember
from bot.listeners.create.line import open_from_line, understand
from bot.parts import Parts
from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.modal import creating_view, outcome_view
from bot.views.text import Block
from core.errors import InvalidRequest
from core.launch import Launch
from core.models import InstanceRequest


async def press_edit(parts: Parts, click: Click) -> None:
    """The modal in place of the confirmation."""
    open_from_line(parts, click.visit, click.value, says_all=True)


async def press_confirm(parts: Parts, click: Click) -> None:
    """Creates it, and says in place of the confirmation how that went; the thread tells the same to everybody.

    Raises NotAllowed, InvalidRequest, NovitaError and StoreUnavailable.
    """
    visit = click.visit
    request = await _request(parts, click)
    key = f"confirm:{visit.channel}:{visit.message_ts}:{visit.actor.user}"
    launch = await parts.launcher.begin(request, owner=visit.actor, policy=parts.policy, key=key)
    if launch.is_repeat:
        await click.say(b.notice(f"{request.name} was created from this before; its card tells how that went."))
        return
    parts.background.start(remember(parts, visit.actor, request))
    await click.say(_message(creating_view(request.name, request.channel)), instead=True)
    await click.say(await _outcome(parts, launch), instead=True)


async def _request(parts: Parts, click: Click) -> InstanceRequest:
    """What the line says now: prices and stock may have moved since it was typed."""
    understood = understand(parts, click.visit, click.value, await parts.catalog.get_market())
    if understood.request is None:
        raise InvalidRequest({"line": f"It can no longer be created as it stands. {understood.note}"})
    return understood.request


async def _outcome(parts: Parts, launch: Launch) -> Message:
    await parts.launcher.finish(launch)
    instance = await parts.store.get(launch.instance.id) or launch.instance
    return _message(outcome_view(instance, link=await link_to(parts, instance.id)))


def _message(view: Block) -> Message:
    """What the modal would show, as a message."""
    blocks = view["blocks"]
    return Message(str(view["title"]["text"]), blocks)
