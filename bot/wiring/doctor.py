"""`gpu-bot doctor`: examines an installation from outside, with whatever of it can be opened."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta

import aiohttp

from bot.doctor import CheckResult, Installation, run_checks
from bot.process import logs
from bot.process.signals import cancel_on_signals
from bot.wiring.base import slack_client
from core.adapters import settings
from core.adapters.novita import NovitaClient, Timeouts
from core.adapters.outbound import Outbound
from core.adapters.redis import Store, connect
from core.adapters.redis_server import ensure_server
from core.adapters.settings import Settings
from core.domain.clock import SystemClock
from core.domain.errors import SettingsError

_SLACK_TIMEOUT = aiohttp.ClientTimeout(total=6, sock_connect=3)
_NOVITA_TIMEOUTS = Timeouts(connect=timedelta(seconds=2), read=timedelta(seconds=6))
_CLOSING_SECONDS = 3.0


async def run(channel: str = "") -> list[CheckResult]:
    """What is found, wrong settings included; nothing that it had to start is left running."""
    cancel_on_signals()
    found, problems = settings.examine()
    logs.setup("error", found.log_format)
    logs.mask(*found.secrets())
    outbound, wrong = _way_out()
    problems |= wrong
    logs.mask(*outbound.secrets())
    async with _opened(found, channel, outbound) as installation:
        return await run_checks(installation, problems)


def _way_out() -> tuple[Outbound, dict[str, str]]:
    """The way out, or a direct one beside what is wrong with it."""
    try:
        return Outbound(), {}
    except SettingsError as error:
        name, _, text = str(error).partition(": ")
        return Outbound({}), {name: text}


@contextlib.asynccontextmanager
async def _opened(found: Settings, channel: str, outbound: Outbound) -> AsyncIterator[Installation]:
    async with contextlib.AsyncExitStack() as stack:
        session = await stack.enter_async_context(aiohttp.ClientSession(timeout=_SLACK_TIMEOUT))
        novita = NovitaClient(found.novita_api_url, found.novita_api_key, timeouts=_NOVITA_TIMEOUTS, outbound=outbound)
        stack.push_async_callback(novita.aclose)
        client = slack_client(found, session, outbound)
        redis = _Redis(found, stack)
        stack.push_async_callback(redis.aclose)
        yield Installation(found, client, novita, SystemClock(), redis.store, channel, outbound)


class _Redis:
    """The store, opened when it is first asked for, once for all who ask."""

    def __init__(self, found: Settings, stack: contextlib.AsyncExitStack) -> None:
        self._settings, self._stack = found, stack
        self._opening: asyncio.Task[Store] | None = None

    async def store(self) -> Store:
        """Raises SettingsError when the embedded server does not start."""
        if self._opening is None:
            self._opening = asyncio.create_task(self._open())
        return await asyncio.shield(self._opening)

    async def aclose(self) -> None:
        """Ends an opening that takes long; a server that it has started by then goes with it."""
        if self._opening is not None and not self._opening.done():
            self._opening.cancel()
            await asyncio.wait({self._opening}, timeout=_CLOSING_SECONDS)

    async def _open(self) -> Store:
        store = Store(connect(await self._address()))
        self._stack.push_async_callback(store.aclose)
        return store

    async def _address(self) -> str:
        if self._settings.redis_url is not None:
            return self._settings.redis_url.get_secret_value()
        server = await ensure_server(self._settings.data_dir)
        self._stack.push_async_callback(server.close)
        return server.url
