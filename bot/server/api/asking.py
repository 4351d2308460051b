"""What callers send to /api: bodies and query strings, read leniently and with every bad field named at once."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, ClassVar, Literal, TypeVar

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationError,
    WithJsonSchema,
    model_validator,
)
from pydantic.alias_generators import to_camel
from pydantic.json_schema import SkipJsonSchema

from bot.server.api.shapes import ENDED_KEPT
from core.durations import read_duration
from core.models import (
    DISK_DEFAULT_GB,
    DISK_MAX_GB,
    DISK_MIN_GB,
    GPU_NUM_LIMIT,
    NAME_PATTERN,
    BillingMode,
    LeaseEnd,
    Status,
)
from core.requests import SHORTEST_LEASE, Draft, Limits, Problems
from core.transitions import STATUSES

NO_END = "none"
PAGE_LIMIT = 100

SHORTEST, LONGEST = SHORTEST_LEASE, timedelta(days=3650)
"""What is longer is a slip, and might leave the calendar."""

_TEMPLATE_ID = re.compile(r"[!-~]{1,100}")
_CHANNEL = re.compile(r"[CG][A-Z0-9]{2,40}")
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

T = TypeVar("T", bound="Asked")


class Asked(BaseModel):
    """What is not known is left out, and null is as good as nothing, so that older and newer callers get along.

    No field is required here, so that one bad field does not hide the others; `REQUIRED` is what has to be there.
    """

    REQUIRED: ClassVar[tuple[str, ...]] = ()

    model_config = ConfigDict(
        frozen=True, alias_generator=to_camel, populate_by_name=True, extra="ignore", hide_input_in_errors=True
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


def _utc(instant: datetime) -> datetime:
    try:
        return instant.astimezone(UTC)
    except OverflowError:
        raise ValueError("It is not within the calendar.") from None


def _channel(value: object) -> object:
    if not isinstance(value, str) or not _CHANNEL.fullmatch(value):
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


class CreateBody(Asked):
    """A new instance."""

    REQUIRED = ("name", "product_name", "template_id")

    model_config = ConfigDict(json_schema_extra={"required": [to_camel(name) for name in REQUIRED]})

    name: str | Nothing = Field(
        None, description="1 to 100 letters, digits, - and _.", json_schema_extra={"pattern": NAME_PATTERN}
    )
    product_name: str | Nothing = Field(
        None,
        description="A GPU as /api/offers names it, such as `RTX 4090 24GB`, in any case, or a part that fits "
        "only one.",
    )
    template_id: TemplateId | Nothing = Field(None, description="The id of a template, as text or number.")
    gpu_num: WholeNumber = Field(
        1,
        description=f"How many GPUs: 1 to {GPU_NUM_LIMIT}.",
        json_schema_extra={"minimum": 1, "maximum": GPU_NUM_LIMIT},
    )
    rootfs_size: WholeNumber = Field(
        DISK_DEFAULT_GB,
        description="The disk in GB, within the product's limits.",
        json_schema_extra={"minimum": DISK_MIN_GB, "maximum": DISK_MAX_GB},
    )
    region: Text = Field(
        None,
        description="The region to try first, such as `CN-HK-01`; DEFAULT_REGION without it. One that Novita does not "
        "list is a wish: `message` says so, and others are used.",
    )
    billing_mode: BillingMode = Field(BillingMode.SPOT, description="`spot` or `onDemand`.")
    lease: Lease | Nothing = Field(
        None,
        description="How long it may run once it is up: `4h`, `90m`, `1d12h`, `none` for no end, or seconds; "
        "DEFAULT_LEASE without it.",
    )
    lease_end: LeaseEnd = Field(LeaseEnd.STOP, description="What happens then: `stop` or `delete`.")
    channel: Annotated[str, BeforeValidator(_channel)] | Nothing = Field(
        None, description="The id of the Slack channel that hears of it; without one no one in Slack does."
    )
    webhook_url: Text = Field(None, description="An https address that is told what happens.")
    envs: Envs = Field(
        default_factory=dict,
        repr=False,
        description='Environment variables: an object, or a list of {"key", "value"}. The values are stored nowhere.',
    )


class ExtendBody(Asked):
    """How far to extend a lease: either `by` or `until`, at most to MAX_LEASE from now."""

    by: Duration | Nothing = Field(None, description="So much after the present end: `4h`, or seconds.")
    until: Annotated[AwareDatetime, AfterValidator(_utc)] | Nothing = Field(
        None, description="An instant with its offset, `2026-11-23T18:00:00Z`. Safe to repeat; never shortens a lease."
    )


class NamedBody(Asked):
    """Which instance an order is for, by its name."""

    REQUIRED = ("instance_name",)

    model_config = ConfigDict(json_schema_extra={"required": [to_camel(name) for name in REQUIRED]})

    instance_name: str | Nothing = Field(None, description="The whole name that it was created under.")


def _statuses(value: object) -> object:
    """Several at once; Novita's own words and those of novita-ai-api are read as what the bot calls them."""
    words = [part for part in _MANY.split(value.strip()) if part] if isinstance(value, str) else value
    return [_STATUS_WORDS.get(word.casefold(), word) for word in words] if isinstance(words, list) else words


class InstancesQuery(Asked):
    """Which instances to list."""

    status: Annotated[tuple[Status, ...], BeforeValidator(_statuses)] = Field(
        (),
        description="One or more, repeated or separated by commas; without it all that have not ended. `deleted` and "
        f"`failed` add those that ended in the last {ENDED_KEPT}.",
    )
    owner: str | Nothing = Field(None, description="The Slack id of a person, or `api`.")
    limit: Annotated[int, Field(ge=1, le=PAGE_LIMIT)] | Nothing = Field(
        None, description="How many on a page, 1 to 100; all of them without it."
    )
    cursor: str | Nothing = Field(None, description="`nextCursor` of the page before.")
    source: str | Nothing = Field(
        None, description="`all` adds what is at Novita and on no record of the bot's; any other word changes nothing."
    )


class OffersQuery(Asked):
    """Which offers to list."""

    product: str | Nothing = Field(None, description="Words that the product's name holds.")
    region: str | Nothing = Field(None, description="A region's whole name.")
    billing_mode: BillingMode | Nothing = Field(None, description="`spot` or `onDemand`.")
    gpu_num: int = Field(
        1,
        ge=1,
        le=GPU_NUM_LIMIT,
        description=f"How many GPUs at once `stock` is about, 1 to {GPU_NUM_LIMIT}; the price is for one.",
    )


class TemplatesQuery(Asked):
    """Which templates to list."""

    q: str | Nothing = Field(None, description="Words that its name, id or image holds.")


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


def draft_of(body: CreateBody, limits: Limits, default_region: str | None) -> Draft:
    """The body with this installation's defaults."""
    lease = limits.default_lease if body.lease is None else body.lease
    span = lease if isinstance(lease, timedelta) else None
    return Draft(
        name=body.name,
        product_name=body.product_name,
        template_id=body.template_id,
        region=body.region or default_region,
        gpu_num=body.gpu_num,
        rootfs_size=body.rootfs_size,
        billing_mode=body.billing_mode,
        lease=span,
        no_end=span is None,
        lease_end=body.lease_end,
        channel=body.channel,
        webhook_url=body.webhook_url,
        envs=body.envs,
    )


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
