"""What a one-liner asks for, as far as it says so."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta

from core.domain.base import BillingMode
from core.domain.request import InstanceRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class ParsedLine:
    """What is None or False was not said, or stays open."""

    name: str | None = None
    product_name: str | None = None
    gpu_num: int | None = None
    billing_mode: BillingMode | None = None
    lease: timedelta | None = None
    no_end: bool = False
    region: str | None = None
    any_region: bool = False
    """Whether "anywhere" was said, which is not the same as no word about it: there may be a default region."""
    template_id: str | None = None
    rootfs_size: int | None = None
    """GB."""
    not_understood: tuple[str, ...] = ()
    """In the order of the text, each once. Outside strings."""
    ambiguous: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """A field's name -> what it could be: several things have the words that were said, or two things were said.

    Products and regions by name, templates by id, the rest as it would be typed.
    """

    @property
    def is_clear(self) -> bool:
        """Whether all that was said was understood in one way."""
        return not self.not_understood and not self.ambiguous


def parsed_line_of(request: InstanceRequest) -> ParsedLine:
    """The wish that asks for exactly this. Channel, webhook and variables have no place in a one-liner."""
    return ParsedLine(
        name=request.name,
        product_name=request.product_name,
        gpu_num=request.gpu_num,
        billing_mode=request.billing_mode,
        lease=request.lease,
        no_end=request.lease is None,
        region=request.region,
        any_region=request.region is None,
        template_id=request.template_id,
        rootfs_size=request.rootfs_size,
    )
