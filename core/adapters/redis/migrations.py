"""Reads records and events as they are stored, also those that earlier versions of this program wrote.

What this version writes is read as it is; only what cannot be read so is brought up first, and tried once more. A
process of an earlier version, for the minute that it runs beside this one, reads what this one writes: it leaves out
`cause`, and finds `actor` where and as it always was.
"""

from __future__ import annotations

import json
from typing import Any

from pydantic import ValidationError

from core.domain.base import Actor, Cause
from core.domain.events import Event, event_of, read_event
from core.domain.instance import Instance, StopReason

_OF_ORDERS = ("order_given", "order_failed", "order_stuck")


def read_record(text: str) -> Instance:
    """The record in a stored document. Raises pydantic.ValidationError, without its text, on anything else."""
    try:
        return Instance.model_validate_json(text)
    except ValidationError as error:
        if (document := _document(text)) is None:
            raise
        try:
            return Instance.model_validate(upgraded_record(document))
        except ValidationError:
            raise error from None


def read_news(line: str, instance: Instance | None = None) -> Event:
    """The event in a line of a timeline, of `instance` where that is at hand. Raises pydantic.ValidationError."""
    try:
        return read_event(line)
    except ValidationError as error:
        if (document := _document(line)) is None:
            raise
        is_hung = instance is not None and _has_hung(instance.start_ends_at, instance.stopped_because)
        try:
            return event_of(upgraded_event(document, _by_itself(is_hung=is_hung)))
        except ValidationError:
            raise error from None


def upgraded_record(document: dict[str, Any]) -> dict[str, Any]:
    """A record from before orders had a cause: what nobody asked for was the lease's, or given up as it hung."""
    had, hangs = document.get("at_end"), document.get("start_ends_at") is not None
    ended = had is not None or document.get("stopped_because") is not None
    has_hung = _has_hung(document.get("start_ends_at") if ended else None, document.get("stopped_because"))
    upgraded = {
        **document,
        "order": upgraded_order(document.get("order"), _by_itself(is_hung=hangs)),
        "last_order": upgraded_order(document.get("last_order"), _by_itself(is_hung=has_hung)),
    }
    if isinstance(had, dict):
        upgraded["at_end"] = {**had, "order": upgraded_order(had.get("order"), _by_itself(is_hung=hangs))}
    return upgraded


def upgraded_order(document: Any, by_itself: Cause) -> Any:
    """An order, or a past one, that does not say its cause; `by_itself` is that of one that nobody asked for."""
    if not isinstance(document, dict) or "cause" in document:
        return document
    return {**document, "cause": _cause(document.get("actor"), by_itself)}


def upgraded_event(document: dict[str, Any], by_itself: Cause) -> dict[str, Any]:
    """An event about an order that does not say its cause."""
    if "cause" in document:
        return document
    match document.get("type"):
        case kind if kind in _OF_ORDERS:
            return {**document, "cause": _cause(document.get("actor"), by_itself)}
        case "instance_deleted":
            return document | {"cause": _cause(document.get("actor"), by_itself) if document.get("asked") else None}
        case "instance_stopped":
            return document | {"cause": _cause_of_stop(document)}
    return document


def _cause_of_stop(document: dict[str, Any]) -> Cause | None:
    reason = document.get("reason")
    if reason in (StopReason.LEASE, StopReason.HUNG):
        return Cause(reason)
    return _cause(document.get("actor"), None) if reason == StopReason.ASKED else None


def _cause(actor: Any, by_itself: Cause | None) -> Cause | None:
    return by_itself if actor is None else Actor.model_validate(actor).cause


def _by_itself(*, is_hung: bool) -> Cause:
    return Cause.HUNG if is_hung else Cause.LEASE


def _has_hung(start_ends_at: object, stopped_because: object) -> bool:
    """Whether it was given up because it did not come up: asked about until the stop, and noted with it."""
    return start_ends_at is not None or stopped_because == StopReason.HUNG


def _document(text: str) -> dict[str, Any] | None:
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return document if isinstance(document, dict) else None
