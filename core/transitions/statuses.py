"""Our reading of Novita's words for the state of an instance."""

from __future__ import annotations

from core.models import Status

STATUSES = {
    **dict.fromkeys(("pending", "toCreate", "creating", "pulling", "toStart", "starting"), Status.STARTING),
    **dict.fromkeys(("toRestart", "restarting", "toReset", "resetting"), Status.STARTING),
    "running": Status.RUNNING,
    **dict.fromkeys(("toStop", "stopping"), Status.STOPPING),
    "exited": Status.STOPPED,
    **dict.fromkeys(("toRemove", "removing"), Status.DELETING),
    "removed": Status.DELETED,
}
"""The words of the usual ways up and down. Other words change nothing but `novita_status`."""

BILLED_WORDS = frozenset({"pulling", "running", "starting", "restarting", "resetting", "migrating"})
"""Compute is billed from the image pull until the stop."""


def is_strange(word: str) -> bool:
    """Whether Novita shows a state beside the usual ways, such as `migrating`, or one that nobody has heard of.

    What it takes then is not known, but that a delete is taken in any state.
    """
    return bool(word) and word not in STATUSES
