"""Turns the clock forward for one instance, so that a rehearsal need not wait for hours to pass."""

from __future__ import annotations

from datetime import timedelta

from bot.sandbox.children import Trouble
from core.adapters.redis import Store, connect
from core.domain.clock import SystemClock
from core.domain.instance import Billed, Instance
from core.services.outbox import Dispatcher, RecordWriter

_INSTANTS = ("created_at", "launched_at", "running_at", "lease_set_at", "lease_ends_at")


async def turn_forward(redis_url: str, novita_id: str, left: timedelta) -> timedelta:
    """Moves the instance's whole past back until so much of its lease is `left`. Returns how far that was.

    Nothing else is touched: that the time has come, the bot has to find by itself.
    """
    store, clock = Store(connect(redis_url)), SystemClock()
    try:
        instance = next((each for each in await store.live() if each.novita_id == novita_id), None)
        if instance is None or instance.lease_ends_at is None:
            raise Trouble(f"The bot has no record with a lease of Novita's instance {novita_id}.")
        by = instance.lease_ends_at - clock.now() - left
        writer = RecordWriter(store, Dispatcher(store, (), clock), clock)
        await writer.update(instance, lambda newest: (_aged(newest, by), ()))
    finally:
        await store.aclose()
    return by


def _aged(instance: Instance, by: timedelta) -> Instance:
    """The same instance, had all of it happened so much earlier."""
    known = {name: getattr(instance, name) for name in _INSTANTS}
    changes: dict[str, object] = {name: instant - by for name, instant in known.items() if instant is not None}
    billed = tuple(Billed(since=each.since - by, until=each.until and each.until - by) for each in instance.billed)
    return instance.model_copy(update={**changes, "billed": billed})
