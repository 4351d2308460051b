"""While the create modal is open: the price line follows every choice, templates are found as one types."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.context.ack.async_ack import AsyncAck

from bot.faults import Kind
from bot.ids import Action, Field
from bot.listeners import visits
from bot.listeners.create.drawing import draw
from bot.listeners.create.screen import show
from bot.parts import Parts
from bot.views.modal import Form, ModalContext, read_context, read_form, template_options
from core.models import Actor, BillingMode

_PRICED = (Field.PRODUCT_NAME, Field.GPU_NUM, Field.BILLING_MODE, Field.REGION, Field.LEASE)
_EDITS = re.compile("|".join(f"^{name.value}$" for name in (*_PRICED, Action.REVEAL_ADVANCED, Action.USE_ON_DEMAND)))


def register(app: AsyncApp, parts: Parts) -> None:
    editor = _Editor(parts)

    async def on_edit(ack: AsyncAck, body: dict[str, Any], action: dict[str, Any]) -> None:
        await ack()
        if isinstance(body.get("view"), dict):
            actor = visits.of_click(body).actor
            parts.background.start(editor.redraw(actor, body["view"], str(action.get("action_id"))))

    async def on_search(ack: AsyncAck, body: dict[str, Any]) -> None:
        await ack(options=template_options(parts.catalog.templates, str(body.get("value") or "")))

    app.block_action(_EDITS)(on_edit)
    app.options(Field.TEMPLATE_ID.value)(on_search)


class _Editor:
    """Redraws modals. Remembers each open view's latest edit, so that of two quick ones the later is what stays."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._latest: dict[str, object] = {}

    async def redraw(self, actor: Actor, view: dict[str, Any], action_id: str) -> None:
        view_id = str(view.get("id"))
        mark = self._latest[view_id] = object()
        try:
            form, context = _edited(read_form(view), read_context(view), action_id)
            drawn = draw(self._parts, actor, form, await self._parts.catalog.get_market(), context)
            kind = await show(self._parts, view_id, drawn, newer_than=str(view.get("hash") or ""))
            if kind is Kind.GONE and self._latest.get(view_id) is mark:
                # The view had changed under this edit, and no later edit will mend it. When it is closed instead,
                # this is a second harmless `not_found`.
                await show(self._parts, view_id, drawn)
        finally:
            if self._latest.get(view_id) is mark:
                del self._latest[view_id]


def _edited(form: Form, context: ModalContext, action_id: str) -> tuple[Form, ModalContext]:
    if action_id == Action.REVEAL_ADVANCED.value:
        # Hiding clears, as the button says: a webhook that is filled in is always drawn.
        return (replace(form, webhook_url=None) if context.advanced else form), context.toggled()
    if action_id == Action.USE_ON_DEMAND.value:
        return replace(form, billing_mode=BillingMode.ON_DEMAND), context.switched()
    return form, context
