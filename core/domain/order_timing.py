"""When an order is sent again, when it is given up, and when it has stood for too long (pure).

An order to stop or delete ends what is billed: it is never given up. One to start or restart costs money when it works,
and somebody who gave up waiting for it would be surprised by that: it has an end.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain.backoff import pause
from core.domain.clock import is_ahead, is_within
from core.domain.order import Order

FIRST_PAUSE, LONGEST_PAUSE = timedelta(seconds=15), timedelta(minutes=5)

OLD_STATE_LAG = timedelta(minutes=1)
"""How long Novita may go on showing the state before an order that it took; the delay is unpublished."""

STUCK_AFTER = timedelta(minutes=30)
"""How long an order to stop or delete may stand before somebody has to hear that what it was to end goes on."""

IN_FLIGHT_FOR = timedelta(seconds=20)
"""How long whoever set out to send one may take: longer than a call to Novita does."""

START_TRIES = 3
"""How often in a row a start may stay without an answer, and how often Novita may take it without doing it."""

START_WAITS_FOR = timedelta(minutes=30)
"""How long a start is put off, by a Novita that asks to slow down or because nobody is there to send it."""

OUTDATED = "OUTDATED"
"""The reason that stands on an order of which nobody could see to it in time."""


def is_due(order: Order, now: datetime, *, is_on_the_way: bool) -> bool:
    """Whether to send it (again): its process died, Novita refused, or said yes and did nothing.

    `is_on_the_way`: Novita shows that it is at it. A stamp that lies ahead is a mistaken clock's, and holds up nothing;
    one that lies so little ahead as two processes' readings may differ is of this moment.
    """
    if order.is_outcome_unknown and order.posted_at is not None:
        return not is_within(order.posted_at, IN_FLIGHT_FOR, now)
    if order.last_try_at is None:
        # Whoever takes somebody's order sends it too; what nobody asked for only a worker sends.
        return not order.cause.is_asked or not is_within(order.at, FIRST_PAUSE, now)
    if order.again_at is not None and is_ahead(order.again_at, LONGEST_PAUSE, now):
        return False
    return not is_within(order.last_try_at, _wait(order, is_on_the_way=is_on_the_way), now)


def _wait(order: Order, *, is_on_the_way: bool) -> timedelta:
    if order.failures:
        return pause(order.failures, FIRST_PAUSE, LONGEST_PAUSE) if order.again_at is None else timedelta()
    return LONGEST_PAUSE if is_on_the_way else OLD_STATE_LAG


def asked_pause(retry_after: timedelta | None, failures: int) -> timedelta:
    """How long to wait when Novita asks to slow down, after so many failures before it: as it says, within bounds."""
    least = pause(failures, timedelta(seconds=1), LONGEST_PAUSE)
    return min(max(retry_after if retry_after is not None else FIRST_PAUSE, least), LONGEST_PAUSE)


def is_given_up(order: Order, now: datetime, *, is_answered: bool) -> bool:
    """Whether a failure that might pass was the last that is waited out. `is_answered`: Novita asked to slow down."""
    if order.verb.is_ending:
        return False
    if is_answered:
        return now - order.at >= START_WAITS_FOR
    return order.unanswered + 1 >= START_TRIES


def is_without_effect(order: Order, *, is_on_the_way: bool) -> bool:
    """Whether Novita has taken a start often enough without doing it."""
    return not order.verb.is_ending and not order.failures and not is_on_the_way and order.taken >= START_TRIES


def is_outdated(order: Order, now: datetime) -> bool:
    """Whether nobody has tried to send a start for so long that whoever gave it does not wait for it any more."""
    if order.verb.is_ending or order.was_taken:
        return False
    return now - max(filter(None, (order.at, order.posted_at, order.last_try_at))) >= START_WAITS_FOR


def is_stuck(order: Order, now: datetime) -> bool:
    """Whether what it was to end goes on for so long that somebody has to hear of it."""
    return order.verb.is_ending and order.last_try_at is not None and now - order.at >= STUCK_AFTER
