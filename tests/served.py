"""A server on this machine that answers one path, in place of whatever the bot or the sandbox calls."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

from aiohttp import web


@asynccontextmanager
async def served_at(
    method: str, path: str, answer: Callable[[web.Request], Awaitable[web.StreamResponse]], **options: Any
) -> AsyncIterator[str]:
    """Its address, without the path; `options` are those of aiohttp's runner."""
    app = web.Application()
    app.router.add_route(method, path, answer)
    runner = web.AppRunner(app, access_log=None, **options)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        yield f"http://127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()
