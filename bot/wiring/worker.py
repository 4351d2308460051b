"""The worker process: observes Novita, ends leases, does and tells what was left undone, keeps prices fresh."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from math import inf
from time import monotonic

import structlog

from bot.notifiers.alarms import AlarmTeller
from bot.process.supervise import supervised
from bot.wiring.base import Base
from bot.wiring.monitoring import watched
from core.adapters import scheduler
from core.adapters.redis import Store
from core.domain.errors import StoreFull
from core.services.alarm_cleanup import tidy_alarms
from core.services.alarms import AlarmKind, Alarms
from core.services.overdue import TaskWatch
from core.services.reconciler import BEAT_EVERY, LOOK, Reconciler

_SUM_UP_EVERY = timedelta(seconds=2)
_TELL_ALARMS_EVERY = timedelta(seconds=5)
_TRY_REDIS_EVERY = timedelta(seconds=15)
_NOTE_SECONDS = 10.0
"""How old the note of a success may be: a task that succeeds every second need not say so every second."""
_TIDY_ALARMS_EVERY = timedelta(seconds=15)
_WATCH_TASKS_EVERY = timedelta(seconds=30)

log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def as_worker(base: Base) -> AsyncIterator[None]:
    """Observes Novita, ends leases, does and tells what was left undone, keeps prices fresh."""
    reconciler = Reconciler(
        base.novita,
        base.store,
        base.unit_of_work,
        base.clock,
        base.alarms,
        strays=base.strays,
        continuity=base.continuity,
    )

    watch = TaskWatch(base.alarms, base.store, base.clock.now())

    async def watch_tasks() -> None:
        await watch.look({task: every for task, (_, every) in work.items()}, base.clock.now())

    teller = AlarmTeller(base.alarms, base.client, base.clock, base.settings.admins)
    ttl = base.settings.catalog_ttl
    work = {
        LOOK: (reconciler.run_once, base.settings.observe_interval),
        "tend": (base.lifecycle.run_due, base.settings.observe_interval),
        "beat": (lambda: base.store.see_worker(base.clock.now()), BEAT_EVERY),
        "sum_up_reports": (base.reports.sum_up, _SUM_UP_EVERY),
        "sweep_outbox": (base.dispatcher.sweep, timedelta(seconds=1)),
        "tidy_alarms": (lambda: tidy_alarms(base.alarms, base.store, base.clock), _TIDY_ALARMS_EVERY),
        "tell_alarms": (teller.tell, _TELL_ALARMS_EVERY),
        "try_redis": (lambda: _try_redis(base.store, base.alarms), _TRY_REDIS_EVERY),
        "refresh_market": (base.catalog.refresh, max(ttl / 3, timedelta(seconds=1))),
        "watch_tasks": (watch_tasks, _WATCH_TASKS_EVERY),
    }

    noted: dict[str, float] = {}

    async def note(task: str) -> None:
        now = monotonic()
        if now - noted.get(task, -inf) >= _NOTE_SECONDS:
            await base.store.note_success(task, base.clock.now())
            noted[task] = now

    async with watched(base), supervised(lambda: scheduler.run_forever(base.redis_url, work, note), name="worker"):
        log.info("worker_ready")
        yield


async def _try_redis(store: Store, alarms: Alarms) -> None:
    """Whether there is room for a new record; if not, small writes go on, and the admins hear of it."""
    try:
        await store.try_write()
    except StoreFull:
        await alarms.sound(AlarmKind.REDIS_FULL)
    else:
        await alarms.quiet(AlarmKind.REDIS_FULL)
