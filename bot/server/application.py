"""The aiohttp application: its routes, behind a guard that no outside input gets through as a 5xx."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

import structlog
from aiohttp import web

log = structlog.get_logger(__name__)

BODY_LIMIT = 1024 * 1024
"""Bytes. Slack's own payloads stay far below (a view has at most 250 kB, slack.md A6)."""


def build(routes: Iterable[web.RouteDef]) -> web.Application:
    application = web.Application(client_max_size=BODY_LIMIT, middlewares=[_calm])
    application.router.add_routes(routes)
    return application


@web.middleware
async def _calm(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """No outside input may cause a 5xx or show a traceback."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except (ConnectionError, asyncio.IncompleteReadError, web.RequestPayloadError, ValueError) as error:
        log.warning("request_not_read", path=request.path, error=repr(error))
        return web.Response(status=400, text="The request could not be read.")
