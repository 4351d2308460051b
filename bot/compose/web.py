"""The web process: answers Slack and carries out creates."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from typing import TYPE_CHECKING

import structlog
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp

from bot.app import build_app
from bot.background import Background
from bot.compose import watching
from bot.compose.base import Base
from bot.compose.greeting import greeted
from bot.compose.regions import compared
from bot.doctor import Finding, Patient, diagnose
from bot.loops import running
from bot.parts import Parts
from bot.reachable import Reachable
from bot.server import api, application, listening, reports, slack
from bot.server.recent import Recent
from core.catalog import Catalog
from core.errors import StoreUnavailable
from core.launch import Launcher
from core.requests import Limits
from core.store import Store

if TYPE_CHECKING:
    from bot.socket_mode import Line, Pace

log = structlog.get_logger(__name__)

_LISTING_KEPT = timedelta(seconds=5)
"""However many programs ask for all there is, Novita is asked once in so long."""
_LAUNCH_PATIENCE = timedelta(seconds=25)
"""On SIGTERM running creates get this long; the rest is the worker's."""


@contextlib.asynccontextmanager
async def as_web(base: Base, *, socket_pace: Pace | None = None) -> AsyncIterator[int]:
    """Answers Slack and carries out creates. Gives the port that it listens on."""
    background = Background()
    parts = _parts(base, background)
    app = build_app(parts)
    line = _line(base, app, socket_pace)
    served = listening.served(
        application.build(_routes(base, parts, app, line)),
        base.settings.host,
        base.settings.port,
        patience=_LAUNCH_PATIENCE.total_seconds(),
    )
    await _first_look(base.catalog)
    async with running(base.catalog.keep_at_hand, name="catalog"), contextlib.AsyncExitStack() as stack:
        addresses = await stack.enter_async_context(served)
        if line is not None:
            await stack.enter_async_context(line.held())
        await stack.enter_async_context(compared(base))
        await stack.enter_async_context(greeted(base, line.connected if line else None))
        log.info("web_ready", addresses=addresses, socket=base.settings.uses_socket_mode)
        try:
            yield int(addresses[0].rpartition(":")[2])
        finally:
            until = base.clock.now() + _LAUNCH_PATIENCE
            # First no more requests, on open connections neither; then the answers to those that are here.
            await stack.aclose()
            if left := await background.drain(until - base.clock.now()):
                log.warning("left_to_the_worker", tasks=left)


def _line(base: Base, app: AsyncApp, pace: Pace | None) -> Line | None:
    """The connection of Socket Mode; None where Slack calls."""
    if base.settings.slack_app_token is None:
        return None
    from bot.socket_mode import Line

    return Line(app, base.settings.slack_app_token.get_secret_value(), pace)


def _routes(base: Base, parts: Parts, app: AsyncApp, line: Line | None) -> Iterator[web.RouteDef]:
    settings = base.settings
    # Without its connection nobody in Slack gets an answer. That Slack renews it takes less time than a check may.
    yield from watching.routes(base, **({"socket": line.connected} if line else {}))
    yield from reports.routes(base.reports)
    if settings.slack_signing_secret and not settings.uses_socket_mode:
        yield from slack.routes(app, settings.slack_signing_secret.get_secret_value())
    if settings.api_token is not None:
        yield from api.routes(parts, settings.api_token.get_secret_value())


def _parts(base: Base, background: Background) -> Parts:
    settings = base.settings
    return Parts(
        client=base.client,
        identity=base.identity,
        catalog=base.catalog,
        launcher=_launcher(base),
        lifecycle=base.lifecycle,
        strays=base.strays,
        outbox=base.outbox,
        store=base.store,
        notifier=base.slack,
        background=background,
        clock=base.clock,
        limits=Limits(
            default_lease=settings.default_lease,
            max_lease=settings.max_lease,
            plain_webhooks=settings.webhook_allow_private,
        ),
        reachable=Reachable(base.client, base.clock),
        examine=lambda: _examine(base),
        outside=Recent(base.strays.outside, _LISTING_KEPT).get,
        priority=settings.region_priority,
        default_region=settings.default_region,
        allowed_channels=settings.allowed_channels,
        admins=settings.admins,
    )


def _launcher(base: Base) -> Launcher:
    return Launcher(
        base.novita,
        base.catalog,
        base.store,
        base.outbox,
        base.clock,
        process=base.store.holder,
        priority=base.settings.region_priority,
        public_url=base.settings.public_url,
        seed=base.settings.slack_bot_token.get_secret_value(),
    )


async def _examine(base: Base) -> list[Finding]:
    """What the doctor finds, with the connections that this process has."""

    async def open_store() -> Store:
        return base.store

    return await diagnose(
        Patient(base.settings, base.client, base.novita, base.clock, open_store, outbound=base.outbound)
    )


async def _first_look(catalog: Catalog) -> None:
    """Takes the market that others left in the store, so that the first modal need not wait."""
    with contextlib.suppress(StoreUnavailable):
        await catalog.take_from_shelf()
