"""How a process can be watched: its health and its metrics over HTTP, on the web's port or on one of a worker's own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator

import structlog
from aiohttp import web

from bot.compose.base import Base
from bot.server import application, health, metrics
from core.errors import SettingsError

log = structlog.get_logger(__name__)


def routes(base: Base, **more: health.Check) -> Iterator[web.RouteDef]:
    """`more` is what this process stands on besides what all do."""
    checks: dict[str, health.Check] = {
        "redis": base.store.ping,
        "slack": base.client.auth_test,
        "novita": base.novita.regions,
        **more,
    }
    yield from health.routes(checks, health.worker_check(base.store.worker_seen_at, base.clock.now))
    yield from metrics.routes(base.store, base.clock)


@contextlib.asynccontextmanager
async def watched(base: Base) -> AsyncIterator[None]:
    """Serves them on METRICS_PORT while the context lasts, if that is set. Raises SettingsError when it is taken."""
    port = base.settings.metrics_port
    if port is None:
        yield
        return
    runner = web.AppRunner(application.build(routes(base)), auto_decompress=False, access_log=None)
    await runner.setup()
    try:
        await listen(runner, base.settings.host, port, "METRICS_PORT")
        log.info("metrics_ready", addresses=[f"{a[0]}:{a[1]}" for a in runner.addresses])
        yield
    finally:
        await runner.cleanup()


async def listen(runner: web.AppRunner, host: str, port: int, variable: str) -> None:
    try:
        await web.TCPSite(runner, host, port).start()
    except OSError as error:
        raise SettingsError(f"{variable}: cannot listen on {host}:{port} ({error.strerror})") from error
