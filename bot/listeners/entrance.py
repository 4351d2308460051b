"""Who is let in from Slack: asked once, before any listener, of everything that a person sends."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse

from bot import faults
from bot.faults import CALL_FAILED
from bot.ids import Field, View
from bot.listeners import mentions, visits
from bot.listeners.visits import Answer, Visit
from bot.parts import Parts
from bot.views import blocks as b
from bot.views.modal import errors_by_block
from core.errors import NotAllowed
from core.models import Actor

log = structlog.get_logger(__name__)

Body = Mapping[str, Any]
Next = Callable[[], Awaitable[None]]


def register(app: AsyncApp, parts: Parts) -> None:
    """Before every listener that is registered after it."""

    async def let_in(body: dict[str, Any], next_: Next) -> BoltResponse | None:
        visit = _visit(body)
        why = _why_not(parts, visit.actor) if visit else None
        if visit is not None and why is not None:
            return _turned_away(parts, body, visit, why)
        await next_()
        return None

    app.middleware(let_in)


def _why_not(parts: Parts, actor: Actor) -> str | None:
    try:
        parts.policy.check_visitor(actor)
    except NotAllowed as refusal:
        return refusal.why
    return None


def _visit(body: Body) -> Visit | None:
    """Whose it is, with nothing taken for granted; None for what no person sent, such as that a token was revoked."""
    if "command" in body:
        return visits.of_command({"user_id": "", **body})
    event = body.get("event")
    if isinstance(event, Mapping) and event.get("type") in mentions.EVENTS:
        return visits.of_message(body)
    if isinstance(event, Mapping):
        user = event.get("user")
        team = str(event.get("user_team") or body.get("team_id") or "")
        return Visit(Actor(user=user, team=team)) if isinstance(user, str) else None
    return visits.of_click(body) if isinstance(body.get("user"), Mapping) and body["user"].get("id") else None


def _turned_away(parts: Parts, body: Body, visit: Visit, why: str) -> BoltResponse:
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
            parts.background.start(_at_home(parts, visit.actor, why))
        elif visit.said_in:
            parts.background.start(mentions.answer_once(parts, visit, b.notice(why)))
    elif visit.view is not None and not visit.is_at_home and kind == "block_actions":
        parts.background.start(_over_the_form(parts, visit, why))
    elif kind == "block_actions":
        parts.background.start(Answer(parts, visit).say(b.notice(why)))
    return BoltResponse(status=200, body="")


def _under_the_form(view: object, why: str) -> dict[str, Any]:
    """The form stays as it is filled in."""
    try:
        errors = errors_by_block(view if isinstance(view, Mapping) else {}, {Field.CHANNEL.value: why})
    except (KeyError, TypeError, StopIteration):
        return {"response_action": "update", "view": _modal(why)}
    return {"response_action": "errors", "errors": errors}


async def _over_the_form(parts: Parts, visit: Visit, why: str) -> None:
    """On top of the modal that was pressed in, so that what is filled in there is not lost."""
    try:
        await parts.client.api_call("views.push", json={"trigger_id": visit.trigger_id, "view": _modal(why)})
    except CALL_FAILED as error:
        log.warning("not_said", error=faults.word_of(error))


async def _at_home(parts: Parts, actor: Actor, why: str) -> None:
    view = b.home_view(b.notice(why).blocks)
    try:
        await parts.client.api_call("views.publish", json={"user_id": actor.user, "view": view})
    except CALL_FAILED as error:
        log.warning("home_not_published", error=faults.word_of(error))


def _modal(why: str) -> dict[str, Any]:
    return b.modal(View.ANSWER, "GPU instances", b.notice(why).blocks)
