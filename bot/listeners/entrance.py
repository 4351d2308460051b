"""Who is let in from Slack: asked once, before any listener, of everything that a person sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot.listeners import home, interactions, mentions
from bot.listeners.interactions import Interaction, PrivateAnswer
from bot.listeners.services import Services
from bot.slack import errors as slack_errors
from bot.slack.errors import CALL_FAILED
from bot.views import blocks as b
from bot.views.modal import errors_by_block
from core.domain.base import Actor
from core.domain.errors import NotAllowed
from core.domain.request import Field

log = structlog.get_logger(__name__)

Body = Mapping[str, Any]
Next = Callable[[], Awaitable[None]]


def register(app: AsyncApp, services: Services) -> None:
    """Before every listener that is registered after it."""

    async def let_in(body: dict[str, Any], next_: Next) -> BoltResponse | None:
        interaction = _interaction(body)
        why = _why_not(services, interaction.actor) if interaction else None
        if interaction is not None and why is not None:
            return _turned_away(services, body, interaction, why)
        await next_()
        return None

    app.middleware(let_in)


def _why_not(services: Services, actor: Actor) -> str | None:
    try:
        services.gpus.policy.check_visitor(actor)
    except NotAllowed as refusal:
        return refusal.why
    return None


def _interaction(body: Body) -> Interaction | None:
    """Whose it is, with nothing taken for granted; None for what no person sent, such as that a token was revoked."""
    if "command" in body:
        return interactions.from_command({"user_id": "", **body})
    event = body.get("event")
    if isinstance(event, Mapping) and event.get("type") in mentions.EVENTS:
        return interactions.of_message(body)
    if isinstance(event, Mapping):
        user = event.get("user")
        team = str(event.get("user_team") or body.get("team_id") or "")
        return Interaction(Actor(user=user, team=team)) if isinstance(user, str) else None
    return interactions.from_payload(body) if isinstance(body.get("user"), Mapping) and body["user"].get("id") else None


def _turned_away(services: Services, body: Body, interaction: Interaction, why: str) -> BoltResponse:
    """The answer that Slack waits for, with the sentence in it, or soon after it, for this person alone."""
    view, kind = body.get("view"), body.get("type")
    if "command" in body:
        message = b.notice(why)
        return BoltResponse(status=200, body={"text": message.text, "blocks": message.blocks})
    if kind == "view_submission":
        return BoltResponse(status=200, body=_under_the_form(view, why))
    if kind == "block_suggestion":
        return BoltResponse(status=200, body={"options": []})
    if isinstance(body.get("event"), Mapping):
        if body["event"].get("tab") == "home":
            services.background.start(home.show(services, interaction.actor, b.home_view(b.notice(why).blocks)))
        elif interaction.said_in:
            services.background.start(mentions.answer_once(services, interaction, b.notice(why)))
    elif interaction.view is not None and not interaction.is_at_home and kind == "block_actions":
        services.background.start(_over_the_form(services, interaction, why))
    elif kind == "block_actions":
        services.background.start(PrivateAnswer(services, interaction).say(b.notice(why)))
    return BoltResponse(status=200, body="")


def _under_the_form(view: object, why: str) -> dict[str, Any]:
    """The form stays as it is filled in."""
    try:
        errors = errors_by_block(view if isinstance(view, Mapping) else {}, {Field.CHANNEL.value: why})
    except (KeyError, TypeError, StopIteration):
        return {"response_action": "update", "view": b.answer_view(b.notice(why))}
    return {"response_action": "errors", "errors": errors}


async def _over_the_form(services: Services, interaction: Interaction, why: str) -> None:
    """On top of the modal that was pressed in, so that what is filled in there is not lost."""
    try:
        await services.client.api_call(
            "views.push", json={"trigger_id": interaction.trigger_id, "view": b.answer_view(b.notice(why))}
        )
    except CALL_FAILED as error:
        log.warning("not_said", error=slack_errors.error_code(error))
