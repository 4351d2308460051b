"""The web process: answers Slack and carries out creates."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from datetime import timedelta

import structlog
from aiohttp import web
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.app import build_app
from bot.background import Background
from bot.compose.core import Core
from bot.compose.loops import running
from bot.parts import Parts
from bot.server import application, health, slack
from core.catalog import Catalog
from core.errors import SettingsError, StoreUnavailable
from core.launch import Launcher
from core.novita import NovitaClient
from core.requests import Limits
from core.settings import Settings

log = structlog.get_logger(__name__)

_LAUNCH_PATIENCE = timedelta(seconds=25)
"""On SIGTERM running creates get this long; the rest is the worker's (design.md 2)."""


@contextlib.asynccontextmanager
async def as_web(core: Core) -> AsyncIterator[int]:
    """Answers Slack and carries out creates. Gives the port that it listens on."""
    background = Background()
    parts = _parts(core, background)
    app = build_app(parts)
    # Slack compresses nothing, and what anybody else packs is not worth unpacking.
    runner = web.AppRunner(
        application.build(_routes(core, app)),
        auto_decompress=False,
        access_log=None,
        shutdown_timeout=_LAUNCH_PATIENCE.total_seconds(),
    )
    await _first_look(core.catalog)
    async with running(core.catalog.keep_at_hand, name="catalog"), contextlib.AsyncExitStack() as stack:
        await runner.setup()
        await _listen(runner, core.settings)
        if core.settings.slack_app_token is not None:
            from bot.socket_mode import socket_mode

            await stack.enter_async_context(socket_mode(app, core.settings.slack_app_token.get_secret_value()))
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


def _routes(core: Core, app: AsyncApp) -> Iterator[web.RouteDef]:
    settings = core.settings
    checks = {"redis": core.store.ping, "slack": _ask_slack(core.client), "novita": _ask_novita(core.novita)}
    yield from health.routes(checks)
    if settings.slack_signing_secret and not settings.uses_socket_mode:
        yield from slack.routes(app, settings.slack_signing_secret.get_secret_value())


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        raise SettingsError(f"PORT: cannot listen on {settings.host}:{settings.port} ({error.strerror})") from error


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
        limits=Limits(default_lease=settings.default_lease, max_lease=settings.max_lease),
        priority=settings.region_priority,
        default_region=settings.default_region,
        allowed_channels=settings.allowed_channels,
        admins=settings.admins,
    )


async def _first_look(catalog: Catalog) -> None:
    """Takes the market that others left in the store, so that the first modal need not wait."""
    with contextlib.suppress(StoreUnavailable):
        await catalog.take_from_shelf()


def _ask_slack(client: AsyncWebClient) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        await client.auth_test()

    return ask


def _ask_novita(novita: NovitaClient) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        await novita.regions()

    return ask
