"""How a process can be watched: its health and its metrics over HTTP, on the web's port or on one of a worker's own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator

import structlog
from aiohttp import web
from slack_sdk.errors import SlackApiError

from bot.http import application, health, metrics
from bot.http.listening import served
from bot.slack import errors as slack_errors
from bot.wiring.base import Base

log = structlog.get_logger(__name__)

_SHARE = 8
"""Whoever watches a process needs only one part in so many of the connections that it may have."""


def routes(base: Base, **more: health.Check) -> Iterator[web.RouteDef]:
    """`more` is what this process stands on besides what all do."""
    checks: dict[str, health.Check] = {
        "redis": base.store.try_write,
        "slack": lambda: _slack(base),
        "novita": base.novita.regions,
        **more,
    }
    yield from health.routes(checks, health.worker_check(base.store.worker_seen_at, base.clock.now))
    yield from metrics.routes(base.store, base.clock)


async def _slack(base: Base) -> None:
    """Raises Refused when Slack does not take the token."""
    try:
        await base.client.auth_test()
    except SlackApiError as error:
        word = slack_errors.error_code(error)
        raise health.Refused(word) if word in slack_errors.TOKEN_REFUSED else error from None


@contextlib.asynccontextmanager
async def watched(base: Base) -> AsyncIterator[None]:
    """Serves them on METRICS_PORT while the context lasts, if that is set. Raises SettingsError when it is taken."""
    port = base.settings.metrics_port
    if port is None:
        yield
        return
    async with served(
        application.build(routes(base)), base.settings.host, port, "METRICS_PORT", share=_SHARE
    ) as addresses:
        log.info("metrics_ready", addresses=addresses)
        yield
