"""Makes out what can be made out of a record that cannot be read, so that its instance stays in sight."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from pydantic import ValidationError

from core.adapters.redis.documents import NotReadable, opened
from core.adapters.redis.migrations import GROUPS, grouped
from core.domain.base import NOBODY
from core.domain.instance import Instance
from core.domain.unreadable import Unreadable

_ROUNDS = 50
"""So many parts of a record may be beyond reading; then all of it is."""

_INSTEAD: dict[tuple[str, ...], Any] = {
    ("intent",): {"request_key": ""},
    ("intent", "request_key"): "",
    ("request", "template_id"): "",
    ("request", "product_name"): "unknown GPU",
    ("owner",): NOBODY.model_dump(),
    ("status",): "unknown",
    ("past_in_doubt",): True,
}
"""What stands where nothing can be read and something must: what costs least if it is wrong."""


def stand_in(instance_id: str, text: str, error: NotReadable, *, name: str = "", made_at: datetime | None) -> Instance:
    """An instance that tells as much as its record does, and of which nothing can be changed.

    `name` and `made_at` are what else is known of it.
    """
    instead = {
        **_INSTEAD,
        ("request",): {"name": name or instance_id, "product_name": "unknown GPU", "template_id": ""},
        ("request", "name"): name or instance_id,
        ("created_at",): (made_at or datetime.fromtimestamp(0, UTC)).isoformat(),
    }
    known: dict[str, Any] = {"id": instance_id, "unreadable": Unreadable(newer=error.newer, why=str(error)[:200])}
    document = {"status": "unknown"} | _in_groups(text)
    for _ in range(_ROUNDS):
        try:
            return Instance.model_validate(document | known)
        except ValidationError as wrong:
            for each in wrong.errors(include_input=False, include_url=False):
                _leave_out(document, each["loc"], instead, is_missing=each["type"] == "missing")
    bare = {path[0]: value for path, value in instead.items() if len(path) == 1}
    return Instance.model_validate(bare | known)


def _in_groups(text: str) -> dict[str, Any]:
    try:
        document = opened(text)
        return document if document.keys() & GROUPS.keys() else grouped(document)
    except (NotReadable, AttributeError, TypeError):
        return {}


def _leave_out(
    document: dict[str, Any], place: Sequence[int | str], instead: dict[tuple[str, ...], Any], *, is_missing: bool
) -> None:
    """Takes out what cannot be read, and what cannot do without that; puts there what must be there."""
    has_to_go = place[:-1] if is_missing and tuple(place) not in instead else place
    path = _through_objects(document, has_to_go)
    if not path:
        return
    holder = document
    for part in path[:-1]:
        holder = holder[part]
    if path in instead:
        holder[path[-1]] = copy.deepcopy(instead[path])
    else:
        holder.pop(path[-1], None)


def _through_objects(document: dict[str, Any], place: Sequence[int | str]) -> tuple[str, ...]:
    """The part of a place that leads through objects: of a list that is partly unreadable nothing is kept."""
    path: list[str] = []
    within: Any = document
    for part in place:
        if not isinstance(part, str) or not isinstance(within, dict):
            break
        path.append(part)
        within = within.get(part)
    return tuple(path)
