"""Opens the create modal within the three seconds that a trigger lives (PLATFORM.md, Triggers)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from bot import wording
from bot.listeners.create.beginning import Beginning, begin_with, first_form, named
from bot.listeners.create.drawing import draw
from bot.listeners.create.screen import show
from bot.listeners.interactions import Interaction, PrivateAnswer
from bot.listeners.services import Services
from bot.slack import errors as slack_errors
from bot.slack.errors import CALL_FAILED
from bot.views.blocks import notice
from bot.views.modal import Form, ModalContext, fitted, loading_view, problem_view
from bot.views.text import Block
from core.domain.errors import GpuBotError, NovitaUnclear, NovitaUnsent
from core.domain.market import Market

log = structlog.get_logger(__name__)

_COLD_PATIENCE_SECONDS = 25.0


@dataclass(frozen=True)
class Opening:
    """What the modal opens with. `note` is a line on top of it, `advanced` reveals webhook and variables."""

    form: Form
    note: str | None = None
    advanced: bool = False


Prefill = Callable[[Market, Beginning], Opening]
"""From what is for sale, and what is proposed to this person, to what the modal opens with: prices may not be at hand
when it is asked for. A form without a name is given one, and so is one whose name is taken."""


def open_modal(services: Services, interaction: Interaction, prefill: Prefill | None = None) -> None:
    """Opens it in the background. What goes wrong is told in private."""
    opener = _Opener(services, interaction, prefill or partial(_proposed, services, interaction))
    services.background.start(opener.open(), opener.apologise)


def _proposed(services: Services, interaction: Interaction, _market: Market, beginning: Beginning) -> Opening:
    return Opening(first_form(services, interaction.channel, beginning), beginning.note or None)


@dataclass(frozen=True)
class _Opener:
    """One modal on its way to the screen."""

    services: Services
    interaction: Interaction
    prefill: Prefill

    async def open(self) -> None:
        market = self.services.gpus.market
        if market is None:
            view = loading_view(self._context(advanced=False).dump())
        else:
            view = self._drawn(market, await begin_with(self.services, self.interaction))
        try:
            answer = await self.services.client.api_call(
                "views.open", json={"trigger_id": self.interaction.trigger_id, "view": view}
            )
        except CALL_FAILED as error:
            log.warning("modal_not_opened", error=slack_errors.error_code(error))
            await self._say("Slack did not open the form in time. Please try again.")
            return
        if market is None:
            # The prices were not at hand when the modal opened.
            await show(self.services, _view_id(answer.data), await self._filled())

    async def apologise(self, reference: str) -> None:
        await self._say(wording.unexpected(reference))

    async def _filled(self) -> Block:
        try:
            async with asyncio.timeout(_COLD_PATIENCE_SECONDS):
                beginning = await begin_with(self.services, self.interaction)
                return self._drawn(await self.services.gpus.get_market(), beginning)
        except (TimeoutError, NovitaUnclear, NovitaUnsent):
            return problem_view(wording.NO_PRICES)
        except GpuBotError as error:
            return problem_view(wording.error_words(error))

    def _drawn(self, market: Market, beginning: Beginning) -> Block:
        opening = self.prefill(market, beginning)
        form, instead = fitted(opening.form, market, self.services.gpus.limits_for(self.interaction.actor))
        wished, form = form.name, named(form, beginning.names)
        numbered = f"{wished} is the name of another instance, so this is {form.name}."
        renamed = numbered if wished and wished != form.name else ""
        note = " ".join(filter(None, (opening.note, renamed, *instead.values())))
        context = self._context(advanced=opening.advanced)
        context = context if wished else context.proposing(form)
        return draw(self.services, self.interaction.actor, form, market, context, note or None)

    def _context(self, *, advanced: bool) -> ModalContext:
        return ModalContext(channel=self.interaction.channel[:100], advanced=advanced)

    async def _say(self, sentence: str) -> None:
        """By response_url where there is one: the trigger is used up."""
        if self.interaction.response_url:
            await PrivateAnswer(self.services, self.interaction).say(notice(sentence))


def _view_id(data: Mapping[str, Any] | bytes) -> str:
    return str(data["view"]["id"]) if isinstance(data, Mapping) else ""
