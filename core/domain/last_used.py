"""What a person created last, for the next form to start with: no name, no variables, and no address of a webhook."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any, Self

from pydantic import ValidationError

from core.domain.base import BillingMode, Value
from core.domain.request import InstanceRequest


class LastUsed(Value):
    """A person's choices of last time. None of a field is no word about it, but for `region` and `lease`.

    What the end of the lease does is not among them: that deletes data, and is chosen each time anew. A webhook's
    address may hold a secret in it, and belongs to one machine.
    """

    product_name: str | None = None
    template_id: str | None = None
    region: str | None = None
    """None for any region."""
    gpu_num: int | None = None
    rootfs_size: int | None = None
    """GB."""
    billing_mode: BillingMode | None = None
    lease: timedelta | None = None
    no_end: bool = False
    """Whether it had no end, which is not the same as no word about a lease."""
    channel: str | None = None

    @classmethod
    def of(cls, request: InstanceRequest) -> Self:
        return cls(
            product_name=request.product_name,
            template_id=request.template_id,
            region=request.region,
            gpu_num=request.gpu_num,
            rootfs_size=request.rootfs_size,
            billing_mode=request.billing_mode,
            lease=request.lease,
            no_end=request.lease is None,
            channel=request.channel,
        )

    @classmethod
    def read(cls, text: str) -> Self | None:
        """From what some version of this program wrote: a field that this one cannot read is left out.

        None when it is nothing of ours at all.
        """
        try:
            found = json.loads(text)
            return cls.model_validate(found if isinstance(found, dict) else None)
        except ValidationError as error:
            return cls._without(found, {each["loc"][0] for each in error.errors() if each["loc"]})
        except (ValueError, RecursionError):
            return None

    @classmethod
    def _without(cls, found: Any, unread: set[Any]) -> Self | None:
        if not isinstance(found, dict):
            return None
        try:
            return cls.model_validate({name: value for name, value in found.items() if name not in unread})
        except ValidationError:
            return None
