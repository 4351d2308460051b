"""How each kind of field is read from JSON or a query: leniently, and with what is wrong in a sentence."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from bot.slack.ids import CHANNEL_ID
from core.domain.durations import read_duration
from core.domain.instance import Status
from core.domain.transitions import STATUSES
from core.domain.validation import SHORTEST_LEASE

NO_END = "none"

SHORTEST, LONGEST = SHORTEST_LEASE, timedelta(days=3650)
"""What is longer is a slip, and might leave the calendar."""

_TEMPLATE_ID = re.compile(r"[!-~]{1,100}")
_MANY = re.compile(r"\s*,\s*")

_STATUS_WORDS: dict[str, str] = {
    **{word.casefold(): status.value for word, status in STATUSES.items()},
    **{status.value: status.value for status in Status},
    "created": Status.STARTING,
    "ready": Status.RUNNING,
    "health_checking": Status.RUNNING,
    "terminated": Status.DELETED,
}
"""What callers may call a state: ours, Novita's own words, and those of novita-ai-api."""

_LARGEST, _DIGITS = 10**18, 40
"""No number in a body is larger, nor longer when it is written as text."""


def _require(schema: dict[str, Any], shape: type[Any]) -> None:
    """Says in the description of a body what has to be there."""
    if shape.REQUIRED:
        schema["required"] = [to_camel(name) for name in shape.REQUIRED]


class Asked(BaseModel):
    """What is not known is left out, and null is as good as nothing, so that older and newer callers get along.

    No field is required here, so that one bad field does not hide the others; `REQUIRED` is what has to be there.
    """

    REQUIRED: ClassVar[tuple[str, ...]] = ()

    model_config = ConfigDict(
        frozen=True,
        alias_generator=to_camel,
        populate_by_name=True,
        extra="ignore",
        hide_input_in_errors=True,
        json_schema_extra=_require,
    )

    @model_validator(mode="before")
    @classmethod
    def _without_nulls(cls, raw: dict[str, Any]) -> dict[str, Any]:
        return {name: value for name, value in raw.items() if value is not None}


def _template_id(value: object) -> object:
    is_number = isinstance(value, int) and not isinstance(value, bool) and 0 <= value < _LARGEST
    text = str(value) if is_number else value
    if not isinstance(text, str) or not _TEMPLATE_ID.fullmatch(text):
        raise ValueError("Expected the id of a template: a number, or up to 100 characters without blanks.")
    return text


def _number(value: object) -> object:
    """Numbers may come as text, as from a form; true is none, and neither is what is larger than any number here."""
    is_too_long = isinstance(value, str) and len(value) > _DIGITS
    is_too_large = isinstance(value, int | float) and not -_LARGEST < value < _LARGEST
    return "none" if isinstance(value, bool) or is_too_long or is_too_large else value


def _duration(value: object) -> object:
    """`4h`, `90m`, `1d12h` or a number of seconds."""
    span: timedelta | None = None
    if isinstance(value, str):
        span = read_duration(value)
    elif isinstance(value, int | float) and not isinstance(value, bool) and 0 < value <= LONGEST.total_seconds():
        span = timedelta(seconds=value)
    if not span or span > LONGEST:
        raise ValueError('Expected a duration such as "4h", "90m" or "1d12h", or a number of seconds above 0.')
    if span < SHORTEST:
        raise ValueError("That is too short: a minute is the least.")
    return span


def _lease(value: object) -> object:
    return NO_END if isinstance(value, str) and value.strip().lower() == NO_END else _duration(value)


def utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("It is not within the calendar.") from None


def channel_id(value: object) -> object:
    if not isinstance(value, str) or not CHANNEL_ID.fullmatch(value):
        raise ValueError("Expected the id of a Slack channel, such as C012AB3CD; names do not work here.")
    return value


def _envs(value: object) -> object:
    """An object, or a list of `{"key", "value"}`. What is wrong is told without a value: values are secrets."""
    pairs = list(value.items()) if isinstance(value, dict) else _pairs(value)
    if any(not isinstance(key, str) or not isinstance(text, str) for key, text in pairs):
        raise ValueError("Every variable's value has to be a string.")
    envs = dict(pairs)
    if len(envs) < len(pairs):
        raise ValueError("A variable is set twice.")
    return envs


def _pairs(value: object) -> list[tuple[object, object]]:
    if not isinstance(value, list) or not all(map(_is_pair, value)):
        raise ValueError('Expected an object, or a list of {"key", "value"}.')
    return [(each["key"], each["value"]) for each in value]


def _is_pair(value: object) -> bool:
    return isinstance(value, dict) and {"key", "value"} <= value.keys()


def _blank_is_nothing(value: object) -> object:
    return None if value == "" else value


_DURATION_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "number", "minimum": SHORTEST.total_seconds()}]}
_ENVS_SCHEMA = {
    "anyOf": [
        {"type": "object", "additionalProperties": {"type": "string"}},
        {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["key", "value"],
                "properties": {"key": {"type": "string"}, "value": {"type": "string"}},
            },
        },
    ]
}
_TEMPLATE_SCHEMA = {"anyOf": [{"type": "string"}, {"type": "integer"}]}

Nothing = SkipJsonSchema[None]
WholeNumber = Annotated[int, BeforeValidator(_number)]
Text = Annotated[str | Nothing, BeforeValidator(_blank_is_nothing)]
Duration = Annotated[timedelta, BeforeValidator(_duration), WithJsonSchema(_DURATION_SCHEMA)]
Lease = Annotated[timedelta | Literal["none"], BeforeValidator(_lease), WithJsonSchema(_DURATION_SCHEMA)]
Envs = Annotated[dict[str, str], BeforeValidator(_envs), WithJsonSchema(_ENVS_SCHEMA)]
TemplateId = Annotated[str, BeforeValidator(_template_id), WithJsonSchema(_TEMPLATE_SCHEMA)]


def statuses(value: object) -> object:
    """Several at once; Novita's own words and those of novita-ai-api are read as what the bot calls them."""
    words = [part for part in _MANY.split(value.strip()) if part] if isinstance(value, str) else value
    return [_STATUS_WORDS.get(word.casefold(), word) for word in words] if isinstance(words, list) else words
