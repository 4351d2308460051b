"""What somebody asks for, unchecked, and what bounds it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import NamedTuple

from core.domain.base import BillingMode
from core.domain.request import InstanceRequest, LeaseEnd

Problems = dict[str, str]
"""A request field's name -> what is wrong with it, as a sentence: outside strings clipped, no secret."""

BILLING_WORDS: dict[BillingMode, str] = {BillingMode.SPOT: "spot", BillingMode.ON_DEMAND: "on demand"}


@dataclass(frozen=True, slots=True)
class Limits:
    """What this installation allows whoever asks. A `max_lease` of None allows leases without an end."""

    default_lease: timedelta | None
    max_lease: timedelta | None
    may_be_endless: bool = False
    """Whether this person may choose no end all the same, as admins may."""
    plain_webhooks: bool = False
    """Whether webhooks may go to http:// too."""

    @property
    def allow_no_end(self) -> bool:
        return self.max_lease is None or self.may_be_endless


class AllowedLease(NamedTuple):
    """A lease that may be chosen, None for no end, and the sentence that it is not the one wished for, if it is not."""

    length: timedelta | None
    instead: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """What is asked for so far. None means nothing (yet); a `region` of None also means any region."""

    name: str | None = None
    product_name: str | None = None
    template_id: str | None = None
    region: str | None = None
    gpu_num: int | None = None
    rootfs_size: int | None = None
    """GB."""
    billing_mode: BillingMode | None = None
    lease: timedelta | None = None
    no_end: bool = False
    """Whether no end was asked for, which is not the same as no word about it."""
    lease_end: LeaseEnd | None = None
    channel: str | None = None
    webhook_url: str | None = None
    envs: Mapping[str, str] = field(default_factory=dict, repr=False)


def draft_of(request: InstanceRequest) -> Draft:
    """What asks for the very same once more, to be checked by the rules of today; without environment values."""
    return Draft(
        name=request.name,
        product_name=request.product_name,
        template_id=request.template_id,
        region=request.region,
        gpu_num=request.gpu_num,
        rootfs_size=request.rootfs_size,
        billing_mode=request.billing_mode,
        lease=request.lease,
        no_end=request.lease is None,
        lease_end=request.lease_end,
        channel=request.channel,
        webhook_url=request.webhook_url,
    )
