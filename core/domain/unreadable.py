"""What stands in for a record that cannot be read, and how people are told."""

from __future__ import annotations

from core.domain.base import Value


class Unreadable(Value):
    """Why a record cannot be read: then nothing is changed of it, and what else it says is what could be made out."""

    newer: int | None = None
    """The number of its shape, where that is newer than this version of the program knows."""
    why: str = ""

    @property
    def state(self) -> str:
        """To stand after "is", as plain text."""
        return f"on a record {'of a newer version of this bot' if self.newer else 'that this bot cannot read'}"

    @property
    def words(self) -> str:
        """What that means, in whole sentences."""
        cause = (
            f"Its record was written by a newer version of this bot (shape {self.newer})"
            if self.newer
            else "Its record cannot be read by this version of the bot"
        )
        return f"{cause}, so nothing can be changed here. An admin has to update every process to the newest version."
