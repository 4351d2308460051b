"""What a notifier is: somebody who tells people or programs what happened."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Protocol, TypeVar

from pydantic import BaseModel

from core.domain.events import Event
from core.domain.instance import Instance

S = TypeVar("S", bound=BaseModel)

LONGEST_WAIT = timedelta(hours=1)
"""After so long a notifier is tried again at the latest, however long it asks to wait: nothing is due later."""


class RetryLater(Exception):
    """The notifier could not tell it now; it is tried again, after `retry_after` when that is known.

    `state`: what to remember all the same, of what was done before it failed. It is written down before the next try.
    """

    def __init__(self, why: str, retry_after: timedelta | None = None, state: BaseModel | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        self.state = state


class Stuck(RetryLater):
    """Nobody can be told until somebody mends what `why` says: it is tried again slowly, and the admins hear of it."""


class Abandoned(Exception):
    """The notifier can never tell it, nor anything after it. `news`, if any, is for the other notifiers; without any
    the admins hear of it, unless it was the receiver's own wish (`is_wished`)."""

    def __init__(self, why: str, news: Event | None = None, *, is_wished: bool = False) -> None:
        super().__init__(why)
        self.news = news
        self.is_wished = is_wished


class Notifier(Protocol[S]):
    """Tells people or programs what happened. `name` is its name in the store: it must not change.

    `state` is the class of what it remembers of an instance; at first that is made with nothing. If it is a Card, it
    is written where everybody can look it up.
    """

    name: str
    state: type[S]

    async def deliver(self, instance: Instance, event: Event, state: S, *, latest: bool) -> S:
        """Tells one event and returns what to remember for the next one.

        Raises RetryLater to be called again, Stuck to be so slowly, Abandoned to be told of nothing more.

        `latest` is false while more events of the same instance wait right behind this one. What cannot be taken back
        (a post) comes last in it, because all of it is repeated when it fails or when the process dies.
        """
        ...


AnyNotifier = Notifier[Any]
"""One whose memory is its own affair."""
