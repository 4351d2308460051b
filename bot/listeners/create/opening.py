"""Opens the create modal within the three seconds that a trigger lives (slack.md A2)."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Mapping
from typing import Any

import structlog
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot import faults, words
from bot.faults import CALL_FAILED
from bot.listeners.create.drawing import draw
from bot.listeners.create.screen import show
from bot.parts import Parts
from bot.views.modal import Form, ModalContext, loading_view, opening_form, problem_view
from bot.views.text import Block
from core.errors import GpuBotError, NovitaUnclear, NovitaUnsent

log = structlog.get_logger(__name__)

_COLD_PATIENCE_SECONDS = 25.0


def open_modal(parts: Parts, *, trigger_id: str, channel: str, response_url: str) -> None:
    """Opens it in the background. What goes wrong is told by `response_url`: it needs no membership (slack.md A3)."""

    async def apologise(reference: str) -> None:
        await _tell(response_url, words.unexpected(reference))

    parts.background.start(_open(parts, trigger_id, channel, response_url), apologise)


async def _open(parts: Parts, trigger_id: str, channel: str, response_url: str) -> None:
    context = ModalContext(channel=channel[:100])
    form = _first_form(parts, channel)
    market = parts.catalog.market
    view = loading_view(context.dump()) if market is None else draw(parts, form, market, context)
    try:
        answer = await parts.client.api_call("views.open", json={"trigger_id": trigger_id, "view": view})
    except CALL_FAILED as error:
        log.warning("modal_not_opened", error=faults.word_of(error))
        await _tell(response_url, "Slack did not open the form in time. Please try again.")
        return
    if market is None:
        await _fill(parts, _view_id(answer.data), form, context)


async def _fill(parts: Parts, view_id: str, form: Form, context: ModalContext) -> None:
    """The prices were not at hand when the modal opened."""
    await show(parts, view_id, await _filled(parts, form, context))


async def _filled(parts: Parts, form: Form, context: ModalContext) -> Block:
    try:
        async with asyncio.timeout(_COLD_PATIENCE_SECONDS):
            return draw(parts, form, await parts.catalog.get_market(), context)
    except (TimeoutError, NovitaUnclear, NovitaUnsent):
        return problem_view(words.NO_PRICES)
    except GpuBotError as error:
        return problem_view(words.error_words(error))


def _first_form(parts: Parts, channel: str) -> Form:
    return opening_form(
        f"gpu-{secrets.token_hex(2)}", channel=channel, lease=parts.limits.default_lease, region=parts.default_region
    )


def _view_id(data: Mapping[str, Any] | bytes) -> str:
    return str(data["view"]["id"]) if isinstance(data, Mapping) else ""


async def _tell(response_url: str, sentence: str) -> None:
    """An ephemeral line to whoever asked."""
    if not response_url:
        return
    try:
        answer = await AsyncWebhookClient(response_url, retry_handlers=[], timeout=8).send(text=sentence)
    except CALL_FAILED as error:
        log.warning("not_told_by_response_url", error=type(error).__name__)
    else:
        if answer.status_code != 200:
            log.warning("not_told_by_response_url", status=answer.status_code, error=answer.body)
