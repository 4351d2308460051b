"""Opens the create modal within the three seconds that a trigger lives (PLATFORM.md, Triggers)."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

import structlog

from bot import faults, words
from bot.faults import CALL_FAILED
from bot.listeners.create.beginning import Beginning, begin_with, first_form, named
from bot.listeners.create.drawing import draw
from bot.listeners.create.screen import show
from bot.listeners.visits import Answer, Visit
from bot.parts import Parts
from bot.views.blocks import notice
from bot.views.modal import Form, ModalContext, fitted, loading_view, problem_view
from bot.views.text import Block
from core.errors import GpuBotError, NovitaUnclear, NovitaUnsent
from core.models import Market

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


def open_modal(parts: Parts, visit: Visit, prefill: Prefill | None = None) -> None:
    """Opens it in the background. What goes wrong is told in private."""
    opener = _Opener(parts, visit, prefill or partial(_proposed, parts, visit))
    parts.background.start(opener.open(), opener.apologise)


def _proposed(parts: Parts, visit: Visit, _market: Market, beginning: Beginning) -> Opening:
    return Opening(first_form(parts, visit.channel, beginning), beginning.note or None)


@dataclass(frozen=True)
class _Opener:
    """One modal on its way to the screen."""

    parts: Parts
    visit: Visit
    prefill: Prefill

    async def open(self) -> None:
        market = self.parts.catalog.market
        if market is None:
            view = loading_view(self._context(advanced=False).dump())
        else:
            view = self._drawn(market, await begin_with(self.parts, self.visit))
        try:
            answer = await self.parts.client.api_call(
                "views.open", json={"trigger_id": self.visit.trigger_id, "view": view}
            )
        except CALL_FAILED as error:
            log.warning("modal_not_opened", error=faults.word_of(error))
            await self._say("Slack did not open the form in time. Please try again.")
            return
        if market is None:
            # The prices were not at hand when the modal opened.
            await show(self.parts, _view_id(answer.data), await self._filled())

    async def apologise(self, reference: str) -> None:
        await self._say(words.unexpected(reference))

    async def _filled(self) -> Block:
        try:
            async with asyncio.timeout(_COLD_PATIENCE_SECONDS):
                beginning = await begin_with(self.parts, self.visit)
                return self._drawn(await self.parts.catalog.get_market(), beginning)
        except (TimeoutError, NovitaUnclear, NovitaUnsent):
            return problem_view(words.NO_PRICES)
        except GpuBotError as error:
            return problem_view(words.error_words(error))

    def _drawn(self, market: Market, beginning: Beginning) -> Block:
        opening = self.prefill(market, beginning)
        form, instead = fitted(opening.form, market, self.parts.limits_for(self.visit.actor))
        wished, form = form.name, named(form, beginning.names)
        numbered = f"{wished} is the name of another instance, so this is {form.name}."
        renamed = numbered if wished and wished != form.name else ""
        note = " ".join(filter(None, (opening.note, renamed, *instead.values())))
        context = self._context(advanced=opening.advanced)
        context = context if wished else context.proposing(form)
        return draw(self.parts, self.visit.actor, form, market, context, note or None)

    def _context(self, *, advanced: bool) -> ModalContext:
        return ModalContext(channel=self.visit.channel[:100], advanced=advanced)

    async def _say(self, sentence: str) -> None:
        """By response_url where there is one: the trigger is used up."""
        if self.visit.response_url:
            await Answer(self.parts, self.visit).say(notice(sentence))


def _view_id(data: Mapping[str, Any] | bytes) -> str:
    return str(data["view"]["id"]) if isinstance(data, Mapping) else ""
