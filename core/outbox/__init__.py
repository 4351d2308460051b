"""Commits changes and tells their events to the notifiers: at least once, in order per instance, at once or later.

Who commits a change also takes the right to tell it (a lease in the store), so that the news leaves at once. When
that process dies or a notifier is away, the instance stays in the outbox, and `sweep` of any worker goes on from the
last event that is noted as told.
"""

from core.outbox.ledger import Change, Ledger
from core.outbox.notifier import LONGEST_WAIT, GivenUp, Memo, NotDelivered, Notifier, Stuck
from core.outbox.outbox import Outbox
from core.outbox.story import Begun, Telling

__all__ = [
    "LONGEST_WAIT",
    "Begun",
    "Change",
    "GivenUp",
    "Ledger",
    "Memo",
    "NotDelivered",
    "Notifier",
    "Outbox",
    "Stuck",
    "Telling",
]
