"""The state of an instance as people read it: what is known of it, and Novita's own word where that is all."""

from __future__ import annotations

from bot import words
from bot.views.text import clip, esc
from core.models import Instance, Status
from core.transitions import is_strange

_STRANGE: dict[str, str] = {
    "migrating": "being moved to another machine by Novita",
    "freezing": "being frozen by Novita",
    "frozen": "frozen by Novita",
}
_SURE = (Status.DELETING, Status.DELETED, Status.FAILED)


def shows_strange_state(instance: Instance) -> bool:
    """Whether Novita shows it in a state beside the usual ones, in which it takes nothing but a delete."""
    return instance.status not in _SURE and is_strange(instance.novita_status)


def state(instance: Instance) -> str:
    """`running`, `being moved to another machine by Novita`, as mrkdwn."""
    if not shows_strange_state(instance):
        return words.STATUS_WORDS[instance.status]
    word = instance.novita_status
    return _STRANGE.get(word) or f"in a state this bot does not know (Novita says “{esc(clip(word, 40), 60)}”)"


def emoji(instance: Instance) -> str:
    return words.STATUS_EMOJI[Status.UNKNOWN if shows_strange_state(instance) else instance.status]
