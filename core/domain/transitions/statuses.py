"""Our reading of Novita's words for the state of an instance."""

from __future__ import annotations

from core.domain.instance import Instance, Status

BEING_MADE = ("pending", "toCreate", "creating", "pulling")
"""While it shows one of these nothing has run on it yet, unless it came up before."""

STATUSES = {
    **dict.fromkeys((*BEING_MADE, "toStart", "starting"), Status.STARTING),
    **dict.fromkeys(("toRestart", "restarting", "toReset", "resetting"), Status.STARTING),
    "running": Status.RUNNING,
    **dict.fromkeys(("toStop", "stopping"), Status.STOPPING),
    "exited": Status.STOPPED,
    **dict.fromkeys(("toRemove", "removing"), Status.DELETING),
    "removed": Status.DELETED,
}
"""The words of the usual ways up and down. Other words change nothing but `novita_status`."""

GONE_WORDS = frozenset(word for word, status in STATUSES.items() if status in (Status.DELETING, Status.DELETED))
"""A deleted instance lingers in listings under these."""

BILLED_WORDS = frozenset({"pulling", "running", "starting", "restarting", "resetting", "migrating"})
"""Compute is billed from the image pull until the stop."""


def is_strange(word: str) -> bool:
    """Whether Novita shows a state beside the usual ways, such as `migrating`, or one that nobody has heard of.

    What it takes then is not known, but that a delete is taken in any state.
    """
    return bool(word) and word not in STATUSES


STATUS_WORDS: dict[Status, str] = {
    Status.CREATING: "being created",
    Status.STARTING: "starting",
    Status.RUNNING: "running",
    Status.STOPPING: "stopping",
    Status.STOPPED: "stopped",
    Status.DELETING: "being deleted",
    Status.DELETED: "deleted",
    Status.FAILED: "failed",
    Status.UNKNOWN: "in a state this bot does not know",
}
"""To stand after "is"."""

STRANGE_WORDS: dict[str, str] = {
    "migrating": "being moved to another machine by Novita",
    "freezing": "being frozen by Novita",
    "frozen": "frozen by Novita",
}
"""Novita's words for states beside the usual ones, as far as it is known what they mean; to stand after "is"."""

_WORD_SHOWN = 40
"""Characters of a word of Novita's that nobody knows."""

_SURE = (Status.DELETING, Status.DELETED, Status.FAILED)


def shows_strange_state(instance: Instance) -> bool:
    """Whether Novita shows it in a state beside the usual ones, in which it takes nothing but a delete."""
    if instance.unreadable is not None:
        return True
    return instance.status not in _SURE and is_strange(instance.remote.status)


def state_words(instance: Instance) -> str:
    """Its state in our words, as plain text to stand after "is"; Novita's word only where it is all that is known."""
    if instance.unreadable is not None:
        return instance.unreadable.state
    if not shows_strange_state(instance):
        return STATUS_WORDS[instance.status]
    word = instance.remote.status
    shown = word if len(word) <= _WORD_SHOWN else f"{word[: _WORD_SHOWN - 1]}…"
    return STRANGE_WORDS.get(word) or f"in a state this bot does not know (Novita says “{shown}”)"
