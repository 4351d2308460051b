"""The aiohttp application: its routes, behind a guard that no outside input gets through as a 5xx.

Every request gets an id, one line in the log, and its time in the metrics.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import nullcontext
from time import perf_counter

import structlog
from aiohttp import HttpVersion11, hdrs, web

from bot.http.connections import answering
from bot.process.incidents import record_defect
from bot.process.request_facts import ABOUT
from bot.wording import unexpected
from core.telemetry import metrics, request_id

log = structlog.get_logger(__name__)

BODY_LIMIT = 1024 * 1024
"""Bytes. Slack's own payloads stay far below (a view has at most 250 kB, PLATFORM.md, Modals)."""

REQUEST_ID = "X-Request-Id"
CORRELATION_ID = "X-Correlation-Id"
"""Another name that programs have for it; each is given back under the name that it came under."""

_WATCHING = frozenset({"/healthz", "/health", "/readyz", "/metrics"})
"""Asked every few seconds by machines: their lines are for debugging, and they cause no others."""

_UNKNOWN = "unknown"

Answering = Callable[[web.Request], Awaitable[web.StreamResponse]]


def build(routes: Iterable[web.RouteDef]) -> web.Application:
    application = web.Application(client_max_size=BODY_LIMIT, middlewares=[_traced])
    application.router.add_routes(_expecting(route) for route in routes)
    elsewhere = _CatchAll()
    application.router.register_resource(elsewhere)
    elsewhere.add_route("*", elsewhere.answer, expect_handler=_expect)
    return application


def meets_expectation(request: web.Request) -> bool:
    """Says `100 Continue` to who waits for it before sending a body; False when something else is expected.

    In place of aiohttp's own, which breaks on what is no text.
    """
    if request.headers["Expect"].lower() != "100-continue":
        return False
    if request.transport is not None and request.version >= HttpVersion11:
        request.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
    return True


def _expecting(route: web.RouteDef) -> web.RouteDef:
    """With this module's way with `Expect`, unless it has one of its own."""
    return web.RouteDef(route.method, route.path, route.handler, {"expect_handler": _expect, **route.kwargs})


async def _expect(request: web.Request) -> web.StreamResponse | None:
    """None: go on."""
    return None if meets_expectation(request) else web.Response(status=417, text="Only 100-continue can be expected.")


class _CatchAll(web.DynamicResource):
    """All that has no route, `OPTIONS *` too: without a route of its own it would meet aiohttp's way with `Expect`."""

    def __init__(self) -> None:
        super().__init__("/{rest}")

    async def resolve(self, request: web.Request) -> tuple[web.UrlMappingMatchInfo, set[str]]:
        (route,) = self
        return web.UrlMappingMatchInfo({}, route), set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        """405 where the path takes other methods, else 404, as aiohttp itself has it."""
        others = [resource for resource in request.app.router.resources() if resource is not self]
        allowed = set[str]().union(*[(await resource.resolve(request))[1] for resource in others])
        raise web.HTTPMethodNotAllowed(request.method, allowed) if allowed else web.HTTPNotFound


@web.middleware
async def _traced(request: web.Request, handler: Answering) -> web.StreamResponse:
    """Puts all that is done for a request under its id, which the answer names too."""
    began, route, id_ = perf_counter(), _route(request), _id_of(request)
    with answering(request), nullcontext() if route in _WATCHING else request_id.bound(id_):
        try:
            answer = await _shielded(request, handler)
        except web.HTTPException as refusal:
            _finish(request, route, id_, refusal, perf_counter() - began)
            raise
        _finish(request, route, id_, answer, perf_counter() - began)
        return answer


def _finish(request: web.Request, route: str, id_: str, answer: web.StreamResponse, seconds: float) -> None:
    if not answer.prepared:
        answer.headers[REQUEST_ID] = id_
        if correlation_id := _given(request, CORRELATION_ID):
            answer.headers[CORRELATION_ID] = correlation_id
    # First the answer leaves, then it is written down: somebody waits for the one and nobody for the other.
    asyncio.get_running_loop().call_soon(_record, request, route, answer.status, seconds)


async def _shielded(request: web.Request, handler: Answering) -> web.StreamResponse:
    """No outside input may cause a 5xx or show a traceback; a defect of ours shows a reference to the log."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except (ConnectionError, asyncio.IncompleteReadError, web.RequestPayloadError, ValueError) as error:
        log.warning("request_not_read", route=_route(request), error=repr(error))
        return web.Response(status=400, text="The request could not be read.")
    except Exception as error:  # noqa: BLE001 - it is written down, with its traceback
        reference = record_defect("unexpected", error, route=_route(request))
        return web.Response(status=500, text=unexpected(reference))


def _route(request: web.Request) -> str:
    """The pattern, never the path: that may hold a secret."""
    resource = request.match_info.route.resource
    return _UNKNOWN if resource is None or isinstance(resource, _CatchAll) else resource.canonical


def _id_of(request: web.Request) -> str:
    """A program's own id, so that its log and ours can be laid side by side; Slack sends none."""
    return _given(request, REQUEST_ID) or _given(request, CORRELATION_ID) or request_id.new()


def _given(request: web.Request, header: str) -> str:
    """A program's id under this header; empty where there is none that may stand in a log."""
    given = request.headers.get(header, "")
    return given if request.path.startswith("/api/") and request_id.is_sane(given) else ""


def _record(request: web.Request, route: str, status: int, seconds: float) -> None:
    method = request.method if request.method in hdrs.METH_ALL else _UNKNOWN
    metrics.http_answered(route, method, status, seconds)
    write = log.debug if route in _WATCHING else log.info
    about = request.get(ABOUT, {})
    write("request", method=method, route=route, **about, status=status, ms=round(seconds * 1000, 1))
