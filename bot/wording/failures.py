"""Every error, status and reason as the sentence a person reads: what happened, what was tried, what to do next.

All of it is plain text, and some of it quotes Novita: `bot.views` escapes it where it is drawn. Novita's reasons are
those of API.md, Error reasons.
"""

from __future__ import annotations

from typing import NamedTuple

from core.domain import leases
from core.domain.attempt import Attempt, AttemptOutcome, Failure, FailureKind
from core.domain.base import Cause
from core.domain.durations import duration_words
from core.domain.errors import (
    GpuBotError,
    InvalidRequest,
    NameTaken,
    NoSuchInstance,
    NotAllowed,
    NotFound,
    NovitaRefused,
    NovitaUnclear,
    NovitaUnsent,
    RateLimited,
    RequestTaken,
    StoreUnavailable,
    VersionConflict,
    not_done,
)
from core.domain.order import Verb
from core.domain.order_timing import OUTDATED

REMINDED = f"{' and '.join(str(minutes) for minutes in leases.REMIND_BEFORE)} minutes"
"""How long before the end of a lease its owner is reminded."""


class ByItself(NamedTuple):
    """Why the bot does something that nobody asked for. `why` is a clause, `asked` begins a sentence that goes on with
    when that was, `deletes` says why it was deleted rather than stopped."""

    why: str
    asked: str
    deletes: str = ""


BY_ITSELF: dict[Cause, ByItself] = {
    Cause.LEASE: ByItself("its lease is over", "The end of its lease asked for that", "it was to be deleted then"),
    Cause.HUNG: ByItself(
        "it has not come up for so long, and nobody let it go on", "The bot gave it up, as it did not come up,"
    ),
}

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


class Explanation(NamedTuple):
    """A failure in two sentences: `what` happened, and what to do `then`."""

    what: str
    then: str


_FAILURES: dict[FailureKind, Explanation] = {
    FailureKind.NO_CAPACITY: Explanation(
        "No region has a free GPU of this kind right now.",
        "Try again in a few minutes, or choose another GPU, fewer of them, or the other billing.",
    ),
    FailureKind.MONEY: Explanation(
        "The Novita account has too little money or budget for this.",
        "Top it up in the Novita console, then create again.",
    ),
    FailureKind.QUOTA: Explanation(
        "The Novita account has reached its limit of instances or GPUs.",
        "Delete one that nobody needs, or ask Novita to raise the limit, then create again.",
    ),
    FailureKind.BAD_INPUT: Explanation(
        "Novita did not accept this request.",
        "Check the template, its image and the disk size, then create again.",
    ),
    FailureKind.ACCOUNT: Explanation(
        "Novita refused the bot's API key.",
        "Ask whoever runs this bot to check NOVITA_API_KEY.",
    ),
    FailureKind.GATEWAY: Explanation(
        "Something in front of Novita refused the request, so Novita has not seen it.",
        "Ask whoever runs this bot: a proxy, a firewall or Novita's own gateway turns the bot away.",
    ),
    FailureKind.PACE: Explanation(
        "Novita asked to slow down, and waiting as it asked did not help.",
        "Try again in a minute. If it goes on, it is a limit of the Novita account.",
    ),
    FailureKind.UNREACHABLE: Explanation("Novita could not be reached.", "Try again in a minute."),
    FailureKind.DEADLINE: Explanation(
        "The time for a create ran out before a region said yes.",
        "Try again, or choose another GPU or region.",
    ),
    FailureKind.LOST: Explanation(
        "Novita's answer was lost, and no instance has shown up under its name.",
        "Look for the name in the Novita console before you create again.",
    ),
    FailureKind.STORE: Explanation(
        "Redis went away in the middle of it, so no further region was tried, and no instance was made.",
        "Try again in a minute. If it goes on, ask whoever runs this bot.",
    ),
    FailureKind.INSTANCE: Explanation(
        "Novita made the instance, but it did not come up.",
        "Check the template's image and start command. Delete it when you have seen enough: it may be billed.",
    ),
    FailureKind.OTHER: Explanation(
        "Novita answered with an error that this bot does not know.",
        "Try again in a minute. If it goes on, ask whoever runs this bot.",
    ),
}

_ACCOUNT_ITSELF = frozenset({"NEED_REAL_NAME_VERIFY", "USER_NOT_ACTIVATED", "USER_NOT_FOUND", "BANNED_USER"})
"""Reasons that are about the account, so that another key would not help."""
_ACCOUNT_TROUBLE = Explanation(
    "Novita does not let the bot's account do this.",
    "Ask whoever runs this bot to look at the account in the Novita console.",
)
_GPU_TAKEN = Explanation(
    "Somebody else has its GPU right now.",
    "Try again later, or start the same again: that is another machine, without the data of this one.",
)
_ORDER_OUTDATED = Explanation("It was not done in time.", "Ask again if it is still wanted.")
_ORDER_REFUSED = Explanation("Novita did not do it.", "See in the Novita console what state it is in, then try again.")

_KEPT = duration_words(leases.RECORD_KEPT)

_ERRORS: tuple[tuple[type[GpuBotError], str], ...] = (
    (
        StoreUnavailable,
        "The bot's memory (Redis) does not answer, and without it nothing that costs money is begun. "
        "Try again in a minute. If it goes on, tell whoever runs this bot.",
    ),
    (NoSuchInstance, f"The bot no longer knows this instance: it ended more than {_KEPT} ago, or never was."),
    (NameTaken, "This name is taken. Choose another."),
    (RequestTaken, "This request was carried out before; its card tells how it went."),
    (VersionConflict, "Somebody else changed it at the same moment. Look at its card, then try again."),
    (NovitaUnsent, "Novita could not be reached, so nothing was done there. Try again in a minute."),
    (
        NovitaUnclear,
        "Novita gave no usable answer, so it is not known whether it did anything. "
        "Look at the Novita console before you try again.",
    ),
    (GpuBotError, "The bot cannot do this as it is set up. Ask whoever runs it."),
)


def reason_words(attempt: Attempt) -> str:
    """Why an attempt ended as it did, to stand after a region's name."""
    if attempt.outcome in _OUTCOMES:
        return _OUTCOMES[attempt.outcome]
    return _REASONS.get(attempt.reason) or _quoted(attempt.message or attempt.reason) or "refused"


def explain(failure: Failure) -> Explanation:
    """A failure in our words. Novita's own are in `failure.message`, see `novitas_words`."""
    if failure.kind is FailureKind.UNREACHABLE:
        return Explanation(f"Novita {_answered(failure.reason)}.", _FAILURES[failure.kind].then)
    return _ACCOUNT_TROUBLE if failure.reason in _ACCOUNT_ITSELF else _FAILURES[failure.kind]


def _answered(reason: str) -> str:
    """What came back of a request that was neither taken nor refused, to stand after Novita."""
    _, is_status, status = reason.partition("HTTP_")
    if is_status:
        return f"answered with an error of its own (HTTP {status})"
    return "did not answer" if reason == "NO_ANSWER" else "could not be reached"


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


def explain_order(verb: Verb, failure: Failure) -> Explanation:
    """Why what was asked of an instance was not done."""
    if failure.reason in _ACCOUNT_ITSELF:
        return _ACCOUNT_TROUBLE
    if failure.reason == OUTDATED:
        return _ORDER_OUTDATED
    match failure.kind:
        case FailureKind.NO_CAPACITY if verb in (Verb.START, Verb.RESTART):
            return _GPU_TAKEN
        case FailureKind.MONEY | FailureKind.ACCOUNT | FailureKind.GATEWAY | FailureKind.PACE | FailureKind.UNREACHABLE:
            what, then = explain(failure)
            return Explanation(what, then.replace("create again", "try again"))
    return _ORDER_REFUSED


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


def error_words(error: GpuBotError) -> str:
    """An error of our own tree, for the person whose wish it stopped."""
    match error:
        case NotAllowed():
            return error.why
        case InvalidRequest():
            return " ".join(error.problems.values()) or "The request cannot be met as it stands."
        case RateLimited():
            return _rate_limited(error)
        case NotFound():
            return f"Novita does not know it (any more).{_said(error)} Check that it still exists, then try again."
        case NovitaRefused():
            what, then = explain(Failure(kind=error.kind, reason=error.reason))
            return f"{what}{_said(error)} {then}"
        case NovitaUnclear() if error.is_read:
            answered = _answered(not_done(error).reason)
            return f"Novita {answered}, so this could not be looked up. Nothing was changed. Try again in a minute."
        case StoreUnavailable() if error.why:
            return (
                f"The bot's memory (Redis) {error.why}, and without it nothing that costs money is begun. "
                "Tell whoever runs this bot."
            )
    return next(words for kind, words in _ERRORS if isinstance(error, kind))


def unexpected(reference: str) -> str:
    """For an error nobody foresaw; `reference` stands in the log beside it."""
    return (
        "Something went wrong inside the bot, and it was not your doing. "
        f"Try again; if it happens again, give whoever runs the bot this reference: {reference}"
    )


def _rate_limited(error: RateLimited) -> str:
    wait = f"in {duration_words(error.retry_after)}" if error.retry_after else "in a minute"
    return f"Novita asked to slow down. Try again {wait}. If it goes on, it is a limit of the Novita account."


def _said(error: NovitaRefused) -> str:
    quoted = _quoted(error.message)
    return f" {quoted}." if quoted else ""


def _quoted(message: str) -> str:
    line = " ".join(message.split())
    return f"Novita says: “{line}”" if line else ""
