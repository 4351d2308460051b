"""Turns the clock forward for one instance, so that a rehearsal need not wait for hours to pass."""

from __future__ import annotations

from datetime import datetime, timedelta

from bot.sandbox.children import Trouble
from core.adapters.redis import Store, connect
from core.domain.clock import SystemClock
from core.domain.instance import Billed, Instance
from core.services.outbox import Dispatcher, RecordWriter


async def turn_forward(redis_url: str, novita_id: str, left: timedelta) -> timedelta:
    """Moves the instance's whole past back until so much of its lease is `left`. Returns how far that was.

    Nothing else is touched: that the time has come, the bot has to find by itself.
    """
    store, clock = Store(connect(redis_url)), SystemClock()
    try:
        instance = next((each for each in await store.live() if each.remote.id == novita_id), None)
        if instance is None or instance.lease.ends_at is None:
            raise Trouble(f"The bot has no record with a lease of Novita's instance {novita_id}.")
        by = instance.lease.ends_at - clock.now() - left
        writer = RecordWriter(store, Dispatcher(store, (), clock), clock)
        await writer.update(instance, lambda newest: (_aged(newest, by), ()))
    finally:
        await store.aclose()
    return by


def _aged(instance: Instance, by: timedelta) -> Instance:
    """The same instance, had all of it happened so much earlier."""
    lease, launch = instance.lease, instance.launch
    return instance.replace(
        created_at=instance.created_at - by,
        running_at=_earlier(instance.running_at, by),
        launch=launch.replace(accepted_at=_earlier(launch.accepted_at, by)),
        lease=lease.replace(ends_at=_earlier(lease.ends_at, by), set_at=_earlier(lease.set_at, by)),
        billed=tuple(Billed(since=each.since - by, until=_earlier(each.until, by)) for each in instance.billed),
    )


def _earlier(instant: datetime | None, by: timedelta) -> datetime | None:
    return instant and instant - by
