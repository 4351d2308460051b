"""Which run of an instance Novita shows: what an order was to do may be done, and undone again, unseen (pure).

Novita stamps, in whole seconds, when an instance last came up and when it last stood still.
"""

from __future__ import annotations

from datetime import datetime

from core.domain.instance import Instance
from core.domain.novita import NovitaInstance
from core.domain.order import Order, Verb


def is_another(order: Order | None, novita: NovitaInstance) -> bool:
    """Whether it came up since the order was given, after the run that was known then."""
    return order is not None and _is_since(novita.started_at, order) and novita.started_at != order.run


def is_still_meant(order: Order, instance: Instance) -> bool:
    """Whether an order that may be over surely is not: somebody gave it, and the run that it is about goes on.

    The end of a lease gives one by the record alone, and that may have been an old one.
    """
    is_about_a_run = order.verb is not Verb.START and order.cause.is_asked
    return is_about_a_run and order.run is not None and instance.remote.run == order.run


def is_stopped_and_started(order: Order | None, novita: NovitaInstance) -> bool:
    """Whether it stood still since the order was given, and has come up after that: somebody wants it to run."""
    if order is None or novita.stopped_at is None or novita.started_at is None or not is_another(order, novita):
        return False
    return _is_since(novita.stopped_at, order) and novita.stopped_at <= novita.started_at


def is_started_and_stopped(order: Order | None, novita: NovitaInstance) -> bool:
    """Whether it came up since the order was given, and has stood still after that: nobody waits for it any more."""
    if novita.stopped_at is None or novita.started_at is None or not is_another(order, novita):
        return False
    return novita.started_at <= novita.stopped_at


def _is_since(stamp: datetime | None, order: Order) -> bool:
    return stamp is not None and stamp >= order.at.replace(microsecond=0)
