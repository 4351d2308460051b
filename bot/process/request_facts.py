"""What a route's own code knows of a request, for that request's line in the log."""

from __future__ import annotations

from aiohttp import web

ABOUT = web.RequestKey("about", dict[str, str])
