"""What it means that Novita does not show an instance (pure): at first nothing, and of all at once nothing at all.

A listing lags behind a create, a page is read while the list moves, an answer is broken, a key is another account's.
"""

from __future__ import annotations

from collections.abc import Iterable, Set
from datetime import datetime, timedelta

from core.domain.instance import Instance, Status
from core.domain.order import Verb

UNLISTED_FOR = timedelta(seconds=30)
"""How long a new instance may be absent from Novita's listing before that means something; the delay is unpublished."""

ABSENT_FOR = timedelta(seconds=30)
"""How long one must be absent, while others are shown or its deletion is ordered, before it is believed to be gone."""

ALONE_ABSENT_FOR = timedelta(minutes=10)
"""How long it must be when nothing else shows that Novita answers rightly."""

COUNTED_AT_MOST = timedelta(seconds=15)
"""How much absence one look can add: what was between two looks nobody saw, and a clock may have jumped."""

_WORDS_OF_REMOVAL = ("toRemove", "removing")


def should_be_listed(instance: Instance, now: datetime) -> bool:
    """Whether Novita has had the time to show it. A launch that lies ahead is a mistaken clock's."""
    if instance.remote.id is None:
        return False
    launched = instance.launch.accepted_at
    return launched is None or is_seen_leaving(instance) or not timedelta() <= now - launched <= UNLISTED_FOR


def is_seen_leaving(instance: Instance) -> bool:
    """Whether Novita was seen removing it: what is absent after that is gone."""
    return instance.remote.status in _WORDS_OF_REMOVAL


def believed_after(instance: Instance, *, are_others_shown: bool) -> timedelta:
    """How long it must be absent before it is believed to be gone."""
    if is_seen_leaving(instance):
        return timedelta()
    return ABSENT_FOR if are_others_shown or _is_to_go(instance) else ALONE_ABSENT_FOR


def is_all_absent(live: Iterable[Instance], shown: Set[str], now: datetime) -> bool:
    """Whether a listing shows none of two or more that it should: that says something of the key or the answer.

    `shown` holds the ids of the records whose instances it shows.
    """
    known = [each for each in live if each.remote.id is not None]
    expected = [each for each in known if should_be_listed(each, now) and not _may_be_gone(each, now)]
    return len(expected) > 1 and not any(each.id in shown for each in known)


def _may_be_gone(instance: Instance, now: datetime) -> bool:
    """Whether there is a reason for its end: it was ordered, it has begun, or the time of its data is over."""
    until = instance.standstill.data_until
    is_purged = instance.status is Status.STOPPED and until is not None and until <= now
    return _is_to_go(instance) or is_seen_leaving(instance) or is_purged


def _is_to_go(instance: Instance) -> bool:
    return instance.order_to(Verb.DELETE) is not None
