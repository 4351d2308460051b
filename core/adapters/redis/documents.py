"""Every JSON document in Redis begins with the number of its shape; of a newer shape nothing is guessed."""

from __future__ import annotations

import json
from enum import StrEnum
from typing import Any

from pydantic import ValidationError


class Kind(StrEnum):
    """What a document is about."""

    RECORD = "record"
    EVENT = "event"
    DELIVERY = "delivery"
    MARKET = "market"
    STOCK = "stock"
    IDENTITY = "identity"
    ALARM = "alarm"
    LAST_USED = "last_used"
    CARD = "card"


SCHEMAS: dict[Kind, int] = {**dict.fromkeys(Kind, 1), Kind.RECORD: 2, Kind.EVENT: 2}
"""The shapes that this version writes; one more needs a step in `migrations`. What has no number is of shape 1."""


class NotReadable(Exception):
    """A document that this program cannot read: where and why, without a value, since a log may not hold any.

    `newer` is the number of its shape where that is newer than this program knows.
    """

    def __init__(self, why: str, newer: int | None = None) -> None:
        super().__init__(why)
        self.newer = newer


def stamped(kind: Kind, text: str) -> str:
    """A JSON object as it is to be written, with its number first. A document that has one already keeps it."""
    if not text.startswith("{") or text.startswith(_BEGINNING) or ('"schema"' in text and "schema" in _guessed(text)):
        return text
    return f"{_BEGINNING}{SCHEMAS[kind]}{'' if text == '{}' else ','}{text[1:]}"


def is_current(kind: Kind, text: str) -> bool:
    """Whether it is of the shape that this version writes: then it is read without looking at it twice.

    Raises NotReadable when it is of a newer one, or no document at all.
    """
    return text.startswith(_CURRENT[kind]) or number_of(kind, opened(text)) == SCHEMAS[kind]


def refuse_newer(kind: Kind, text: str) -> None:
    """Raises NotReadable when it is of a newer shape; what is no document at all is left to who reads it."""
    if '"schema"' in text:
        number_of(kind, _guessed(text))


def number_of(kind: Kind, document: dict[str, Any]) -> int:
    """The number of its shape. Raises NotReadable when that is a newer one, or none."""
    number = document.get("schema", 1)
    if type(number) is not int or number < 1:
        raise NotReadable("schema: it is no number of a shape")
    if number > SCHEMAS[kind]:
        raise NotReadable(f"schema: {number} is newer than {SCHEMAS[kind]}", number)
    return number


def opened(text: str) -> dict[str, Any]:
    """The document as it stands. Raises NotReadable when it is no JSON object."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        raise NotReadable("it is not JSON") from None
    if not isinstance(document, dict):
        raise NotReadable("it is no JSON object")
    return document


def _guessed(text: str) -> dict[str, Any]:
    try:
        return opened(text)
    except NotReadable:
        return {}


def not_readable(error: ValidationError) -> NotReadable:
    """The same as ours, without the values."""
    found = error.errors(include_input=False, include_url=False)[:3]
    return NotReadable("; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in found))


_BEGINNING = '{"schema":'
_CURRENT = {kind: f"{_BEGINNING}{number}," for kind, number in SCHEMAS.items()}
