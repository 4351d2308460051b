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
from bot.doctor import Finding, Patient, checks, examine
from bot.doctor.settings import about
from bot.loops import running
from bot.parts import Parts
from bot.server import api, application, reports, slack
from core.catalog import Catalog
from core.errors import StoreUnavailable
from core.launch import Launcher
from core.requests import Limits
from core.store import Store

if TYPE_CHECKING:
    from bot.socket_mode import Pace

log = structlog.get_logger(__name__)

_LAUNCH_PATIENCE = timedelta(seconds=25)
"""On SIGTERM running creates get this long; the rest is the worker's (design.md 2)."""


@contextlib.asynccontextmanager
async def as_web(base: Base, *, socket_pace: Pace | None = None) -> AsyncIterator[int]:
    """Answers Slack and carries out creates. Gives the port that it listens on."""
    background = Background()
    parts = _parts(base, background)
    app = build_app(parts)
    # Slack compresses nothing, and what anybody else packs is not worth unpacking.
    runner = web.AppRunner(
        application.build(_routes(base, parts, app)),
        auto_decompress=False,
        access_log=None,
        shutdown_timeout=_LAUNCH_PATIENCE.total_seconds(),
    )
    await _first_look(base.catalog)
    async with running(base.catalog.keep_at_hand, name="catalog"), contextlib.AsyncExitStack() as stack:
        await runner.setup()
        await watching.listen(runner, base.settings.host, base.settings.port, "PORT")
        if base.settings.slack_app_token is not None:
            from bot.socket_mode import socket_mode

            await stack.enter_async_context(
                socket_mode(app, base.settings.slack_app_token.get_secret_value(), socket_pace)
            )
        log.info(
            "web_ready", addresses=[f"{a[0]}:{a[1]}" for a in runner.addresses], socket=base.settings.uses_socket_mode
        )
        try:
            yield runner.addresses[0][1]
        finally:
            until = base.clock.now() + _LAUNCH_PATIENCE
            # First no more requests, on open connections neither; then the answers to those that are here.
            await stack.aclose()
            await runner.cleanup()
            if left := await background.drain(until - base.clock.now()):
                log.warning("left_to_the_worker", tasks=left)


def _routes(base: Base, parts: Parts, app: AsyncApp) -> Iterator[web.RouteDef]:
    settings = base.settings
    yield from watching.routes(base)
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
        outbox=base.outbox,
        store=base.store,
        background=background,
        clock=base.clock,
        limits=Limits(
            default_lease=settings.default_lease,
            max_lease=settings.max_lease,
            plain_webhooks=settings.webhook_allow_private,
        ),
        examine=lambda: _examine(base),
        priority=settings.region_priority,
        default_region=settings.default_region,
        allowed_channels=settings.allowed_channels,
        admins=settings.admins,
    )


def _launcher(base: Base) -> Launcher:
    return Launcher(
        base.novita,
        base.catalog,
        base.outbox,
        base.store,
        base.clock,
        process=base.store.holder,
        priority=base.settings.region_priority,
        public_url=base.settings.public_url,
    )


async def _examine(base: Base) -> list[Finding]:
    """What the doctor finds, with the connections that this process has."""

    async def open_store() -> Store:
        return base.store

    patient = Patient(base.settings, base.client, base.novita, base.clock, open_store)
    return await examine(checks(patient), about(base.settings, {}))


async def _first_look(catalog: Catalog) -> None:
    """Takes the market that others left in the store, so that the first modal need not wait."""
    with contextlib.suppress(StoreUnavailable):
        await catalog.take_from_shelf()
