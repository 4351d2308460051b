"""The HTTP API for programs: the same core as Slack's, for whoever holds API_TOKEN."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

from aiohttp import web

from bot.parts import Parts
from bot.server.api import openapi
from bot.server.api.door import Door, expect, nowhere
from bot.server.api.table import ROUTES

__all__ = ["routes"]


def routes(parts: Parts, token: str) -> Iterator[web.RouteDef]:
    """Everything under /api. Its description is open to all: it holds no secret."""
    door = Door(parts, token)
    yield web.get(openapi.PATH, _describe, expect_handler=expect)
    for route in ROUTES:
        path = route.path.replace("{id}", "{id:[^/]+}")
        yield web.route(route.method, path, door.to(route.act), expect_handler=door.expect)
    known = [(openapi.PATH, "GET"), *((route.path, route.method) for route in ROUTES)]
    for path in ("/api", r"/api/{rest:[\s\S]*}"):
        yield web.route("*", path, door.to(nowhere(known)), expect_handler=door.expect)


async def _describe(_: web.Request) -> web.Response:
    return web.json_response(_description())


@functools.cache
def _description() -> dict[str, Any]:
    return openapi.document()
