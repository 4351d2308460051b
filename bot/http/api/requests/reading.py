"""Reads what was sent into its shape, or says what is wrong by field."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime
from typing import Any, TypeVar

from pydantic import (
    ValidationError,
)
from pydantic.alias_generators import to_camel

from bot.http.api.requests.fields import Asked
from core.domain.validation import Problems

T = TypeVar("T", bound="Asked")


def read(shape: type[T], raw: Mapping[str, Any]) -> tuple[T, Problems]:
    """What was asked for, with defaults in place of what is wrong, and what is wrong by the caller's field names."""
    given = {name: value for name, value in raw.items() if name in _names(shape)}
    try:
        return shape.model_validate(given), {}
    except ValidationError as error:
        # A field that may be null has several errors; our own words come last, and stay.
        found = sorted(error.errors(include_input=False), key=lambda one: one["type"] == "value_error")
        problems = {str(one["loc"][0]): _sentence(shape, dict(one)) for one in found}
    kept = {name: value for name, value in given.items() if name not in problems}
    return shape.model_validate(kept), problems


def missing(shape: type[Asked], body: Asked) -> Problems:
    """The fields that have to be there and are not, by the caller's names."""
    absent = [name for name in shape.REQUIRED if getattr(body, name) is None]
    return {to_camel(name): f"Missing. Expected: {shape.model_fields[name].description}" for name in absent}


def write_cursor(created_at: datetime, instance_id: str) -> str:
    """The place of an instance in the list, to go on after it."""
    return base64.urlsafe_b64encode(f"{created_at.isoformat()} {instance_id}".encode()).decode().rstrip("=")


def read_cursor(cursor: str) -> tuple[datetime, str] | None:
    """The place that a cursor stands for; None when it is none of ours."""
    try:
        text = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)).decode()
        instant, _, instance_id = text.partition(" ")
        created_at = datetime.fromisoformat(instant)
    except ValueError:
        return None
    return (created_at, instance_id) if created_at.tzinfo else None


def _names(shape: type[Asked]) -> set[str]:
    return {str(field.alias) for field in shape.model_fields.values()}


def _sentence(shape: type[Asked], found: dict[str, Any]) -> str:
    """Our own words come as ValueError; for the rest the field's description says what is expected."""
    error = found.get("ctx", {}).get("error")
    if isinstance(error, ValueError):
        return str(error)
    described = next(f.description or "" for f in shape.model_fields.values() if f.alias == found["loc"][0])
    return f"Not understood. Expected: {described}"
