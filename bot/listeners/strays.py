"""Strays, for admins: listed on demand, and decided about by buttons. Looked up and authorised anew at each click."""

from __future__ import annotations

import asyncio
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import wording
from bot.listeners import interactions, lifecycle
from bot.listeners.buttons import Click
from bot.listeners.interactions import Interaction
from bot.listeners.services import Services
from bot.slack import errors as slack_errors
from bot.slack.errors import CALL_FAILED
from bot.slack.ids import OWNER, USER_ID, Action, View
from bot.views import blocks as b
from bot.views import strays as views
from bot.views.blocks import Message
from bot.views.text import esc, mention
from core.domain import transitions
from core.domain.base import Actor
from core.domain.errors import GpuBotError, NovitaError
from core.domain.instance import Instance, Origin
from core.domain.novita import NovitaInstance
from core.services.gpus import own_id

log = structlog.get_logger(__name__)

_ACK_PATIENCE_SECONDS = 2.0
"""How long the answer to the form may take, well inside Slack's three seconds."""

_ORDERS = {Action.STRAY_STOP.value: Action.STOP, Action.STRAY_DELETE.value: Action.DELETE}


def register(app: AsyncApp, services: Services) -> None:
    async def on_assign(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        interaction = interactions.from_payload(body)
        work = asyncio.create_task(_assigned(services, view, interaction))
        await asyncio.wait({work}, timeout=_ACK_PATIENCE_SECONDS)
        message = work.result() if work.done() else _LATER
        if not work.done():
            services.background.start(_finished(work))
        await ack(response_action="update", view=b.answer_view(message))

    app.view(View.ASSIGN.value)(on_assign)


async def listed(services: Services, interaction: Interaction, _: str) -> Message:
    """`/gpu strays`. Raises NotAllowed to all but the admins, StoreUnavailable."""
    services.gpus.policy.check_admin(interaction.actor)
    strays = [instance for instance in await services.gpus.live() if instance.is_stray]
    try:
        outside = await services.gpus.outside()
    except NovitaError as error:
        log.warning("strays_not_listed", error=str(error))
        return views.stray_list(strays, [], services.clock.now(), is_whole=False)
    drawn = [_as_a_record(services, novita) for novita in outside]
    return views.stray_list(strays, drawn, services.clock.now(), is_whole=True)


async def press(services: Services, click: Click) -> None:
    """One of the buttons of a stray."""
    actor = click.interaction.actor
    if click.action == Action.STRAY_ASSIGN.value:
        services.gpus.policy.check_admin(actor)
        await _ask_whose(services, click)
    elif click.action == Action.STRAY_LEAVE.value:
        left = await services.gpus.leave_alone(click.value, actor)
        await click.say(_left(left))
    else:
        instance = await services.gpus.recorded(click.value, actor)
        await click.say(
            await lifecycle.give(services, _ORDERS[click.action], instance.id, click.interaction, is_shown=False)
        )


async def _ask_whose(services: Services, click: Click) -> None:
    view = views.assign_view(click.value[:200])
    try:
        await services.client.api_call("views.open", json={"trigger_id": click.interaction.trigger_id, "view": view})
    except CALL_FAILED as error:
        log.warning("modal_not_opened", error=slack_errors.error_code(error))
        await click.say(b.notice("Slack did not open the form in time. Please try again."))


async def _assigned(services: Services, view: dict[str, Any], interaction: Interaction) -> Message:
    owner = _chosen(view)
    if owner is None:
        return b.notice("Choose a person.")
    try:
        services.gpus.policy.check_home(interaction.actor)
        stray_id = str(view.get("private_metadata") or "")
        actor = Actor(user=owner, team=interaction.actor.team)
        instance = await services.gpus.assign(stray_id, actor, interaction.actor)
    except GpuBotError as error:
        return b.notice(wording.error_words(error))
    text = f"*{esc(instance.request.name, 100)}* is {mention(owner)}'s now. They are told."
    return Message(text, [b.section(text)])


async def _finished(work: asyncio.Task[Message]) -> None:
    await work


def _chosen(view: dict[str, Any]) -> str | None:
    """The person in the form. It came from outside, so its shape is not relied on."""
    value: object = view
    for key in ("state", "values", OWNER, OWNER, "selected_user"):
        value = value.get(key) if isinstance(value, dict) else None
    return value if isinstance(value, str) and USER_ID.fullmatch(value) else None


def _as_a_record(services: Services, novita: NovitaInstance) -> Instance:
    """What was made outside, as its record would be."""
    record = transitions.record_of(novita, own_id(novita.id), Origin.CONSOLE, None, services.clock.now())
    return record.replace(remote=record.remote.replace(status=novita.status))


def _left(instance: Instance) -> Message:
    if not instance.is_stray:
        return b.notice(f"{instance.request.name} has ended or has an owner by now.")
    return b.notice(f"{instance.request.name} is left alone. It still has a lease, and you are asked before it stops.")


_LATER = b.notice("This takes a moment. /gpu strays shows when it is done.")
