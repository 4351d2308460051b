"""While the create modal is open: the price line follows every choice, templates are found as one types."""

from __future__ import annotations

import asyncio
import contextlib
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.listeners import interactions
from bot.listeners.create.drawing import draw
from bot.listeners.create.screen import show
from bot.listeners.create.submitting import request_key
from bot.listeners.services import Services
from bot.slack import typed
from bot.slack.errors import SlackErrorKind
from bot.slack.ids import Action
from bot.views.modal import Form, ModalContext, read_context, read_form, template_options
from bot.views.modal.fields import FIELDS
from bot.views.text import Block
from core.domain.base import Actor, BillingMode
from core.domain.clock import MOMENT
from core.domain.errors import NovitaError, StoreUnavailable
from core.domain.request import Field

_NEVER = 1e11
"""Unix seconds, thousands of years from now."""

_PRICED = (each.name for each in FIELDS if each.is_priced)
_EDITS = re.compile("|".join(f"^{name.value}$" for name in (*_PRICED, Action.REVEAL_ADVANCED, Action.USE_ON_DEMAND)))


def register(app: AsyncApp, services: Services) -> None:
    editor = _Editor(services)

    async def on_edit(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        if isinstance(body.get("view"), dict):
            actor = interactions.from_payload(body).actor
            services.background.start(editor.redraw(actor, body["view"], action))

    async def on_search(ack: AsyncAck, body: dict[str, Any]) -> None:
        # A web that has just started knows no templates yet, and an empty menu says nothing.
        with contextlib.suppress(NovitaError, TimeoutError):
            async with asyncio.timeout(MOMENT.total_seconds()):
                await services.gpus.get_templates()
        await ack(options=template_options(services.gpus.templates, typed.on_one_line(str(body.get("value") or ""))))

    app.block_action(_EDITS)(on_edit)
    app.options(Field.TEMPLATE_ID.value)(on_search)


class _Editor:
    """Redraws forms so that of several quick edits the last one stays, whichever web process hears of which."""

    def __init__(self, services: Services) -> None:
        self._services = services
        self._latest: dict[str, tuple[float, Block]] = {}
        """The last drawing of each form that this process is redrawing, by the stamp of its edit."""
        self._under_way: Counter[str] = Counter()
        """How many redrawings of each form are not done yet."""

    async def redraw(self, actor: Actor, view: dict[str, Any], action: dict[str, Any]) -> None:
        view_id, stamp = str(view.get("id")), _stamp(action)
        if not await self._is_latest(view_id, stamp):
            return
        with self._counted(view_id):
            form, context = _edited(read_form(view), read_context(view), str(action.get("action_id")))
            billing = form.billing_mode or BillingMode.SPOT
            await self._services.gpus.get_market_for(form.gpu_num or 1, billing)  # So that it is at hand for drawing.
            drawn = draw(self._services, actor, form, await self._services.gpus.get_market(), context)
            if stamp >= self._latest.get(view_id, (stamp, drawn))[0]:
                self._latest[view_id] = (stamp, drawn)
            kind = await show(self._services, view_id, drawn, newer_than=str(view.get("hash") or ""))
            if kind is SlackErrorKind.GONE and await self._is_latest(view_id, stamp):
                await self._show_anyhow(view_id, drawn)

    @contextmanager
    def _counted(self, view_id: str) -> Iterator[None]:
        """The last drawing is kept until the slowest update of its form has come through."""
        self._under_way[view_id] += 1
        try:
            yield
        finally:
            self._under_way[view_id] -= 1
            if not self._under_way[view_id]:
                del self._under_way[view_id]
                self._latest.pop(view_id, None)

    async def _show_anyhow(self, view_id: str, drawn: Block) -> None:
        """The form had changed under this edit, and no later edit will mend it; unless it is submitted by now.

        When this update was slower than that of a still later edit, the later one is shown once more.
        """
        if await self._is_submitted(view_id):
            return
        await show(self._services, view_id, drawn)
        _, later = self._latest.get(view_id, (0, drawn))
        if later is not drawn:
            await show(self._services, view_id, later)

    async def _is_latest(self, view_id: str, stamp: float) -> bool:
        try:
            return await self._services.stamps.max_stamp(f"edit:{view_id}", stamp) <= stamp
        except StoreUnavailable:
            return True

    async def _is_submitted(self, view_id: str) -> bool:
        try:
            return await self._services.gpus.id_for_request(request_key(view_id)) is not None
        except StoreUnavailable:
            return True


def _stamp(action: dict[str, Any]) -> float:
    """When it was done, in unix seconds; 0 for what is no such time."""
    try:
        stamp = float(action.get("action_ts") or 0)
    except (TypeError, ValueError, OverflowError):
        return 0.0
    return stamp if 0 <= stamp < _NEVER else 0.0


def _edited(form: Form, context: ModalContext, action_id: str) -> tuple[Form, ModalContext]:
    if action_id == Action.REVEAL_ADVANCED.value:
        # Hiding clears, as the button says: a webhook that is filled in is always drawn.
        return (replace(form, webhook_url=None) if context.advanced else form), context.toggled()
    if action_id == Action.USE_ON_DEMAND.value:
        return replace(form, billing_mode=BillingMode.ON_DEMAND), context.switched()
    return form, context
