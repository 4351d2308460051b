"""Why the bot does something that nobody asked for, in words."""

from __future__ import annotations

from typing import NamedTuple

from core.domain import leases
from core.domain.base import Cause

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
