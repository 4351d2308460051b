"""What bounds a draft here, and how what is wrong with one is told."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import NamedTuple

from core.domain.base import BillingMode

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
