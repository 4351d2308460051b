"""Novita's reasons in a few words, to stand after a region's name or a colon (API.md, Error reasons)."""

from __future__ import annotations

from core.domain.attempt import Attempt, AttemptOutcome, Failure, FailureKind

_NO_MONEY = "the Novita account has too little money"
_NO_BUDGET = "the team's budget at Novita is used up"
_BAD_KEY = "Novita refused the bot's API key"
_REASONS: dict[str, str] = {
    "INSUFFICIENT_RESOURCE": "no free GPU there right now",
    "CLUSTER_STATUS": "the region takes no new instances right now",
    "NODE_STATUS": "the machine there is not ready",
    "GPU_SPEC_USED": "that GPU is taken",
    "CUDA_VERSION_INCOMPATIBLE": "its driver is too old for the template's CUDA",
    "CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT": "the region has no network storage",
    "BALANCE_NOT_ENOUGH": _NO_MONEY,
    "EXPIRED_OR_BALANCE_NOT_ENOUGH": _NO_MONEY,
    "NOT_ENOUGH_BALANCE": _NO_MONEY,
    "BILLING_BALANCE_NOT_ENOUGH": _NO_MONEY,
    "DE_BALANCE_NOT_ENOUGH": _NO_MONEY,
    "BUDGET_NOT_ENOUGH": _NO_BUDGET,
    "NOT_ENOUGH_BUDGET": _NO_BUDGET,
    "MEMBER_BUDGET_NOT_ENOUGH": _NO_BUDGET,
    "WALLET_NOT_FOUND": "the Novita account has no wallet",
    "CREATE_INSTANCE_LIMIT": "the Novita account has as many instances as it may have",
    "CREATE_GPU_NUM_LIMIT": "the Novita account has as many GPUs as it may have",
    "OPERATION_LIMIT": "the Novita account may not do this more often",
    "IMAGE_NOT_FOUND": "Novita cannot find the template's image",
    "IMAGE_URL_OR_AUTH_ERROR": "Novita cannot read the template's image (address or registry login)",
    "IMAGE_TOO_LARGE": "the template's image is too large for Novita",
    "INVALID_COMMAND_PARAM": "Novita does not accept the template's start command",
    "UNSUPPORTED_BILLING_MODE": "this GPU is not sold under that billing",
    "TEMPLATE_NOT_FOUND": "the template no longer exists at Novita",
    "TEMPLATE_IS_PRIVATE": "the template is private to another account",
    "UNAUTHORIZED": _BAD_KEY,
    "FORBIDDEN": _BAD_KEY,
    "INVALID_API_KEY": _BAD_KEY,
    "MISSING_API_KEY": _BAD_KEY,
    "FAILED_TO_AUTH": _BAD_KEY,
    "API_NOT_ALLOWED": _BAD_KEY,
    "ACCESS_DENY": _BAD_KEY,
    "INVALID_USER_TOKEN": _BAD_KEY,
    "PERMISSION_DENIED": "the bot's API key may not do this",
    "NEED_REAL_NAME_VERIFY": "the Novita account still has to be verified",
    "USER_NOT_ACTIVATED": "the Novita account is not activated yet",
    "USER_NOT_FOUND": "the Novita account does not exist (any more)",
    "BANNED_USER": "the Novita account is banned",
    "BILLING_FAILED": "Novita could not bill the account",
    "BILLING_AUTH_FAILED": "Novita could not bill the account",
    "NETWORK_MAX_LIMIT": "the Novita account has as many networks as it may have",
    "PREPAID_INSTANCE_NOT_SUPPORT_RELEASE": "it is paid for by the month, so it cannot be deleted",
    "RATE_LIMIT_EXCEEDED": "too many requests to Novita at once",
}
_OUTCOMES: dict[AttemptOutcome, str] = {
    AttemptOutcome.CREATED: "created",
    AttemptOutcome.UNKNOWN: "Novita's answer was lost",
    AttemptOutcome.UNSENT: "Novita could not be reached",
}
_INSTANCE_CAUSES: dict[str, str] = {
    "pullFailed": "its image could not be pulled",
    "crashed": "its program ended",
}
"""Novita's words for what is wrong with an instance, where it says nothing more. It publishes no list of them."""
_ACCOUNT_ITSELF = frozenset({"NEED_REAL_NAME_VERIFY", "USER_NOT_ACTIVATED", "USER_NOT_FOUND", "BANNED_USER"})


def reason_words(attempt: Attempt) -> str:
    """Why an attempt ended as it did, to stand after a region's name."""
    if attempt.outcome in _OUTCOMES:
        return _OUTCOMES[attempt.outcome]
    return _REASONS.get(attempt.reason) or quoted(attempt.message or attempt.reason) or "refused"


def cause(failure: Failure) -> str:
    """What went wrong in a few words, to stand after a colon; empty where only `explain` can say it."""
    if failure.kind is FailureKind.NO_CAPACITY:
        return "no region has a free GPU"
    if failure.kind is FailureKind.INSTANCE:
        said = " ".join(failure.message.split())
        return said or _INSTANCE_CAUSES.get(failure.reason, failure.reason) or "it did not come up"
    return _REASONS.get(failure.reason, "")


def is_about_account(reason: str) -> bool:
    """Whether a reason of Novita's is about the account itself, so that another key would not help."""
    return reason in _ACCOUNT_ITSELF


def novitas_words(failure: Failure) -> str:
    """What Novita itself said of a failure; empty when it said nothing more than our own words do."""
    said = " ".join(failure.message.split())
    if failure.kind is FailureKind.NO_CAPACITY:
        return ""
    if failure.kind is FailureKind.UNREACHABLE:
        return "" if said.endswith("without an explanation") else said
    if said.casefold() == failure.reason.replace("_", " ").casefold():
        said = ""
    return said or _REASONS.get(failure.reason, failure.reason)


def quoted(message: str) -> str:
    line = " ".join(message.split())
    return f"Novita says: “{line}”" if line else ""
