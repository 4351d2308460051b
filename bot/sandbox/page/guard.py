"""Keeps other sites out of the page's address: by name (DNS rebinding), by origin, and by what the page may load."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from aiohttp import web

NAMES = frozenset({"127.0.0.1", "localhost"})
"""The host names that always mean this machine. A name that an attacker rebinds to it is none of them."""

_FIXED_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}


@web.middleware
async def guard(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """Answers only who asked for this machine by name, and from this very page."""
    if not _is_addressed(request):
        raise web.HTTPForbidden(text="The sandbox answers only to 127.0.0.1 and localhost.")
    if not _is_own(request):
        raise web.HTTPForbidden(text="The sandbox takes nothing from other sites.")
    # Headers that are added to an answer already under way (a websocket's) would be lost, and would not matter.
    response = await handler(request)
    if not response.prepared:
        response.headers.update(_headers(request.host))
    return response


def _is_addressed(request: web.Request) -> bool:
    name, _, port = request.host.partition(":")
    return name in NAMES and (not port or port.isdecimal())


def _is_own(request: web.Request) -> bool:
    """A browser names the origin of each write and each websocket, and whether it is another site's.

    A body that is no JSON could be a form's, which a browser sends anywhere without asking first.
    """
    if request.headers.get("Origin", f"http://{request.host}") != f"http://{request.host}":
        return False
    if request.method in ("GET", "HEAD"):
        return True
    site = request.headers.get("Sec-Fetch-Site", "same-origin")
    return site == "same-origin" and request.content_type == "application/json"


def _headers(host: str) -> dict[str, str]:
    # Some browsers do not count ws://self as 'self'.
    policy = (
        f"default-src 'self'; connect-src 'self' ws://{host}; object-src 'none'; base-uri 'none'; "
        "form-action 'none'; frame-ancestors 'none'"
    )
    return {**_FIXED_HEADERS, "Content-Security-Policy": policy}
