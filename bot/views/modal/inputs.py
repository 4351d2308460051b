"""Reads the create modal back from what Slack sends.

Reading never raises: whatever is missing or not of the shape that we drew is simply not there, and the check then asks
for it.
"""

from __future__ import annotations

from collections.abc import Mapping

from bot.views.modal.fields import FIELDS, Input
from bot.views.modal.form import Form


def read_form(view: object) -> Form:
    """The form in a view as Slack sends it with a submission or a choice."""
    inputs, form = _inputs(view), Form()
    for each in FIELDS:
        form = each.read(form, Input(inputs.get(each.name)))
    return form


def _inputs(view: object) -> Mapping[str, object]:
    """Each field's state by action_id. State of blocks that are no longer in the view does not count."""
    values, blocks = _get(_get(view, "state"), "values"), _get(view, "blocks")
    if not isinstance(values, Mapping) or not isinstance(blocks, list):
        return {}
    kept = (values.get(block_id) for block_id in map(_block_id, blocks))
    states = [state for state in kept if isinstance(state, Mapping)]
    return {action_id: found for state in states for action_id, found in state.items()}


def _block_id(block: object) -> str:
    found = _get(block, "block_id")
    return found if isinstance(found, str) else ""


def _get(thing: object, key: str) -> object:
    return thing.get(key) if isinstance(thing, Mapping) else None
