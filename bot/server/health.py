"""Whether the process lives, and whether all that it stands on answers."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping

from aiohttp import web

_CHECK_SECONDS = 3.0
_READY_FOR_SECONDS = 2.0

Check = Callable[[], Awaitable[None]]


def routes(checks: Mapping[str, Check]) -> list[web.RouteDef]:
    """`checks` are what /readyz asks, by the dependency's name; each raises when its dependency does not answer."""
    return [web.get("/healthz", _healthz), web.get("/readyz", _Readiness(checks).answer)]


async def _healthz(_: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


class _Readiness:
    """Answers /readyz. Each dependency is asked at most every few seconds, however often others ask us."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._asked_at = -math.inf
        self._answers: asyncio.Future[list[str]] | None = None

    async def answer(self, _: web.Request) -> web.Response:
        now = asyncio.get_running_loop().time()
        if self._answers is None or now - self._asked_at > _READY_FOR_SECONDS:
            self._asked_at = now
            self._answers = asyncio.gather(*(_ask(check) for check in self._checks.values()))
        states = dict(zip(self._checks, await asyncio.shield(self._answers), strict=True))
        return web.json_response(states, status=200 if set(states.values()) <= {"ok"} else 503)


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever stands in the way is the answer
        return f"no answer ({type(error).__name__})"
    return "ok"
