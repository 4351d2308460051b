"""From what somebody asks for to a request that can be launched, or a sentence for each field in the way (pure)."""

from __future__ import annotations

from core.domain.validation.checks import (
    LONGEST_LEASE,
    SHORTEST_LEASE,
    allowed_lease,
    check,
    env_problem,
    unlisted_region,
    unlisted_words,
    with_listed_names,
)
from core.domain.validation.draft import BILLING_WORDS, AllowedLease, Draft, Limits, Problems, draft_of

__all__ = [
    "BILLING_WORDS",
    "LONGEST_LEASE",
    "SHORTEST_LEASE",
    "AllowedLease",
    "Draft",
    "Limits",
    "Problems",
    "allowed_lease",
    "check",
    "draft_of",
    "env_problem",
    "unlisted_region",
    "unlisted_words",
    "with_listed_names",
]
