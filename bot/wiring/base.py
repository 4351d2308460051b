"""What every process has, opened before its roles and closed after them."""

from __future__ import annotations

import contextlib
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta

import aiohttp
import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.notifiers.alarms import RedisTrouble
from bot.notifiers.instances import SlackNotifier
from bot.process import logs
from bot.process.supervise import supervised
from bot.slack import errors as slack_errors
from bot.slack.client import SlackClient
from bot.slack.errors import CALL_FAILED
from bot.slack.identity import Identity
from core.adapters.novita import NovitaClient
from core.adapters.outbound import Outbound
from core.adapters.redis import Store, connect, rights, tls_trouble
from core.adapters.redis_server import embedded_redis
from core.adapters.settings import Settings
from core.adapters.user_agent import USER_AGENT
from core.adapters.webhook import WebhookNotifier
from core.domain.clock import SharedClock, SystemClock
from core.domain.errors import SettingsError, StoreForbidden, StoreUnavailable
from core.services.alarms import Alarms
from core.services.catalog import Catalog
from core.services.clock_agreement import Clocks
from core.services.continuity import Continuity
from core.services.lifecycle import Lifecycle
from core.services.outbox import Dispatcher, RecordWriter
from core.services.reconciler import ALIVE_WITHIN, BEAT_EVERY
from core.services.reports import Reports
from core.services.strays import Strays

log = structlog.get_logger(__name__)

_SLACK_TIMEOUT = aiohttp.ClientTimeout(total=8, sock_connect=3)
"""Seconds. Shorter than a third of the hold on telling (core.adapters.redis.store.HOLD): two calls fit into it."""
# With a logger of no level of its own, slack_sdk writes out every call as text and then throws that away.
_calls_log = logging.getLogger("slack_sdk.calls")
_calls_log.setLevel(logging.INFO)
_REDIS_PATIENCE = timedelta(seconds=20)
_ASKED_EVERY, _JOINED_EVERY = timedelta(seconds=2), timedelta(minutes=5)
"""How often Slack is asked who the bot is while it has not said, and which workspaces have joined its organisation."""
_TELLING_PATIENCE = timedelta(seconds=10)


@dataclass(frozen=True)
class Base:
    """What every process has."""

    settings: Settings
    redis_url: str
    clock: SharedClock
    store: Store
    novita: NovitaClient
    client: AsyncWebClient
    identity: Identity
    slack: SlackNotifier
    unit_of_work: RecordWriter
    dispatcher: Dispatcher
    catalog: Catalog
    lifecycle: Lifecycle
    reports: Reports
    alarms: Alarms
    strays: Strays
    continuity: Continuity
    outbound: Outbound


@contextlib.asynccontextmanager
async def open_base(settings: Settings) -> AsyncIterator[Base]:
    """What every process has, until the context ends. Raises SettingsError when Redis or Slack refuse."""
    logs.mask(*settings.secrets())
    outbound = Outbound()
    logs.mask(*outbound.secrets())
    async with contextlib.AsyncExitStack() as stack:
        redis_url = await _redis_url(settings, stack)
        store = Store(connect(redis_url))
        stack.push_async_callback(store.aclose)
        clock = SharedClock()
        await _wait_for_redis(store, clock, redis_url)
        with contextlib.suppress(StoreUnavailable):
            await store.index_names()
            await store.adopt_old_notes()
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=_SLACK_TIMEOUT))
        client = slack_client(settings, session, outbound)
        identity = Identity(client)
        await _introduce(identity, store)
        novita = NovitaClient(settings.novita_api_url, settings.novita_api_key, outbound=outbound)
        stack.push_async_callback(novita.aclose)
        slack = SlackNotifier(client, identity, clock, admins=settings.admins)
        dispatcher = Dispatcher(store, [slack, *_webhooks(settings, clock, outbound)], clock)
        stack.push_async_callback(dispatcher.drain, _TELLING_PATIENCE)
        unit_of_work = RecordWriter(store, dispatcher, clock)
        continuity = Continuity(store, unit_of_work, is_embedded=settings.redis_url is None)
        trouble = RedisTrouble(client, clock, settings.admins)
        await stack.enter_async_context(supervised(lambda: _beat(store, continuity, clock, trouble), name="beat"))
        await stack.enter_async_context(supervised(lambda: _learn(identity, store, clock), name="identity"))
        catalog = Catalog(novita, store, clock, ttl=settings.catalog_ttl)
        stack.push_async_callback(catalog.aclose)
        alarms = Alarms(store, clock)
        witness = Clocks(novita, clock, SystemClock(), alarms, store, alive_within=ALIVE_WITHIN)
        lifecycle = Lifecycle(
            novita, store, unit_of_work, clock, witness, alarms, past=continuity, max_lease=settings.max_lease
        )
        reports = Reports(store, store, unit_of_work, clock, audience=SlackNotifier.name)
        strays = Strays(novita, store, unit_of_work, alarms, clock, lease=settings.default_lease)
        yield Base(
            settings=settings,
            redis_url=redis_url,
            clock=clock,
            store=store,
            novita=novita,
            client=client,
            identity=identity,
            slack=slack,
            unit_of_work=unit_of_work,
            dispatcher=dispatcher,
            catalog=catalog,
            lifecycle=lifecycle,
            reports=reports,
            alarms=alarms,
            strays=strays,
            continuity=continuity,
            outbound=outbound,
        )


def _webhooks(settings: Settings, clock: SystemClock, outbound: Outbound) -> list[WebhookNotifier]:
    """The request's own webhook and, when there is one, the installation's."""
    secret, private = settings.webhook_secret, settings.webhook_allow_private
    everywhere = settings.webhook_url
    own = WebhookNotifier(
        "webhook", lambda i: i.request.webhook_url, clock, secret=secret, allow_private=private, outbound=outbound
    )
    if everywhere is None:
        return [own]
    common = WebhookNotifier(
        "webhook:all",
        lambda _: everywhere,
        clock,
        secret=secret,
        is_theirs=False,
        allow_private=private,
        outbound=outbound,
    )
    return [own, common]


def slack_client(
    settings: Settings, session: aiohttp.ClientSession, outbound: Outbound | None = None
) -> AsyncWebClient:
    """One session for all calls, and none of slack_sdk's own retries: they can post a message twice."""
    return SlackClient(
        outbound=outbound or Outbound({}),
        token=settings.slack_bot_token.get_secret_value(),
        base_url=settings.slack_api_url,
        session=session,
        retry_handlers=[],
        logger=_calls_log,
        user_agent_prefix=USER_AGENT,
    )


async def _redis_url(settings: Settings, stack: contextlib.AsyncExitStack) -> str:
    if settings.redis_url is not None:
        return settings.redis_url.get_secret_value()
    embedded = await stack.enter_async_context(embedded_redis(settings.data_dir))
    return embedded.url


async def _wait_for_redis(store: Store, clock: SharedClock, url: str) -> None:
    """Until it says what time it is."""
    until = clock.now() + _REDIS_PATIENCE
    while True:
        try:
            lacking = await store.lacking_rights()
            if not lacking:
                clock.set_by(await store.time())
        except StoreUnavailable as error:
            if trouble := await tls_trouble(url, error):
                raise SettingsError(f"REDIS_URL: {trouble}") from error
            if clock.now() > until or isinstance(error, StoreForbidden):
                raise SettingsError(f"REDIS_URL: {error}; {_redis_cure(error)}") from error
            await clock.sleep(timedelta(seconds=1))
        else:
            if lacking:
                raise SettingsError(f"REDIS_URL: {rights.in_words(lacking)}; give it {rights.ACL_RULE}")
            return


def _redis_cure(error: StoreUnavailable) -> str:
    if isinstance(error, StoreForbidden):
        return f"give it {rights.ACL_RULE}"
    if error.why:
        return "see that it is the primary, and check user and password"
    return "check the address and that the server runs"


async def _introduce(identity: Identity, store: Store) -> None:
    """Asks Slack who the bot is. A refused token ends the start; for an absent Slack stands what is remembered."""
    try:
        with contextlib.suppress(StoreUnavailable):
            await identity.recall(store)
        await _confirm(identity, store)
    except CALL_FAILED as error:
        word = slack_errors.error_code(error)
        if word in slack_errors.TOKEN_REFUSED:
            raise SettingsError(f"SLACK_BOT_TOKEN: Slack refuses it ({word})") from error
        log.warning("slack_away", error=word)


async def _learn(identity: Identity, store: Store, clock: SystemClock) -> None:
    """Asks until Slack has answered; from then on only where workspaces may join."""
    while identity.is_for_organisation or not identity.is_confirmed:
        await clock.sleep(_JOINED_EVERY if identity.is_confirmed else _ASKED_EVERY)
        with contextlib.suppress(*CALL_FAILED):
            await _confirm(identity, store)


async def _confirm(identity: Identity, store: Store) -> None:
    """What Slack says, kept for the next start."""
    await identity.learn()
    with contextlib.suppress(StoreUnavailable):
        if identity.is_confirmed:
            await identity.remember(store)


async def _beat(store: Store, continuity: Continuity, clock: SharedClock, trouble: RedisTrouble) -> None:
    """Each sign of life brings the time back: while Redis is away, the clock goes on from what it last said.

    And whoever has lived through it sees that the store was put back, and tells the admins that it takes no writes.
    """
    while True:
        try:
            clock.set_by(await store.beat(clock.now()))
            await continuity.doubt_if_gone_back()
        except StoreUnavailable as error:
            await trouble.lasts(error)
        else:
            trouble.over()
        await clock.sleep(BEAT_EVERY)
