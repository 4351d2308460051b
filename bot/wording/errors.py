"""Every error of our own tree as a sentence for the person whose wish it stopped."""

from __future__ import annotations

from bot.wording.failures import explain, how_it_answered
from bot.wording.reasons import quoted
from core.domain import leases
from core.domain.attempt import Failure
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
    RecordNotReadable,
    RequestTaken,
    StoreUnavailable,
    VersionConflict,
    not_done,
)

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
            answered = how_it_answered(not_done(error).reason)
            return f"Novita {answered}, so this could not be looked up. Nothing was changed. Try again in a minute."
        case RecordNotReadable():
            return error.words
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
    line = quoted(error.message)
    return f" {line}." if line else ""
