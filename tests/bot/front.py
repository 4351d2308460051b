"""What stands before the webs: hands each request on as it came, to the next web each time, and remembers it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import cycle

import aiohttp
from aiohttp import web

_PASSED_BACK = ("Content-Type",)


@dataclass(frozen=True)
class Delivered:
    """One request of Slack's."""

    body: bytes
    headers: dict[str, str]


class Front:
    """A load balancer on loopback. `delivered` is all that went through it."""

    def __init__(self, ports: Sequence[int]) -> None:
        self._next = cycle(ports)
        self.delivered: list[Delivered] = []
        self.url = ""

    async def __aenter__(self) -> Front:
        self._session = aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), auto_decompress=False)
        app = web.Application(client_max_size=8 * 1024 * 1024)
        app.router.add_route("*", "/{path:.*}", self._pass_on)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, "127.0.0.1", 0).start()
        self.url = f"http://127.0.0.1:{self._runner.addresses[0][1]}"
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._runner.cleanup()
        await self._session.close()

    async def _pass_on(self, request: web.Request) -> web.Response:
        sent = Delivered(await request.read(), {k: v for k, v in request.headers.items() if k != "Host"})
        self.delivered.append(sent)
        return await self.send(sent, next(self._next), request.path)

    async def send(self, request: Delivered, port: int, path: str = "/slack/events") -> web.Response:
        """One request to one web, as it came."""
        url = f"http://127.0.0.1:{port}{path}"
        async with self._session.post(url, data=request.body, headers=request.headers) as answer:
            headers = {name: answer.headers[name] for name in _PASSED_BACK if name in answer.headers}
            return web.Response(status=answer.status, body=await answer.read(), headers=headers)
