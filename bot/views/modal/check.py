"""From a form to a request, or to a sentence under each field that stands in the way."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.views.modal.form import Form
from core.domain import validation
from core.domain.clip import clip
from core.domain.market import Market
from core.domain.request import Field, InstanceRequest
from core.domain.validation import Limits, Problems

_ERROR_LIMIT = 1000


def preview_check(form: Form, market: Market, limits: Limits) -> InstanceRequest | Problems:
    """The request in the form, for a line that is only shown yet. The gate asks Novita for the template."""
    checked = validation.check(form, market, limits)
    problems = checked if isinstance(checked, dict) else {}
    if not form.channel:
        problems |= {Field.CHANNEL.value: validation.NO_CHANNEL}
    return {**problems, **form.unread} or checked


def errors_by_block(view: Mapping[str, Any], problems: Mapping[str, str]) -> dict[str, str]:
    """The problems as Slack wants them: under the block_id of each field in this very view.

    A field that the view does not show is told under the product, which it always shows.
    """
    shown = {block["element"]["action_id"]: block["block_id"] for block in view["blocks"] if block["type"] == "input"}
    spare = shown.get(Field.PRODUCT_NAME.value) or next(iter(shown.values()))
    found: dict[str, list[str]] = {}
    for field, problem in problems.items():
        found.setdefault(shown.get(field, spare), []).append(problem)
    return {block_id: clip(" ".join(sentences), _ERROR_LIMIT) for block_id, sentences in found.items()}
