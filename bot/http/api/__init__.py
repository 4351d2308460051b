"""The HTTP API for programs: the same core as Slack's, for whoever holds API_TOKEN."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from bot.http.api import openapi
from bot.http.api.handler import ApiGuard, expect, nowhere
from bot.http.api.routes import ROUTES
from bot.http.api.services import Services

__all__ = ["routes"]


def routes(services: Services, token: str) -> Iterator[web.RouteDef]:
    """Everything under /api. Its description is open to all: it holds no secret."""
    guard = ApiGuard(services, token)
    yield web.get(openapi.PATH, _describe, expect_handler=expect)
    for route in ROUTES:
        path = route.path.replace("{id}", "{id:[^/]+}")
        yield web.route(route.method, path, guard.to(route.act), expect_handler=guard.expect)
    known = [(openapi.PATH, "GET"), *((route.path, route.method) for route in ROUTES)]
    for path in ("/api", r"/api/{rest:[\s\S]*}"):
        yield web.route("*", path, guard.to(nowhere(known)), expect_handler=guard.expect)


async def _describe(_: web.Request) -> web.Response:
    return web.json_response(_description())


@functools.cache
def _description() -> dict[str, Any]:
    return openapi.document()
