"""Whether the process lives, and whether all that it stands on answers."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from time import perf_counter
from typing import Any

from aiohttp import web

from bot.http.cache import TTLCache
from core.domain.errors import NovitaRefused, StoreUnavailable
from core.services.reconciler import is_alive

_CHECK_SECONDS = 3.0
_KEEP = timedelta(seconds=1)

Check = Callable[[], Awaitable[object]]
"""Raises when what it asks does not answer."""
Seen = Callable[[], Awaitable[datetime | None]]
State = dict[str, Any]


class NoWorker(Exception):
    """No worker gives a sign of life."""


class Refused(Exception):
    """What was asked does not take the bot's credentials; the message is its word for that, which anybody may read."""


def routes(checks: Mapping[str, Check], worker: Check) -> list[web.RouteDef]:
    """`checks` are what /readyz asks, by the dependency's name; `worker` is told of too, and nothing hangs on it."""
    alive = [web.get("/healthz", _healthz), web.get("/health", _health)]
    return [*alive, web.get("/readyz", _Readiness(checks, worker).answer)]


def worker_check(seen_at: Seen, now: Callable[[], datetime]) -> Check:
    """Raises NoWorker when the workers have been silent for too long."""

    async def check() -> None:
        seen = await seen_at()
        if seen is None:
            raise NoWorker("no worker so far")
        if not is_alive(seen, present := now()):
            raise NoWorker(_silence(present - seen))

    return check


async def _healthz(_: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


async def _health(_: web.Request) -> web.Response:
    """The same, in the word that watchers of novita-ai-api look for."""
    return web.json_response({"status": "healthy"})


class _Readiness:
    """Answers /readyz. The dependencies are asked at most once a second, however often others ask us."""

    def __init__(self, checks: Mapping[str, Check], worker: Check) -> None:
        self._checks = {**checks, "worker": worker}
        self._needed = set(checks)
        self._states = TTLCache(self._ask_all, _KEEP)

    async def answer(self, _: web.Request) -> web.Response:
        states = await self._states.get()
        # Without a worker this process still answers Slack, so it stays behind the load balancer.
        is_ready = all(states[name]["ok"] for name in self._needed)
        return web.json_response(states, status=200 if is_ready else 503)

    async def _ask_all(self) -> dict[str, State]:
        states = await asyncio.gather(*(_ask(check) for check in self._checks.values()))
        return dict(zip(self._checks, states, strict=True))


async def _ask(check: Check) -> State:
    began = perf_counter()
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever stands in the way is the answer
        return {"ok": False, "ms": _ms_since(began), "error": _words(error)}
    return {"ok": True, "ms": _ms_since(began)}


def _words(error: Exception) -> str:
    """What stands in the way, for anybody to read: no address, and nothing that a server wrote."""
    if isinstance(error, NoWorker):
        return str(error)
    if isinstance(error, StoreUnavailable) and error.why:
        return error.why
    if isinstance(error, TimeoutError):
        return f"no answer within {_CHECK_SECONDS:.0f} s"
    if isinstance(error, NovitaRefused):
        return f"refused ({error.kind.value})"
    if isinstance(error, Refused):
        return f"refused ({error})"
    return f"no answer ({type(error).__name__})"


def _ms_since(began: float) -> float:
    return round((perf_counter() - began) * 1000, 1)


def _silence(silent: timedelta) -> str:
    if silent < timedelta():
        return f"the last sign of a worker lies {_length(-silent)} ahead: a clock was wrong"
    return f"no worker for {_length(silent)}"


def _length(duration: timedelta) -> str:
    seconds = int(duration.total_seconds())
    return f"{seconds} s" if seconds < 600 else f"{seconds // 60} min"
