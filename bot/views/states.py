"""The state of an instance as people read it: in our words, and in Novita's only where they are all that is known."""

from __future__ import annotations

from bot import words
from bot.views.text import clip, esc
from core.models import Instance, Status, StopReason
from core.transitions import is_strange

_STRANGE: dict[str, str] = {
    "migrating": "being moved to another machine by Novita",
    "freezing": "being frozen by Novita",
    "frozen": "frozen by Novita",
}
_SURE = (Status.DELETING, Status.DELETED, Status.FAILED)

_PREPARING = "starting (preparing)"
_ON_THE_WAY_UP: dict[str, str] = {
    **dict.fromkeys(("pending", "toCreate", "creating"), _PREPARING),
    "pulling": "starting (pulling the image)",
    **dict.fromkeys(("toRestart", "restarting"), "restarting"),
    **dict.fromkeys(("toReset", "resetting"), "being reset"),
}
"""Novita's words for how far a start has come; with any other word it is just starting."""

_STANDS_STILL: dict[StopReason, str] = {
    StopReason.RECLAIMED: "stopped: Novita has taken its GPU back",
    StopReason.PROBABLY_RECLAIMED: "stopped: Novita has probably taken its GPU back",
    StopReason.HUNG: "stopped: it did not come up",
}
TAKEN_BACK = (StopReason.RECLAIMED, StopReason.PROBABLY_RECLAIMED)


def shows_strange_state(instance: Instance) -> bool:
    """Whether Novita shows it in a state beside the usual ones, in which it takes nothing but a delete."""
    return instance.status not in _SURE and is_strange(instance.novita_status)


def state(instance: Instance) -> str:
    """As mrkdwn to stand after "is" or a name: `running`, `starting (pulling the image)`, `failed (no such image)`."""
    if shows_strange_state(instance):
        word = instance.novita_status
        return _STRANGE.get(word) or f"in a state this bot does not know (Novita says “{esc(clip(word, 40), 60)}”)"
    match instance.status:
        case Status.STARTING:
            return _ON_THE_WAY_UP.get(instance.novita_status, words.STATUS_WORDS[Status.STARTING])
        case Status.STOPPED if (why := stopped_because(instance)) in _STANDS_STILL:
            return _STANDS_STILL[why]
        case Status.FAILED if said := cause(instance):
            return f"{words.STATUS_WORDS[Status.FAILED]} ({said})"
    return words.STATUS_WORDS[instance.status]


def stopped_because(instance: Instance) -> StopReason:
    """Why a stopped one stands still. Records from before that was noted tell it by Novita's notice alone."""
    if instance.stopped_because is not None:
        return instance.stopped_because
    return StopReason.RECLAIMED if instance.spot_noticed else StopReason.ASKED


def cause(instance: Instance) -> str:
    """Why it failed, in a few words and as mrkdwn; empty where only a whole sentence can say it."""
    said = words.cause(instance.failure) if instance.failure else ""
    return esc(said, 120) if said else ""


def emoji(instance: Instance) -> str:
    return words.STATUS_EMOJI[Status.UNKNOWN if shows_strange_state(instance) else instance.status]
