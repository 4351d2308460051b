"""The worker process: observes Novita, ends leases, does and tells what was left undone, keeps prices fresh."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import structlog

from bot.compose.core import Core
from bot.compose.loops import running
from bot.compose.watching import watched
from core import tasks
from core.observe import BEAT_EVERY, Observer
from core.reports import Reports

_SUM_UP_EVERY = timedelta(seconds=2)

log = structlog.get_logger(__name__)


@contextlib.asynccontextmanager
async def as_worker(core: Core) -> AsyncIterator[None]:
    """Observes Novita, ends leases, does and tells what was left undone, keeps prices fresh."""
    observer = Observer(core.novita, core.store, core.outbox, core.clock)
    ttl = core.settings.catalog_ttl
    work = {
        "observe": (observer.look, core.settings.observe_interval),
        "tend": (core.lifecycle.tend, core.settings.observe_interval),
        "beat": (lambda: core.store.see_worker(core.clock.now()), BEAT_EVERY),
        "sum_up_reports": (Reports(core.store, core.store, core.outbox, core.clock).sum_up, _SUM_UP_EVERY),
        "sweep_outbox": (core.outbox.sweep, timedelta(seconds=1)),
        "refresh_market": (core.catalog.refresh, max(ttl / 3, timedelta(seconds=1))),
    }

    async def note(task: str) -> None:
        await core.store.note_success(task, core.clock.now())

    async with watched(core), running(lambda: tasks.run_forever(core.redis_url, work, note), name="worker"):
        log.info("worker_ready")
        yield
