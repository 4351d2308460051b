"""Novita's error replies, turned into our error tree: what each means for the caller (API.md, Error reasons)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

from core.domain.attempt import FailureKind
from core.domain.backoff import read_retry_after
from core.domain.clip import clip
from core.domain.errors import NoCapacity, NotFound, NovitaError, NovitaRefused, NovitaUnclear, RateLimited
from core.domain.redaction import MASK, encodings_of, without_known_secrets

MESSAGE_LIMIT = 300
REASON_LIMIT = 80
_LONGEST_PAGE = 20_000

NEXT_REGION = frozenset(
    {
        "INSUFFICIENT_RESOURCE",
        "CLUSTER_STATUS",
        "NODE_STATUS",
        "GPU_SPEC_USED",
        "CUDA_VERSION_INCOMPATIBLE",
        "CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT",
        "MIGRATE_INSUFFICIENT_RESOURCE",
    }
)
GONE = frozenset({"RESOURCE_NOT_FOUND", "NOT_FOUNT", "NOT_FOUND", "INSTANCE_NOT_FOUND", "TEMPLATE_NOT_FOUND"})
"""Said of the very thing that was asked about. Other things that are not found are what somebody wrote wrongly."""

NO_ANSWER = frozenset({"API_NOT_FOUND", "SERVICE_NOT_AVAILABLE", "GET_TOKEN_FAILED", "UNKNOWN"})
"""Said by what stands before the API, or by one that is out of order: nothing follows of what was asked about."""

CERTAIN_DESPITE_5XX = frozenset({"WALLET_NOT_FOUND"})
"""Any other 5xx may hide an effect; this one is documented as a refusal with status 500."""

_REASONS_BY_KIND: dict[FailureKind, tuple[str, ...]] = {
    FailureKind.MONEY: (
        "BALANCE_NOT_ENOUGH",
        "EXPIRED_OR_BALANCE_NOT_ENOUGH",
        "NOT_ENOUGH_BALANCE",
        "BILLING_BALANCE_NOT_ENOUGH",
        "DE_BALANCE_NOT_ENOUGH",
        "BUDGET_NOT_ENOUGH",
        "NOT_ENOUGH_BUDGET",
        "MEMBER_BUDGET_NOT_ENOUGH",
        "WALLET_NOT_FOUND",
        "BILLING_FAILED",
        "BILLING_AUTH_FAILED",
    ),
    FailureKind.QUOTA: ("CREATE_INSTANCE_LIMIT", "CREATE_GPU_NUM_LIMIT", "OPERATION_LIMIT", "NETWORK_MAX_LIMIT"),
    FailureKind.BAD_INPUT: (
        "VALIDATOR_PARAM",
        "REQUEST",
        "INVALID_REQUEST_BODY",
        "INVALID_COMMAND_PARAM",
        "INVALID_PRODUCT_CATEGORY",
        "INVALID_BILL_CYCLE",
        "IMAGE_NOT_FOUND",
        "IMAGE_URL_OR_AUTH_ERROR",
        "IMAGE_TOO_LARGE",
        "UNSUPPORTED_BILLING_MODE",
        "TEMPLATE_IS_PRIVATE",
        "JOB_NOT_FOUND",
        "INSTANCE_LOCAL_STORAGE_NOT_FOUND",
        "NETWORK_STORAGE_TOO_LARGE",
        "NETWORK_STORAGE_IN_USE",
        "NETWORK_STORAGE_UNAVAILABLE",
        "NETWORK_STORAGE_NOT_FOUND",
    ),
    FailureKind.ACCOUNT: (
        "UNAUTHORIZED",
        "FORBIDDEN",
        "INVALID_API_KEY",
        "MISSING_API_KEY",
        "FAILED_TO_AUTH",
        "API_NOT_ALLOWED",
        "ACCESS_DENY",
        "NEED_REAL_NAME_VERIFY",
        "INVALID_USER_TOKEN",
        "USER_NOT_ACTIVATED",
        "USER_NOT_FOUND",
        "BANNED_USER",
        "PERMISSION_DENIED",
    ),
    FailureKind.PACE: ("RATE_LIMIT_EXCEEDED", "SEND_CODE_TOO_FAST", "LIST_BILL_TOO_FAST"),
    FailureKind.OTHER: (
        "CONFLICT",
        "DEPENDENT_RESOURCE_STATE",
        "PREPAID_INSTANCE_NOT_SUPPORT_RELEASE",
        "CREATING_INSTANCE_NOT_SUPPORT_RENEWAL",
        "MIGRATION_JOB_NOT_BREAKABLE",
        "IMAGE_AUTH_IN_USE",
    ),
}
KIND_OF = {reason: kind for kind, reasons in _REASONS_BY_KIND.items() for reason in reasons}

_RESOURCE_LIMIT = re.compile(r"\binsufficient\b(?!\s+(?:permission|privilege|scope|right))|\bquota\b|\blimit", re.I)
_WRONG_STATE = re.compile(r"invalid state change", re.I)
_KEY_TROUBLE = re.compile(r"\bapi.?key\b|\bunauthori[sz]ed\b|\bauthenticat|\bauthori[sz]ation\b|\bpermissions?\b", re.I)
_TAGS = re.compile(r"<(script|style|head)\b.*?(?:</\1>|\Z)|<[^>]*>", re.I | re.S)
_LOST_BY_A_PROXY = (404, 425, 499)
"""What does not say whether Novita has seen the request, unless Novita gives its reason."""
_WORD = re.compile(r"\b[A-Z][A-Z_]{6,}\b")


class ErrorReply(NamedTuple):
    """What an error body says: `reason` for machines, `message` for people; either may be empty."""

    reason: str
    message: str


def refusal(status: int, content: bytes, retry_after: str | None = None, hide: Iterable[str] = ()) -> NovitaError:
    """The error that an unsuccessful reply stands for.

    `retry_after` is the header as received. The strings in `hide` never appear in the error, nor quoted: Novita may
    echo what it was sent.
    """
    said = error_reply(content)
    is_novitas = bool(said.reason or said.message)
    reason, message = _hidden(said if is_novitas else ErrorReply("", _page_text(content)), hide)
    message = message or f"HTTP {status} without an explanation"
    if status == 429:
        return RateLimited(reason, message, read_retry_after(retry_after, datetime.now(UTC)))
    if _is_unclear(status, reason):
        return NovitaUnclear(f"{reason or status}: {message}", status=status)
    if reason in NEXT_REGION:
        return NoCapacity(reason, message, status)
    if reason in GONE:
        return NotFound(reason, message, status)
    kind = kind_of(status, reason, message) if is_novitas else FailureKind.GATEWAY
    return NovitaRefused(kind, reason, message, status)


def _is_unclear(status: int, reason: str) -> bool:
    """408 and its like come from proxies, before or after Novita acted; a redirect answers nothing.

    A 404 that gives no reason is a wrong path or a page of somebody else's: no instance is gone because of it.
    """
    if reason in CERTAIN_DESPITE_5XX:
        return False
    return (
        status >= 500
        or status < 400
        or status == 408
        or reason in NO_ANSWER
        or (status in _LOST_BY_A_PROXY and not reason)
    )


def kind_of(status: int, reason: str, message: str) -> FailureKind:
    """What a refusal means for the caller: by its reason when that is published, else by what it says.

    Key trouble is only what says so. A 403 that gives no reason comes from what stands before Novita, which has then
    not seen the request.
    """
    if _WRONG_STATE.search(message):
        return FailureKind.OTHER
    known = KIND_OF.get(reason)
    if status == 403 and known in (None, FailureKind.ACCOUNT) and _RESOURCE_LIMIT.search(message):
        return FailureKind.QUOTA
    if known is not None:
        return known
    if reason.startswith("NETWORK_"):
        return FailureKind.BAD_INPUT
    if status not in (401, 403):
        return FailureKind.OTHER
    if status == 401 or _KEY_TROUBLE.search(message):
        return FailureKind.ACCOUNT
    return FailureKind.OTHER if reason else FailureKind.GATEWAY


def _page_text(content: bytes) -> str:
    """What a person would read on a page that is no answer of Novita's: `error code: 1010`."""
    text = content[:_LONGEST_PAGE].decode(errors="replace")
    return "" if text.lstrip()[:1] in ("{", "[") else _TAGS.sub(" ", text)


def error_reply(content: bytes) -> ErrorReply:
    """Reason and message of an error body in any shape seen live (API.md, Calls); never raises."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return ErrorReply("", "")
    if not isinstance(body, dict):
        return ErrorReply("", "")
    inner = body.get("error")
    places = [body, inner] if isinstance(inner, dict) else [body]
    message = _first_text(places, "message", "details", "title", "error")
    return ErrorReply(_reason_in(places, message), message)


def _reason_in(places: list[dict[str, object]], message: str) -> str:
    reason = _first_text(places, "reason", "code")
    if reason and not reason.isdecimal():
        return reason
    known = (word for word in _WORD.findall(message) if word in KIND_OF or word in NEXT_REGION | GONE | NO_ANSWER)
    return next(known, "")


def _first_text(places: list[dict[str, object]], *keys: str) -> str:
    found = (place.get(key) for key in keys for place in places)
    return next((text for text in found if isinstance(text, str) and text.strip()), "")


def _hidden(said: ErrorReply, hide: Iterable[str]) -> ErrorReply:
    reason, message = said
    for form in encodings_of(hide):
        reason, message = reason.replace(form, MASK), message.replace(form, MASK)
    reason, message = without_known_secrets(reason), without_known_secrets(message)
    return ErrorReply(clip(reason, REASON_LIMIT), clip(message, MESSAGE_LIMIT))
