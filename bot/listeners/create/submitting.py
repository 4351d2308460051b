"""Submit: checked within the ack, the intent recorded, "Creating…" at once, and in the end how it went."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot import wording
from bot.listeners import interactions
from bot.listeners.cards import link_by_now, link_to
from bot.listeners.create.beginning import renamed
from bot.listeners.create.screen import show
from bot.listeners.services import Services
from bot.slack.ids import View
from bot.views.modal import (
    Form,
    creating_view,
    errors_by_block,
    outcome_view,
    problem_view,
    read_context,
    read_form,
)
from core.domain.base import Actor
from core.domain.clock import MOMENT
from core.domain.errors import GpuBotError, InvalidRequest, NotAllowed, NovitaUnclear, NovitaUnsent, StoreUnavailable
from core.domain.instance import Instance
from core.domain.request import Field
from core.domain.validation import Problems
from core.services.gpus import FORM, Entry, RecordedLaunch

log = structlog.get_logger(__name__)

_FOLLOW_PAUSE = timedelta(seconds=1)
_FOLLOW_PATIENCE = timedelta(minutes=4)


def register(app: AsyncApp, services: Services) -> None:
    async def on_submit(ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
        await _submit(services, ack, body, view)

    app.view_submission(View.CREATE.value)(on_submit)


async def _submit(services: Services, ack: AsyncAck, body: dict[str, Any], view: dict[str, Any]) -> None:
    actor = interactions.from_payload(body).actor
    try:
        form = await renamed(services, read_form(view), read_context(view))
        begun = await _begin(services, form, actor, key=request_key(str(view["id"])))
    except GpuBotError as error:
        await ack(response_action="errors", errors=errors_by_block(view, _problems(error)))
        return
    await ack(response_action="update", view=creating_view(form.name or "", form.channel))
    submission = _Submission(services, actor, str(view["id"]))
    services.background.start(submission.carry_out(begun), submission.apologise)


def request_key(view_id: str) -> str:
    """One form, one instance: Slack sends the same view id with a second submission of the same form."""
    return f"view:{view_id}"


def _problems(error: GpuBotError) -> Problems:
    """What is in the way, by the field that it is about."""
    match error:
        case InvalidRequest():
            return error.problems
        case NotAllowed():
            return {error.field or Field.CHANNEL.value: error.why}
        case NovitaUnclear() | NovitaUnsent():
            return {Field.PRODUCT_NAME.value: "Prices are being fetched. Press Create again in a few seconds."}
    return {Field.PRODUCT_NAME.value: f"Nothing was created. {wording.error_words(error)}"}


async def _begin(services: Services, form: Form, actor: Actor, *, key: str) -> asyncio.Future[RecordedLaunch]:
    """Begins the launch. It is recorded when this returns, unless the store is slow: then the ack does not wait."""
    begun = await services.gpus.submit(Entry(draft=form, actor=actor, door=FORM, key=key, unread=form.unread))
    done, _ = await asyncio.wait({begun}, timeout=MOMENT.total_seconds())
    if done:
        begun.result()
    return begun


class _Submission:
    """One submitted modal."""

    def __init__(self, services: Services, actor: Actor, view_id: str) -> None:
        self._services = services
        self._actor = actor
        self._view_id = view_id
        self._latest: Instance | None = None
        self._steps: asyncio.Task[None] | None = None

    async def carry_out(self, begun: asyncio.Future[RecordedLaunch]) -> None:
        try:
            launch = await begun
            if launch.is_repeat:
                await self._follow(launch.instance)
                return
            self._latest = launch.instance
            await self._services.gpus.finish(launch, self._watch)
        except GpuBotError as error:
            await self._show_problem(error)
        else:
            await self._show_outcome(self._latest)

    async def apologise(self, reference: str) -> None:
        await show(self._services, self._view_id, problem_view(wording.unexpected(reference)))

    def _watch(self, instance: Instance) -> None:
        """Shows the steps on the way, one at a time; the last one is shown by `carry_out`."""
        self._latest = instance
        if instance.is_launching and (self._steps is None or self._steps.done()):
            self._steps = self._services.background.start(self._show_steps())

    async def _show_steps(self) -> None:
        shown = None
        while self._latest is not None and self._latest.is_launching and self._latest is not shown:
            shown = self._latest
            await show(self._services, self._view_id, outcome_view(shown))

    async def _show_outcome(self, instance: Instance) -> None:
        """The outcome at once; again with the link to the thread, or when an earlier step may have overtaken it."""
        at_hand = await link_by_now(self._services, instance.id)
        await show(self._services, self._view_id, outcome_view(instance, link=at_hand))
        overtaken = self._steps is not None and not self._steps.done()
        if self._steps is not None:
            await asyncio.wait({self._steps})
        link = at_hand or await self._link(instance)
        if link != at_hand or overtaken:
            await show(self._services, self._view_id, outcome_view(instance, link=link))

    async def _link(self, instance: Instance) -> str | None:
        try:
            return await link_to(self._services, instance.id)
        except StoreUnavailable:
            return None

    async def _show_problem(self, error: GpuBotError) -> None:
        log.error("launch_broken_off", instance_id=self._latest.id if self._latest else None, error=str(error))
        await show(self._services, self._view_id, problem_view(self._problem(error)))

    def _problem(self, error: GpuBotError) -> str:
        if self._latest is None:
            return f"Nothing was created. {wording.error_words(error)}"
        return f"{wording.error_words(error)} The thread tells how it ends; do not create it again before that."

    async def _follow(self, instance: Instance) -> None:
        """The same form was submitted before: show how that went, wherever it is carried out."""
        clock = self._services.clock
        until = clock.now() + _FOLLOW_PATIENCE
        settled = await self._services.gpus.wait_while(
            lambda each: each.is_launching, instance, clock, until=until, pause=_FOLLOW_PAUSE
        )
        await self._show_outcome(settled)
