"""Records and what happened to them: written in one step, told at least once, in order per instance.

Who commits a change (`RecordWriter`, the use cases' `UnitOfWork`) also takes the right to tell it, a lease in the
store, so that the `Dispatcher` tells the news at once. When that process dies or a notifier is away, the instance
stays in the outbox, and `Dispatcher.sweep` of any worker goes on from the last event that is noted as told.
"""

from core.services.outbox.delivery import Begun, Claim, Progress
from core.services.outbox.dispatcher import Dispatcher
from core.services.outbox.notifier import LONGEST_WAIT, Abandoned, Notifier, RetryLater, Stuck
from core.services.outbox.ports import Transition, UnitOfWork
from core.services.outbox.record_writer import RecordWriter

__all__ = [
    "LONGEST_WAIT",
    "Abandoned",
    "Begun",
    "Claim",
    "Dispatcher",
    "Notifier",
    "Progress",
    "RecordWriter",
    "RetryLater",
    "Stuck",
    "Transition",
    "UnitOfWork",
]
