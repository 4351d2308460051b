"""Submit: checked within the ack, the intent recorded, "Creating…" at once, and in the end how it went."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import words
from bot.ids import Field, View
from bot.listeners import visits
from bot.listeners.cards import link_at_hand, link_to
from bot.listeners.create.beginning import remember, renamed
from bot.listeners.create.screen import show
from bot.parts import Parts
from bot.views import private
from bot.views.modal import (
    Form,
    check,
    creating_view,
    errors_by_block,
    outcome_view,
    problem_view,
    read_context,
    read_form,
)
from core.errors import GpuBotError, InvalidRequest, NotAllowed, NovitaUnclear, NovitaUnsent, StoreUnavailable
from core.launch import Launch
from core.models import Actor, Instance, InstanceRequest, Market
from core.requests import Problems

log = structlog.get_logger(__name__)

_ACK_PATIENCE_SECONDS = 0.7
"""How long the ack waits for the intent to be recorded, well inside Slack's three seconds."""

_FOLLOW_PAUSE = timedelta(seconds=1)
_FOLLOW_TIMES = 240


def register(app: AsyncApp, parts: Parts) -> None:
    async def on_submit(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        await _submit(parts, ack, body, view)

    app.view_submission(View.CREATE.value)(on_submit)


async def _submit(parts: Parts, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
    actor = visits.of_click(body).actor
    try:
        form = await renamed(parts, read_form(view), read_context(view))
        market, obstacle = await asyncio.gather(_market(parts), parts.reachable.obstacle(form.channel))
        request = _checked(parts, actor, form, market, obstacle)
        begun = await _begin(parts, request, actor, key=request_key(str(view["id"])))
    except GpuBotError as error:
        await ack(response_action="errors", errors=errors_by_block(view, _problems(error)))
        return
    await ack(response_action="update", view=creating_view(request.name, request.channel))
    submission = _Submission(parts, actor, str(view["id"]))
    parts.background.start(submission.carry_out(begun), submission.apologise)


def request_key(view_id: str) -> str:
    """One form, one instance: Slack sends the same view id with a second submission of the same form."""
    return f"view:{view_id}"


async def _market(parts: Parts) -> Market:
    try:
        async with asyncio.timeout(_ACK_PATIENCE_SECONDS):
            return await parts.catalog.get_market()
    except (TimeoutError, NovitaUnclear, NovitaUnsent):
        raise InvalidRequest(
            {"product_name": "Prices are being fetched. Press Create again in a few seconds."}
        ) from None


def _checked(parts: Parts, actor: Actor, form: Form, market: Market, obstacle: str) -> InstanceRequest:
    request = check(form, market, parts.limits_for(actor))
    problems = dict(request) if isinstance(request, dict) else {}
    if obstacle:
        problems[Field.CHANNEL.value] = private.silent_channel(obstacle)
    if isinstance(request, dict) or problems:
        raise InvalidRequest(problems)
    return request


def _problems(error: GpuBotError) -> Problems:
    """What is in the way, by the field that it is about."""
    match error:
        case InvalidRequest():
            return error.problems
        case NotAllowed():
            return {error.field or Field.CHANNEL.value: error.why}
    return {Field.PRODUCT_NAME.value: f"Nothing was created. {words.error_words(error)}"}


async def _begin(parts: Parts, request: InstanceRequest, actor: Actor, *, key: str) -> asyncio.Task[Launch]:
    """Begins the launch. It is recorded when this returns, unless the store is slow: then the ack does not wait."""
    task = asyncio.create_task(parts.launcher.begin(request, owner=actor, policy=parts.policy, key=key))
    done, _ = await asyncio.wait({task}, timeout=_ACK_PATIENCE_SECONDS)
    if done:
        task.result()
    return task


class _Submission:
    """One submitted modal."""

    def __init__(self, parts: Parts, actor: Actor, view_id: str) -> None:
        self._parts = parts
        self._actor = actor
        self._view_id = view_id
        self._latest: Instance | None = None
        self._steps: asyncio.Task[None] | None = None

    async def carry_out(self, begun: asyncio.Task[Launch]) -> None:
        try:
            launch = await begun
            if launch.is_repeat:
                await self._follow(launch.instance)
                return
            self._latest = launch.instance
            self._parts.background.start(remember(self._parts, self._actor, launch.request))
            await self._parts.launcher.finish(launch, self._watch)
        except GpuBotError as error:
            await self._show_problem(error)
        else:
            await self._show_outcome(self._latest)

    async def apologise(self, reference: str) -> None:
        await show(self._parts, self._view_id, problem_view(words.unexpected(reference)))

    def _watch(self, instance: Instance) -> None:
        """Shows the steps on the way, one at a time; the last one is shown by `carry_out`."""
        self._latest = instance
        if instance.is_launching and (self._steps is None or self._steps.done()):
            self._steps = self._parts.background.start(self._show_steps())

    async def _show_steps(self) -> None:
        shown = None
        while self._latest is not None and self._latest.is_launching and self._latest is not shown:
            shown = self._latest
            await show(self._parts, self._view_id, outcome_view(shown))

    async def _show_outcome(self, instance: Instance) -> None:
        """The outcome at once; again with the link to the thread, or when an earlier step may have overtaken it."""
        at_hand = link_at_hand(self._parts, instance.id)
        await show(self._parts, self._view_id, outcome_view(instance, link=at_hand))
        overtaken = self._steps is not None and not self._steps.done()
        if self._steps is not None:
            await asyncio.wait({self._steps})
        link = at_hand or await self._link(instance)
        if link != at_hand or overtaken:
            await show(self._parts, self._view_id, outcome_view(instance, link=link))

    async def _link(self, instance: Instance) -> str | None:
        try:
            return await link_to(self._parts, instance.id)
        except StoreUnavailable:
            return None

    async def _show_problem(self, error: GpuBotError) -> None:
        log.error("launch_broken_off", instance_id=self._latest.id if self._latest else None, error=str(error))
        await show(self._parts, self._view_id, problem_view(self._problem(error)))

    def _problem(self, error: GpuBotError) -> str:
        if self._latest is None:
            return f"Nothing was created. {words.error_words(error)}"
        return f"{words.error_words(error)} The thread tells how it ends; do not create it again before that."

    async def _follow(self, instance: Instance) -> None:
        """The same form was submitted before: show how that went, wherever it is carried out."""
        current: Instance | None = instance
        for _ in range(_FOLLOW_TIMES):
            if current is None or not current.is_launching:
                break
            await self._parts.clock.sleep(_FOLLOW_PAUSE)
            current = await self._parts.store.get(instance.id)
        await self._show_outcome(current or instance)
