"""Brings documents up to the shape that this version writes: each step from one shape to the next, pure.

What this version writes is read as it is. A document of a newer shape is refused (core.adapters.redis.documents):
an older process has to be stopped before it.
"""

from __future__ import annotations

import json
from typing import Any, TypeVar

from pydantic import ValidationError

from core.adapters.redis.documents import Kind, NotReadable, is_current, not_readable, opened
from core.domain.base import Actor, Cause, Value
from core.domain.events import Event, read_event
from core.domain.instance import Instance, StopReason

_V = TypeVar("_V", bound=Value)

_OF_ORDERS = ("order_given", "order_failed", "order_stuck")

GROUPS: dict[str, dict[str, str]] = {
    "intent": {
        "request_key": "request_key",
        "fingerprint": "fingerprint",
        "request_id": "request_id",
        "env_names": "env_names",
        "template_env_names": "template_env_names",
        "template_name": "template_name",
        "unlisted_region": "unlisted_region",
        "origin": "origin",
    },
    "launch": {
        "launcher": "process",
        "offer": "offer",
        "attempts": "attempts",
        "in_doubt_since": "in_doubt_since",
        "launched_at": "accepted_at",
    },
    "remote": {
        "novita_id": "id",
        "novita_status": "status",
        "listed_name": "listed_name",
        "endpoints": "endpoints",
        "endpoints_known": "endpoints_known",
        "run": "run",
    },
    "faults": {
        "fault": "present",
        "faults_told": "told",
    },
    "absence": {
        "missing_since": "since",
        "missed_at": "missed_at",
        "missed_for": "missed_for",
    },
    "startup": {
        "starting_since": "since",
        "start_ends_at": "ends_at",
        "slow_notices": "notices",
    },
    "lease": {
        "lease_ends_at": "ends_at",
        "lease_set_at": "set_at",
        "asked_at": "asked_at",
        "reminded": "reminded",
    },
    "standstill": {
        "stopped_at": "since",
        "stopped_because": "reason",
        "stopped_reminders": "reminders",
        "data_until": "data_until",
    },
    "spot": {
        "spot_noticed": "noticed",
        "spot_reclaim_at": "reclaim_at",
    },
    "hook": {
        "hook_digest": "digest",
        "reports_left_out": "left_out",
    },
}
"""Where each field of a record of shape 1, in which all stood side by side, stands in one of shape 2."""


def read_record(text: str) -> Instance:
    """The record in a stored document. Raises NotReadable."""
    if not is_current(Kind.RECORD, text):
        text = json.dumps(upgraded_record(opened(text)))
    try:
        return Instance.model_validate_json(text)
    except ValidationError as error:
        raise not_readable(error) from None


def read_news(line: str, instance: Instance | None = None) -> Event:
    """The event in a line of a timeline, of `instance` where that is at hand. Raises NotReadable."""
    if not is_current(Kind.EVENT, line):
        is_hung = instance is not None and _has_hung(instance.startup.ends_at, instance.standstill.reason)
        line = json.dumps(upgraded_event(opened(line), _by_itself(is_hung=is_hung)))
    try:
        return read_event(line)
    except ValidationError as error:
        raise not_readable(error) from None


def read_value(kind: Kind, model: type[_V], text: str) -> _V:
    """What else is stored, of which there has been but one shape yet. Raises NotReadable."""
    is_current(kind, text)
    try:
        return model.model_validate_json(text)
    except ValidationError as error:
        raise not_readable(error) from None


def upgraded_record(document: dict[str, Any]) -> dict[str, Any]:
    """A record of shape 1, with the causes of its orders and in groups. Raises NotReadable."""
    try:
        return grouped(with_causes(document))
    except (ValidationError, AttributeError, TypeError):
        raise NotReadable("it is no record of any shape") from None


def grouped(document: dict[str, Any]) -> dict[str, Any]:
    """A record whose fields stood side by side, each in its group."""
    moved = {name for names in GROUPS.values() for name in names}
    record = {name: value for name, value in document.items() if name not in moved}
    for group, names in GROUPS.items():
        record[group] = {new: document[old] for old, new in names.items() if old in document}
    if isinstance(had := document.get("at_end"), dict):
        # When it ended was all that was cleared of its lease then.
        lease = record["lease"] | {new: had[old] for old, new in GROUPS["lease"].items() if old in had}
        remote = record["remote"] | {new: had[old] for old, new in GROUPS["remote"].items() if old in had}
        kept = {name: value for name, value in had.items() if name not in moved}
        record |= {"at_end": {**kept, "remote": remote, "lease": lease}, "lease": {}}
    return record


def with_causes(document: dict[str, Any]) -> dict[str, Any]:
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
    """An event of shape 1: one about an order may not say its cause. Raises NotReadable."""
    if "cause" in document:
        return document
    try:
        match document.get("type"):
            case kind if kind in _OF_ORDERS:
                return {**document, "cause": _cause(document.get("actor"), by_itself)}
            case "instance_deleted":
                return document | {"cause": _cause(document.get("actor"), by_itself) if document.get("asked") else None}
            case "instance_stopped":
                return document | {"cause": _cause_of_stop(document)}
    except ValidationError as error:
        raise not_readable(error) from None
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
