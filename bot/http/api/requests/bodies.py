"""The bodies and query strings that /api takes."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    ConfigDict,
    Field,
)
from pydantic.alias_generators import to_camel

from bot.http.api.requests.fields import (
    Asked,
    Duration,
    Envs,
    Lease,
    Nothing,
    TemplateId,
    Text,
    WholeNumber,
    channel_id,
    statuses,
    utc,
)
from bot.http.api.schemas import ENDED_KEPT
from core.domain.base import BillingMode
from core.domain.instance import Status
from core.domain.request import DISK_DEFAULT_GB, DISK_MAX_GB, DISK_MIN_GB, GPU_NUM_LIMIT, NAME_PATTERN, LeaseEnd

PAGE_LIMIT = 100


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
    channel: Annotated[str, BeforeValidator(channel_id)] | Nothing = Field(
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
    until: Annotated[AwareDatetime, AfterValidator(utc)] | Nothing = Field(
        None, description="An instant with its offset, `2026-11-23T18:00:00Z`. Safe to repeat; never shortens a lease."
    )


class NamedBody(Asked):
    """Which instance an order is for, by its name."""

    REQUIRED = ("instance_name",)

    model_config = ConfigDict(json_schema_extra={"required": [to_camel(name) for name in REQUIRED]})

    instance_name: str | Nothing = Field(None, description="The whole name that it was created under.")


class InstancesQuery(Asked):
    """Which instances to list."""

    status: Annotated[tuple[Status, ...], BeforeValidator(statuses)] = Field(
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
