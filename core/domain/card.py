"""An instance's card: the message that shows how it is, and roots the thread in which its story is told."""

from __future__ import annotations

from core.domain.base import Value


class Card(Value):
    """Where it stands in Slack, and what has to be known to draw it anew. Made with nothing there is none yet."""

    channel: str = ""
    ts: str | None = None
    """Slack's id of the message; '' when it stands nowhere, since nobody is to be told."""
    why: str = ""
    """Slack's word for what closed the place that it was wanted in, if it stands in another."""
    twice: bool = False
    """Whether there may be a second one, because Slack's answer to the first was lost."""
    stale: bool = False
    """Whether it does not show the latest yet."""
    seen: int = 0
    """When it was last posted or edited, in whole seconds since 1970."""

    @property
    def stands(self) -> bool:
        """Whether there is a message."""
        return bool(self.channel and self.ts)
