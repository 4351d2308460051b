"""The state of an instance as people read it: in our words, and in Novita's only where they are all that is known."""

from __future__ import annotations

from bot import wording
from bot.views.text import esc
from core.domain.instance import Instance, Status, StopReason
from core.domain.transitions import shows_strange_state, state_words

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


def state(instance: Instance) -> str:
    """As mrkdwn to stand after "is" or a name: `running`, `starting (pulling the image)`, `failed (no such image)`."""
    if shows_strange_state(instance):
        return esc(state_words(instance))
    match instance.status:
        case Status.STARTING:
            return _ON_THE_WAY_UP.get(instance.remote.status, wording.STATUS_WORDS[Status.STARTING])
        case Status.STOPPED if (why := stopped_because(instance)) in _STANDS_STILL:
            return _STANDS_STILL[why]
        case Status.FAILED if said := cause(instance):
            return f"{wording.STATUS_WORDS[Status.FAILED]} ({said})"
    return wording.STATUS_WORDS[instance.status]


def stopped_because(instance: Instance) -> StopReason:
    """Why a stopped one stands still. Records from before that was noted tell it by Novita's notice alone."""
    if instance.standstill.reason is not None:
        return instance.standstill.reason
    return StopReason.RECLAIMED if instance.spot.noticed else StopReason.ASKED


def cause(instance: Instance) -> str:
    """Why it failed, in a few words and as mrkdwn; empty where only a whole sentence can say it."""
    said = wording.cause(instance.failure) if instance.failure else ""
    return esc(said, 120) if said else ""


def emoji(instance: Instance) -> str:
    return wording.STATUS_EMOJI[Status.UNKNOWN if shows_strange_state(instance) else instance.status]
