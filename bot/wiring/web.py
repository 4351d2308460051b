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
from bot.doctor import CheckResult, Installation, run_checks
from bot.http import api, application, hooks, listening
from bot.http.api.services import Services as ProgramServices
from bot.http.cache import TTLCache
from bot.listeners.services import Services
from bot.process.background import Background
from bot.process.supervise import supervised
from bot.slack import events
from bot.slack.reachable import Reachable
from bot.wiring import monitoring
from bot.wiring.base import Base
from bot.wiring.greeting import greeted
from bot.wiring.regions import compared
from core.adapters.redis import Store
from core.domain.errors import StoreUnavailable
from core.domain.policy import Policy
from core.domain.validation import Limits
from core.services.catalog import Catalog
from core.services.creation import Creation, Rules
from core.services.gpus import Gpus
from core.services.launch import Launcher

if TYPE_CHECKING:
    from bot.slack.socket_mode import SocketConnection, Timings

log = structlog.get_logger(__name__)

_LISTING_KEPT = timedelta(seconds=5)
"""However many programs ask for all there is, Novita is asked once in so long."""
_LAUNCH_PATIENCE = timedelta(seconds=25)
"""On SIGTERM running creates get this long; the rest is the worker's."""


@contextlib.asynccontextmanager
async def as_web(base: Base, *, socket_pace: Timings | None = None) -> AsyncIterator[int]:
    """Answers Slack and carries out creates. Gives the port that it listens on."""
    background = Background()
    services = _services(base, background)
    app = build_app(services)
    line = _line(base, app, socket_pace)
    served = listening.served(
        application.build(_routes(base, services, app, line)),
        base.settings.host,
        base.settings.port,
        patience=_LAUNCH_PATIENCE.total_seconds(),
    )
    await _first_look(base.catalog)
    async with supervised(base.catalog.keep_at_hand, name="catalog"), contextlib.AsyncExitStack() as stack:
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


def _line(base: Base, app: AsyncApp, pace: Timings | None) -> SocketConnection | None:
    """The connection of Socket Mode; None where Slack calls."""
    if base.settings.slack_app_token is None:
        return None
    from bot.slack.socket_mode import SocketConnection

    return SocketConnection(app, base.settings.slack_app_token.get_secret_value(), pace)


def _routes(base: Base, services: Services, app: AsyncApp, line: SocketConnection | None) -> Iterator[web.RouteDef]:
    settings = base.settings
    # Without its connection nobody in Slack gets an answer. That Slack renews it takes less time than a check may.
    yield from monitoring.routes(base, **({"socket": line.connected} if line else {}))
    yield from hooks.routes(base.reports)
    if settings.slack_signing_secret and not settings.uses_socket_mode:
        yield from events.routes(app, settings.slack_signing_secret.get_secret_value())
    if settings.api_token is not None:
        program = ProgramServices(services.gpus, services.background, services.clock)
        yield from api.routes(program, settings.api_token.get_secret_value())


def _services(base: Base, background: Background) -> Services:
    settings = base.settings
    limits = Limits(
        default_lease=settings.default_lease,
        max_lease=settings.max_lease,
        plain_webhooks=settings.webhook_allow_private,
    )
    rules = Rules(lambda: _policy(base), limits, settings.region_priority, settings.default_region)
    reachable = Reachable(base.client, base.clock)
    creation = Creation(base.catalog, base.store, reachable, _launcher(base), background, rules)
    outside = TTLCache(base.strays.outside, _LISTING_KEPT)
    gpus = Gpus(creation, base.lifecycle, base.strays, base.catalog, base.store, rules, outside.get)
    return Services(
        client=base.client,
        identity=base.identity,
        gpus=gpus,
        telling=base.dispatcher,
        cards=base.store,
        stamps=base.store,
        notifier=base.slack,
        background=background,
        clock=base.clock,
        reachable=reachable,
        examine=lambda: _examine(base),
        allowed_channels=settings.allowed_channels,
        admins=settings.admins,
    )


def _policy(base: Base) -> Policy:
    return Policy(
        home_team=base.identity.team,
        home_teams=base.identity.teams,
        allowed_channels=base.settings.allowed_channels,
        admins=base.settings.admins,
        max_lease=base.settings.max_lease,
    )


def _launcher(base: Base) -> Launcher:
    return Launcher(
        base.novita,
        base.catalog,
        base.store,
        base.unit_of_work,
        base.clock,
        process=base.store.holder,
        public_url=base.settings.public_url,
        seed=base.settings.slack_bot_token.get_secret_value(),
    )


async def _examine(base: Base) -> list[CheckResult]:
    """What the doctor finds, with the connections that this process has."""

    async def open_store() -> Store:
        return base.store

    return await run_checks(
        Installation(
            base.settings, base.client, base.novita, base.clock, open_store, outbound=base.outbound, is_running=True
        )
    )


async def _first_look(catalog: Catalog) -> None:
    """Takes the market that others left in the store, so that the first modal need not wait."""
    with contextlib.suppress(StoreUnavailable):
        await catalog.take_from_store()
