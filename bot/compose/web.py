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
from bot.compose.core import Core
from bot.compose.loops import running
from bot.doctor import Finding, Patient, checks, examine
from bot.doctor.settings import about
from bot.parts import Parts
from bot.server import api, application, reports, slack
from core.catalog import Catalog
from core.errors import StoreUnavailable
from core.launch import Launcher
from core.reports import Reports
from core.requests import Limits
from core.store import Store

if TYPE_CHECKING:
    from bot.socket_mode import Pace

log = structlog.get_logger(__name__)

_LAUNCH_PATIENCE = timedelta(seconds=25)
"""On SIGTERM running creates get this long; the rest is the worker's (design.md 2)."""


@contextlib.asynccontextmanager
async def as_web(core: Core, *, socket_pace: Pace | None = None) -> AsyncIterator[int]:
    """Answers Slack and carries out creates. Gives the port that it listens on."""
    background = Background()
    parts = _parts(core, background)
    app = build_app(parts)
    # Slack compresses nothing, and what anybody else packs is not worth unpacking.
    runner = web.AppRunner(
        application.build(_routes(core, parts, app)),
        auto_decompress=False,
        access_log=None,
        shutdown_timeout=_LAUNCH_PATIENCE.total_seconds(),
    )
    await _first_look(core.catalog)
    async with running(core.catalog.keep_at_hand, name="catalog"), contextlib.AsyncExitStack() as stack:
        await runner.setup()
        await watching.listen(runner, core.settings.host, core.settings.port, "PORT")
        if core.settings.slack_app_token is not None:
            from bot.socket_mode import socket_mode

            await stack.enter_async_context(
                socket_mode(app, core.settings.slack_app_token.get_secret_value(), socket_pace)
            )
        log.info(
            "web_ready", addresses=[f"{a[0]}:{a[1]}" for a in runner.addresses], socket=core.settings.uses_socket_mode
        )
        try:
            yield runner.addresses[0][1]
        finally:
            # First no more requests, on open connections neither; then the answers to those that are here, and
            # what they began.
            until = core.clock.now() + _LAUNCH_PATIENCE
            await stack.aclose()
            await runner.cleanup()
            if left := await background.drain(until - core.clock.now()):
                log.warning("left_to_the_worker", tasks=left)


def _routes(core: Core, parts: Parts, app: AsyncApp) -> Iterator[web.RouteDef]:
    settings = core.settings
    yield from watching.routes(core)
    yield from reports.routes(Reports(core.store, core.store, core.outbox, core.clock))
    if settings.slack_signing_secret and not settings.uses_socket_mode:
        yield from slack.routes(app, settings.slack_signing_secret.get_secret_value())
    if settings.api_token is not None:
        yield from api.routes(parts, settings.api_token.get_secret_value())


def _parts(core: Core, background: Background) -> Parts:
    settings = core.settings
    launcher = Launcher(
        core.novita,
        core.catalog,
        core.outbox,
        core.store,
        core.clock,
        process=core.store.holder,
        priority=settings.region_priority,
        public_url=settings.public_url,
    )
    return Parts(
        client=core.client,
        identity=core.identity,
        catalog=core.catalog,
        launcher=launcher,
        lifecycle=core.lifecycle,
        outbox=core.outbox,
        store=core.store,
        background=background,
        clock=core.clock,
        limits=Limits(
            default_lease=settings.default_lease,
            max_lease=settings.max_lease,
            plain_webhooks=settings.webhook_allow_private,
        ),
        examine=lambda: _examine(core),
        priority=settings.region_priority,
        default_region=settings.default_region,
        allowed_channels=settings.allowed_channels,
        admins=settings.admins,
    )


async def _examine(core: Core) -> list[Finding]:
    """What the doctor finds, with the connections that this process has."""

    async def open_store() -> Store:
        return core.store

    patient = Patient(core.settings, core.client, core.novita, core.clock, open_store)
    return await examine(checks(patient), about(core.settings, {}))


async def _first_look(catalog: Catalog) -> None:
    """Takes the market that others left in the store, so that the first modal need not wait."""
    with contextlib.suppress(StoreUnavailable):
        await catalog.take_from_shelf()
