"""What a notifier is: somebody who tells people or programs what happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Protocol

from core.domain.events import Event
from core.domain.instance import Instance

LONGEST_WAIT = timedelta(hours=1)
"""After so long a notifier is tried again at the latest, however long it asks to wait: nothing is due later."""


class RetryLater(Exception):
    """The notifier could not tell it now; it is tried again, after `retry_after` when that is known.

    `memo`: what to remember all the same, of what was done before it failed.
    """

    def __init__(self, why: str, retry_after: timedelta | None = None, memo: Memo | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        self.memo = memo


class Stuck(RetryLater):
    """Nobody can be told until somebody mends what `why` says: it is tried again slowly, and the admins hear of it."""


class Abandoned(Exception):
    """The notifier can never tell it, nor anything after it. `news`, if any, is for the other notifiers; without any
    the admins hear of it, unless it was the receiver's own wish (`is_wished`)."""

    def __init__(self, why: str, news: Event | None = None, *, is_wished: bool = False) -> None:
        super().__init__(why)
        self.news = news
        self.is_wished = is_wished


class Notifier(Protocol):
    """Tells people or programs what happened. `name` is its name in the store: it must not change."""

    name: str

    async def tell(self, instance: Instance, event: Event, memo: Memo, *, latest: bool) -> Memo:
        """Tells one event and returns what to remember for the next one.

        Raises NotDelivered to be called again, Stuck to be so slowly, GivenUp to be told of nothing more.

        `latest` is false while more events of the same instance wait right behind this one. What cannot be taken back
        (a post) comes last in it, because all of it is repeated when it fails or when the process dies.
        """
        ...


Memo = dict[str, str]
"""What a notifier wants to remember about an instance, such as where its thread is."""
