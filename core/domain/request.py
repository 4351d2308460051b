"""What somebody asks for: the draft that every entrance makes, the request that is launched, and its bounds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import Field as Bounded
from pydantic import SecretStr

from core.domain.base import BillingMode, Value
from core.domain.novita import NovitaInstance

NAME_PATTERN = r"^[A-Za-z0-9_-]{1,100}$"
GPU_NUM_LIMIT = 8
DISK_MIN_GB, DISK_MAX_GB, DISK_DEFAULT_GB = 10, 6144, 60
"""Container disk in GB (API.md, Creating); 60 GB are free."""

ENV_LIMIT = 100
"""Environment variables that Novita takes (API.md, Creating)."""

HOOK_VARIABLE = "GPU_BOT_HOOK"
"""The environment variable that gives an instance the address for its own reports (core.services.reports)."""


class LeaseEnd(StrEnum):
    """What happens to an instance when its lease is over."""

    STOP = "stop"
    """Compute is no longer paid; the data is kept for a while, and its disk may cost."""
    DELETE = "delete"


class Field(StrEnum):
    """The name of each field of a request: in problems, in the form and in the one-liner."""

    NAME = "name"
    PRODUCT_NAME = "product_name"
    TEMPLATE_ID = "template_id"
    REGION = "region"
    GPU_NUM = "gpu_num"
    ROOTFS_SIZE = "rootfs_size"
    BILLING_MODE = "billing_mode"
    LEASE = "lease"
    LEASE_END = "lease_end"
    CHANNEL = "channel"
    WEBHOOK_URL = "webhook_url"
    ENVS = "envs"


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is asked for so far, unchecked. None means nothing (yet); a `region` of None also means any region."""

    name: str | None = None
    product_name: str | None = None
    template_id: str | None = None
    region: str | None = None
    gpu_num: int | None = None
    rootfs_size: int | None = None
    """The disk in GB."""
    billing_mode: BillingMode | None = None
    lease: timedelta | None = None
    no_end: bool = False
    """Whether no end was asked for, which is not the same as no word about it."""
    lease_end: LeaseEnd | None = None
    channel: str | None = None
    webhook_url: str | None = None
    envs: Mapping[str, str] = field(default_factory=dict, repr=False)


class InstanceRequest(Value):
    """What a person asks for. Environment values live in memory only: they are never written with the request."""

    name: str = Bounded(pattern=NAME_PATTERN)
    product_name: str
    template_id: str
    gpu_num: int = Bounded(default=1, ge=1, le=GPU_NUM_LIMIT)
    rootfs_size: int = Bounded(default=DISK_DEFAULT_GB, ge=DISK_MIN_GB, le=DISK_MAX_GB)
    region: str | None = None
    """Preferred region's name; None for any."""
    billing_mode: BillingMode = BillingMode.SPOT
    lease: timedelta | None = None
    """How long it may run, counted from running; None for no end."""
    lease_end: LeaseEnd = LeaseEnd.STOP
    channel: str | None = None
    webhook_url: str | None = None
    envs: dict[str, SecretStr] = Bounded(default_factory=dict, exclude=True, repr=False)


D = TypeVar("D", bound=Draft)


def draft_of(request: InstanceRequest) -> Draft:
    """What asks for the very same once more, to be checked by the rules of today; without environment values."""
    return Draft(**(dict(request) | {"no_end": request.lease is None, "envs": {}}))


def draft_as(kind: type[D], draft: Draft, **its_own: Any) -> D:
    """The draft as a kind of draft that holds more."""
    return kind(**{each.name: getattr(draft, each.name) for each in fields(Draft)}, **its_own)


def usual_draft() -> Draft:
    """What a request has of which nothing is said."""
    defaults = {name: each.default for name, each in InstanceRequest.model_fields.items() if not each.is_required()}
    return Draft(**(defaults | {"envs": {}}))


def laid_over(under: D, said: Draft) -> D:
    """`under` with all that `said` says in its place. A lease and no end take the place of each other."""
    nothing, names = Draft(), [each.name for each in fields(Draft)]
    spoken = {name: value for name in names if (value := getattr(said, name)) != getattr(nothing, name)}
    if said.lease is not None or said.no_end:
        spoken |= {"lease": said.lease, "no_end": said.no_end}
    return replace(under, **spoken)


def request_of(draft: Draft, **instead: Any) -> InstanceRequest:
    """The request in a draft, with the usual where it says nothing. Raises ValidationError for what none can hold."""
    said = {name: value for name in InstanceRequest.model_fields if (value := getattr(draft, name)) is not None}
    return InstanceRequest.model_validate(said | instead)


def request_behind(novita: NovitaInstance, name: str, lease: timedelta | None) -> InstanceRequest:
    """What whoever made it must have asked for, within what a request can hold."""
    return InstanceRequest(
        name=name,
        product_name=novita.product_name or novita.product_id or "unknown GPU",
        template_id="",
        gpu_num=min(max(novita.gpu_num, 1), GPU_NUM_LIMIT),
        rootfs_size=min(max(novita.disk_gb or DISK_DEFAULT_GB, DISK_MIN_GB), DISK_MAX_GB),
        region=novita.region or None,
        billing_mode=BillingMode.SPOT if novita.billing_mode == BillingMode.SPOT else BillingMode.ON_DEMAND,
        lease=lease,
    )
