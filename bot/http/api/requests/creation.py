"""The request for an instance in JSON: as it is asked for, and as it is shown."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from bot.http.api.requests.fields import Asked, Envs, Lease, Nothing, TemplateId, Text, WholeNumber, channel_id
from bot.http.api.shape import Shape
from core.domain.base import BillingMode
from core.domain.novita import NovitaInstance
from core.domain.request import (
    DISK_DEFAULT_GB,
    DISK_MAX_GB,
    DISK_MIN_GB,
    GPU_NUM_LIMIT,
    NAME_PATTERN,
    Draft,
    InstanceRequest,
    LeaseEnd,
)


class CreateBody(Asked):
    """A new instance."""

    REQUIRED = ("name", "product_name", "template_id")

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


class RequestShown(Shape):
    """What was asked for, as it is shown with the instance."""

    name: str
    product_name: str
    gpu_num: int
    rootfs_size: int = Field(description="GB.")
    template_id: str
    billing_mode: BillingMode
    lease_end: LeaseEnd = Field(description="What happens at the end of the lease.")
    channel: str | None


def draft_of(body: CreateBody) -> Draft:
    """What the body asks for."""
    span = body.lease if isinstance(body.lease, timedelta) else None
    return Draft(**(dict(body) | {"lease": span, "no_end": body.lease is not None and span is None}))


def request_shown(request: InstanceRequest) -> dict[str, Any]:
    """The fields of RequestShown."""
    return {name: getattr(request, name) for name in RequestShown.model_fields}


def request_shown_outside(novita: NovitaInstance) -> dict[str, Any]:
    """The same of what is on no record: as far as Novita shows what it was asked for."""
    is_spot = novita.billing_mode == BillingMode.SPOT
    return {
        "name": novita.name,
        "product_name": novita.product_name,
        "gpu_num": novita.gpu_num,
        "rootfs_size": novita.disk_gb,
        "template_id": "",
        "billing_mode": BillingMode.SPOT if is_spot else BillingMode.ON_DEMAND,
        "lease_end": LeaseEnd.STOP,
        "channel": None,
    }
