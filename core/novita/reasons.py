"""Novita's error replies, turned into our error tree: what each means for the caller (novita-api.md 3.5)."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from core.errors import NoCapacity, NotFound, NovitaError, NovitaRefused, NovitaUnclear, RateLimited
from core.hiding import forms_of
from core.models import FailureKind

MESSAGE_LIMIT = 300
REASON_LIMIT = 80

NEXT_REGION = frozenset(
    {
        "INSUFFICIENT_RESOURCE",
        "CLUSTER_STATUS",
        "NODE_STATUS",
        "GPU_SPEC_USED",
        "CUDA_VERSION_INCOMPATIBLE",
        "CUR_CLUSTER_NETWORK_STORAGE_NOT_SUPPORT",
    }
)
GONE = frozenset({"RESOURCE_NOT_FOUND", "NOT_FOUNT", "NOT_FOUND", "TEMPLATE_NOT_FOUND"})
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
    ),
    FailureKind.QUOTA: ("CREATE_INSTANCE_LIMIT", "CREATE_GPU_NUM_LIMIT", "OPERATION_LIMIT"),
    FailureKind.BAD_INPUT: (
        "VALIDATOR_PARAM",
        "REQUEST",
        "INVALID_COMMAND_PARAM",
        "IMAGE_NOT_FOUND",
        "IMAGE_URL_OR_AUTH_ERROR",
        "IMAGE_TOO_LARGE",
        "UNSUPPORTED_BILLING_MODE",
        "TEMPLATE_IS_PRIVATE",
    ),
    FailureKind.ACCOUNT: (
        "UNAUTHORIZED",
        "FORBIDDEN",
        "INVALID_API_KEY",
        "MISSING_API_KEY",
        "FAILED_TO_AUTH",
        "API_NOT_ALLOWED",
        "NEED_REAL_NAME_VERIFY",
        "INVALID_USER_TOKEN",
        "USER_NOT_ACTIVATED",
        "BANNED_USER",
        "PERMISSION_DENIED",
    ),
    FailureKind.PACE: ("RATE_LIMIT_EXCEEDED", "SEND_CODE_TOO_FAST"),
}
KIND_OF = {reason: kind for kind, reasons in _REASONS_BY_KIND.items() for reason in reasons}

_RESOURCE_LIMIT = re.compile(r"\binsufficient\b(?!\s+(?:permission|privilege|scope|right))|\bquota\b|\blimit", re.I)
_WRONG_STATE = re.compile(r"invalid state change", re.I)
_WORD = re.compile(r"\b[A-Z][A-Z_]{6,}\b")


class Explanation(NamedTuple):
    """What an error body says: `reason` for machines, `message` for people; either may be empty."""

    reason: str
    message: str


def refusal(status: int, content: bytes, retry_after: str | None = None, hide: Iterable[str] = ()) -> NovitaError:
    """The error that an unsuccessful reply stands for.

    `retry_after` is the header as received. The strings in `hide` never appear in the error, nor quoted: Novita may
    echo what it was sent.
    """
    reason, message = _hidden(explanation(content), hide)
    message = message or f"HTTP {status} without an explanation"
    if status == 429:
        return RateLimited(reason, message, read_retry_after(retry_after, datetime.now(UTC)))
    if _is_unclear(status, reason):
        return NovitaUnclear(f"{reason or status}: {message}")
    if reason in NEXT_REGION:
        return NoCapacity(reason, message, status)
    if status == 404 or reason in GONE:
        return NotFound(reason, message, status)
    return NovitaRefused(kind_of(status, reason, message), reason, message, status)


def _is_unclear(status: int, reason: str) -> bool:
    # 408 comes from proxies that gave up waiting, before or after Novita acted; a redirect answers nothing.
    return (status >= 500 and reason not in CERTAIN_DESPITE_5XX) or status < 400 or status == 408


def kind_of(status: int, reason: str, message: str) -> FailureKind:
    """What a refusal means for the caller: by its reason when that is published, else by its status."""
    if _WRONG_STATE.search(message):
        return FailureKind.OTHER
    known = KIND_OF.get(reason)
    if status == 403 and known in (None, FailureKind.ACCOUNT) and _RESOURCE_LIMIT.search(message):
        return FailureKind.QUOTA
    if known is not None:
        return known
    if reason.startswith("NETWORK_"):
        return FailureKind.BAD_INPUT
    return FailureKind.ACCOUNT if status in (401, 403) else FailureKind.OTHER


def explanation(content: bytes) -> Explanation:
    """Reason and message of an error body in any shape seen live (novita-api.md, pitfall 2); never raises."""
    try:
        body = json.loads(content)
    except (ValueError, RecursionError):
        return Explanation("", "")
    if not isinstance(body, dict):
        return Explanation("", "")
    inner = body.get("error")
    places = [body, inner] if isinstance(inner, dict) else [body]
    message = _first_text(places, "message", "details", "title", "error")
    return Explanation(_reason_in(places, message), message)


def _reason_in(places: list[dict[str, object]], message: str) -> str:
    reason = _first_text(places, "reason", "code")
    if reason and not reason.isdecimal():
        return reason
    known = (word for word in _WORD.findall(message) if word in KIND_OF or word in NEXT_REGION | GONE)
    return next(known, "")


def _first_text(places: list[dict[str, object]], *keys: str) -> str:
    found = (place.get(key) for key in keys for place in places)
    return next((text for text in found if isinstance(text, str) and text.strip()), "")


def clip(text: str, limit: int) -> str:
    """One line of at most `limit` characters."""
    line = " ".join(text.split())
    return line if len(line) <= limit else line[: limit - 1] + "…"


def _hidden(said: Explanation, hide: Iterable[str]) -> Explanation:
    reason, message = said
    for form in forms_of(hide):
        reason, message = reason.replace(form, "***"), message.replace(form, "***")
    return Explanation(clip(reason, REASON_LIMIT), clip(message, MESSAGE_LIMIT))


def read_retry_after(header: str | None, now: datetime) -> timedelta | None:
    """The wait that a `Retry-After` header asks for, in seconds or until a date; None when unusable."""
    if header is None:
        return None
    try:
        wait: timedelta | None = timedelta(seconds=float(header))
    except (ValueError, OverflowError):
        wait = _until(header, now)
    return None if wait is None else max(wait, timedelta())


def _until(header: str, now: datetime) -> timedelta | None:
    try:
        instant = parsedate_to_datetime(header)
    except (ValueError, OverflowError):
        return None
    return (instant if instant.tzinfo else instant.replace(tzinfo=UTC)) - now
