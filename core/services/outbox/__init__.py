"""Commits changes and tells their events to the notifiers: at least once, in order per instance, at once or later.

Who commits a change also takes the right to tell it (a lease in the store), so that the news leaves at once. When
that process dies or a notifier is away, the instance stays in the outbox, and `sweep` of any worker goes on from the
last event that is noted as told.
"""

from core.services.outbox.delivery import Begun, Claim
from core.services.outbox.dispatcher import Outbox
from core.services.outbox.notifier import LONGEST_WAIT, Abandoned, Memo, Notifier, RetryLater, Stuck
from core.services.outbox.ports import Transition, UnitOfWork

__all__ = [
    "LONGEST_WAIT",
    "Abandoned",
    "Begun",
    "Claim",
    "Memo",
    "Notifier",
    "Outbox",
    "RetryLater",
    "Stuck",
    "Transition",
    "UnitOfWork",
]
