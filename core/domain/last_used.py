"""What a person created last, for the next form to start with: no name, no variables, and no address of a webhook."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter, ValidationError

from core.domain.request import Draft, Field, InstanceRequest, draft_of

_FORGOTTEN = {Field.NAME, Field.LEASE_END, Field.WEBHOOK_URL, Field.ENVS}
"""What the end of the lease does deletes data, and is chosen each time anew. A webhook's address may hold a secret in
it, and belongs to one machine, as a name and variables do."""

_LAST: TypeAdapter[Draft] = TypeAdapter(Draft)


def last_used(request: InstanceRequest) -> Draft:
    """A person's choices of this time. None of a field is no word about it, but for `region`: there it is any."""
    nothing = Draft()
    return replace(draft_of(request), **{name.value: getattr(nothing, name) for name in _FORGOTTEN})


def write(last: Draft) -> str:
    """As JSON."""
    return _LAST.dump_json(last, exclude={name.value for name in _FORGOTTEN}).decode()


def read(text: str) -> Draft | None:
    """From what some version of this program wrote: a field that this one cannot read is left out.

    None when it is nothing of ours at all.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict):
        return None
    return _read({name: value for name, value in found.items() if name not in _FORGOTTEN})


def _read(found: dict[str, Any]) -> Draft | None:
    try:
        return _LAST.validate_python(found)
    except ValidationError as error:
        unread = {each["loc"][0] for each in error.errors() if each["loc"]}
    try:
        return _LAST.validate_python({name: value for name, value in found.items() if name not in unread})
    except ValidationError:
        return None
