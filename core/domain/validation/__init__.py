"""From what somebody asks for to a request that can be launched, or a sentence for each field in the way (pure)."""

from __future__ import annotations

from core.domain.validation.checks import (
    LONGEST_LEASE,
    NO_CHANNEL,
    SHORTEST_LEASE,
    allowed_lease,
    check,
    env_problem,
    unlisted_region,
    unlisted_words,
    with_listed_names,
)
from core.domain.validation.limits import BILLING_WORDS, AllowedLease, Limits, Problems

__all__ = [
    "BILLING_WORDS",
    "LONGEST_LEASE",
    "NO_CHANNEL",
    "SHORTEST_LEASE",
    "AllowedLease",
    "Limits",
    "Problems",
    "allowed_lease",
    "check",
    "env_problem",
    "unlisted_region",
    "unlisted_words",
    "with_listed_names",
]
