"""The composition roots: here, and only here, it is chosen what stands behind each Protocol, and the processes run."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import structlog
from aiohttp import web
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot import faults, logs, server
from bot.app import build_app
from bot.background import Background
from bot.faults import CALL_FAILED
from bot.identity import Identity
from bot.notifier import SlackNotifier
from bot.parts import Parts
from bot.views.modal import Limits
from core.catalog import Catalog
from core.clock import SystemClock
from core.errors import SettingsError, StoreUnavailable
from core.launch import Launcher
from core.lifecycle import Lifecycle
from core.novita import NovitaClient
from core.observe import BEAT_EVERY, Observer
from core.outbox import Outbox
from core.redis_server import embedded_redis
from core.settings import Settings
from core.store import Store, connect
from core.webhook import WebhookNotifier

log = structlog.get_logger(__name__)

_SLACK_TIMEOUT = aiohttp.ClientTimeout(total=8, sock_connect=3)
"""Seconds. Shorter than a third of the lease on telling (core.store.LEASE), so that two calls fit into it."""
# With a logger of no level of its own, slack_sdk writes out every call as text and then throws that away.
_calls_log = logging.getLogger("slack_sdk.calls")
_calls_log.setLevel(logging.INFO)
_REDIS_PATIENCE = timedelta(seconds=20)
_LAUNCH_PATIENCE = timedelta(seconds=25)
"""On SIGTERM running creates get this long; the rest is the worker's (design.md 2)."""
_TELLING_PATIENCE = timedelta(seconds=10)
_CANCEL_AGAIN_SECONDS = 2.0
_GOODBYE_SECONDS = 2.0
"""For requests that are being read; aiohttp's own minute is longer than a host waits before it kills."""

Role = Callable[["Core"], "contextlib.AbstractAsyncContextManager[object]"]
"""Something a process does for as long as the context lasts."""


@dataclass(frozen=True)
class Core:
    """What every process has."""

    settings: Settings
    redis_url: str
    clock: SystemClock
    store: Store
    novita: NovitaClient
    client: AsyncWebClient
    identity: Identity
    outbox: Outbox
    catalog: Catalog
    lifecycle: Lifecycle


async def run(settings: Settings, *roles: Role) -> None:
    """Runs a process with these roles until it is told to stop. Raises SettingsError when it cannot begin."""
    stop = _stop_signal()
    async with contextlib.AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_core(settings))
        for role in roles:
            await stack.enter_async_context(role(core))
        _keep_what_is_here()
        await stop.wait()
        log.info("stopping")


def _keep_what_is_here() -> None:
    """What was loaded to begin with stays: looking through it for garbage again and again took 50 ms each time."""
    gc.collect()
    gc.freeze()


@contextlib.asynccontextmanager
async def as_web(core: Core) -> AsyncIterator[int]:
    """Answers Slack and carries out creates. Gives the port that it listens on."""
    background = Background()
    app = build_app(_parts(core, background))
    secret = core.settings.slack_signing_secret
    signing_secret = secret.get_secret_value() if secret and not core.settings.uses_socket_mode else None
    checks = {"redis": core.store.ping, "slack": _ask_slack(core.client), "novita": _ask_novita(core.novita)}
    # Slack compresses nothing, and what anybody else packs is not worth unpacking.
    runner = web.AppRunner(
        server.build(app, signing_secret, checks),
        auto_decompress=False,
        access_log=None,
        shutdown_timeout=_GOODBYE_SECONDS,
    )
    await _first_look(core.catalog)
    async with _running(core.catalog.keep_at_hand, name="catalog"), contextlib.AsyncExitStack() as stack:
        await runner.setup()
        await _listen(runner, core.settings)
        if core.settings.slack_app_token is not None:
            from bot.socket_mode import socket_mode

            await stack.enter_async_context(socket_mode(app, core.settings.slack_app_token.get_secret_value()))
        log.info("web_ready", addresses=[f"{a[0]}:{a[1]}" for a in runner.addresses], socket=not signing_secret)
        try:
            yield runner.addresses[0][1]
        finally:
            # First no more requests, on open connections neither; then what they began.
            await stack.aclose()
            await runner.cleanup()
            if left := await background.drain(_LAUNCH_PATIENCE):
                log.warning("left_to_the_worker", tasks=left)


async def _listen(runner: web.AppRunner, settings: Settings) -> None:
    try:
        await web.TCPSite(runner, settings.host, settings.port).start()
    except OSError as error:
        raise SettingsError(f"PORT: cannot listen on {settings.host}:{settings.port} ({error.strerror})") from error


@contextlib.asynccontextmanager
async def as_worker(core: Core) -> AsyncIterator[None]:
    """Observes Novita, ends leases, does and tells what was left undone, keeps prices fresh."""
    # Imported here because the web process has no use for docket, and it takes 10 MB.
    from core import tasks

    observer = Observer(core.novita, core.store, core.outbox, core.clock)
    ttl = core.settings.catalog_ttl
    work = {
        "observe": (observer.look, core.settings.observe_interval),
        "tend": (core.lifecycle.tend, core.settings.observe_interval),
        "sweep_outbox": (core.outbox.sweep, timedelta(seconds=1)),
        "refresh_market": (core.catalog.refresh, max(ttl / 3, timedelta(seconds=1))),
    }
    async with _running(lambda: tasks.run_forever(core.redis_url, work), name="worker"):
        log.info("worker_ready")
        yield


@contextlib.asynccontextmanager
async def open_core(settings: Settings) -> AsyncIterator[Core]:
    """What every process has, until the context ends. Raises SettingsError when Redis or Slack refuse."""
    logs.mask(*settings.secrets())
    async with contextlib.AsyncExitStack() as stack:
        redis_url = await _redis_url(settings, stack)
        store = Store(connect(redis_url))
        stack.push_async_callback(store.aclose)
        clock = SystemClock()
        await _wait_for_redis(store, clock)
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=_SLACK_TIMEOUT))
        client = slack_client(settings, session)
        identity = Identity(client)
        await _introduce(identity)
        novita = NovitaClient(settings.novita_api_url, settings.novita_api_key)
        stack.push_async_callback(novita.aclose)
        slack = SlackNotifier(client, identity, clock, admins=settings.admins)
        outbox = Outbox(store, [slack, *_webhooks(settings, clock)], clock)
        stack.push_async_callback(outbox.drain, _TELLING_PATIENCE)
        await stack.enter_async_context(_running(lambda: _beat(store, clock), name="beat"))
        await stack.enter_async_context(_running(lambda: _learn(identity, clock), name="identity"))
        catalog = Catalog(novita, store, clock, ttl=settings.catalog_ttl)
        lifecycle = Lifecycle(novita, outbox, store, clock, max_lease=settings.max_lease)
        yield Core(settings, redis_url, clock, store, novita, client, identity, outbox, catalog, lifecycle)


def _webhooks(settings: Settings, clock: SystemClock) -> list[WebhookNotifier]:
    """The request's own webhook and, when there is one, the installation's."""
    secret, private = settings.webhook_secret, settings.webhook_allow_private
    everywhere = settings.webhook_url
    own = WebhookNotifier("webhook", lambda i: i.request.webhook_url, clock, secret=secret, allow_private=private)
    if everywhere is None:
        return [own]
    common = WebhookNotifier(
        "webhook:all", lambda _: everywhere, clock, secret=secret, is_theirs=False, allow_private=private
    )
    return [own, common]


def slack_client(settings: Settings, session: aiohttp.ClientSession) -> AsyncWebClient:
    """One session for all calls, and none of slack_sdk's own retries: they can post a message twice (slack.md B6)."""
    return AsyncWebClient(
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        session=session,
        retry_handlers=[],
        logger=_calls_log,
    )


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


async def _redis_url(settings: Settings, stack: contextlib.AsyncExitStack) -> str:
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    embedded = await stack.enter_async_context(embedded_redis(settings.data_dir))
    return embedded.url


async def _wait_for_redis(store: Store, clock: SystemClock) -> None:
    until = clock.now() + _REDIS_PATIENCE
    while True:
        try:
            await store.ping()
        except StoreUnavailable as error:
            if clock.now() > until:
                raise SettingsError(f"REDIS_URL: {error}; check the address and that the server runs") from error
            await clock.sleep(timedelta(seconds=1))
        else:
            return


async def _introduce(identity: Identity) -> None:
    """Asks Slack who the bot is. A refused token ends the start; an absent Slack does not."""
    try:
        await identity.learn()
    except SlackApiError as error:
        if faults.word_of(error) in faults.TOKEN_REFUSED:
            raise SettingsError(f"SLACK_BOT_TOKEN: Slack refuses it ({faults.word_of(error)})") from error
        log.warning("slack_away", error=faults.word_of(error))
    except CALL_FAILED as error:
        log.warning("slack_away", error=faults.word_of(error))


async def _learn(identity: Identity, clock: SystemClock) -> None:
    while not identity.team:
        await clock.sleep(timedelta(seconds=2))
        with contextlib.suppress(*CALL_FAILED):
            await identity.learn()


async def _beat(store: Store, clock: SystemClock) -> None:
    while True:
        with contextlib.suppress(StoreUnavailable):
            await store.beat(clock.now())
        await clock.sleep(BEAT_EVERY)


async def _first_look(catalog: Catalog) -> None:
    """Takes the market that others left in the store, so that the first modal need not wait."""
    with contextlib.suppress(StoreUnavailable):
        await catalog.take_from_shelf()


@contextlib.asynccontextmanager
async def _running(work: Callable[[], Awaitable[None]], *, name: str) -> AsyncIterator[None]:
    """Work beside the rest, until the context ends."""
    task = asyncio.ensure_future(_persistently(work, name))
    try:
        yield
    finally:
        # Said again until it is heard: docket may take a cancellation for a fault, and go on.
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_CANCEL_AGAIN_SECONDS)


async def _persistently(work: Callable[[], Awaitable[None]], name: str) -> None:
    """Begins `work` again when it breaks, as docket does while Redis is away: a loop that stopped would be silent."""
    while True:
        try:
            await work()
        except Exception as error:
            log.error("loop_broke", loop=name, exc_info=error)
            await asyncio.sleep(1)
        else:
            return


def _stop_signal() -> asyncio.Event:
    import signal

    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop


def _ask_slack(client: AsyncWebClient) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        await client.auth_test()

    return ask


def _ask_novita(novita: NovitaClient) -> Callable[[], Awaitable[None]]:
    async def ask() -> None:
        await novita.regions()

    return ask
