"""The bodies and query strings that /api takes."""

from __future__ import annotations

from typing import Annotated

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BeforeValidator,
    Field,
)

from bot.http.api.requests.fields import (
    Asked,
    Duration,
    Nothing,
    statuses,
    utc,
)
from bot.http.api.shape import ENDED_KEPT
from core.domain.base import BillingMode
from core.domain.instance import Status
from core.domain.request import GPU_NUM_LIMIT

PAGE_LIMIT = 100


class ExtendBody(Asked):
    """How far to extend a lease: either `by` or `until`, at most to MAX_LEASE from now."""

    by: Duration | Nothing = Field(None, description="So much after the present end: `4h`, or seconds.")
    until: Annotated[AwareDatetime, AfterValidator(utc)] | Nothing = Field(
        None, description="An instant with its offset, `2026-11-23T18:00:00Z`. Safe to repeat; never shortens a lease."
    )


class NamedBody(Asked):
    """Which instance an order is for, by its name."""

    REQUIRED = ("instance_name",)

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
