"""Why a create or an order came to nothing, in two sentences: what happened, and what to do.

All of it is plain text, and some of it quotes Novita: `bot.views` escapes it where it is drawn.
"""

from __future__ import annotations

from typing import NamedTuple

from bot.wording.reasons import is_about_account
from core.domain.attempt import Failure, FailureKind
from core.domain.order import Verb
from core.domain.order_timing import OUTDATED


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


def explain(failure: Failure) -> Explanation:
    """A failure in our words. Novita's own are in `failure.message`, see `novitas_words`."""
    if failure.kind is FailureKind.UNREACHABLE:
        return Explanation(f"Novita {how_it_answered(failure.reason)}.", _FAILURES[failure.kind].then)
    return _ACCOUNT_TROUBLE if is_about_account(failure.reason) else _FAILURES[failure.kind]


def how_it_answered(reason: str) -> str:
    """What came back of a request that was neither taken nor refused, to stand after Novita."""
    _, is_status, status = reason.partition("HTTP_")
    if is_status:
        return f"answered with an error of its own (HTTP {status})"
    return "did not answer" if reason == "NO_ANSWER" else "could not be reached"


def explain_order(verb: Verb, failure: Failure) -> Explanation:
    """Why what was asked of an instance was not done."""
    if is_about_account(failure.reason):
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
