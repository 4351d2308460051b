"""Serves the page on loopback: its files, a websocket that tells what changed, and the deeds of people and of fate."""

from __future__ import annotations

import weakref
from pathlib import Path
from typing import Any

from aiohttp import WSCloseCode, web
from pydantic import ValidationError

from bot.sandbox.novita.steering import obey
from bot.sandbox.page.deeds import DEEDS, Deed, Seat
from bot.sandbox.page.guard import guard
from bot.sandbox.page.live import Live, Sandbox
from bot.sandbox.page.scenes import SCENES
from bot.sandbox.page.sight import people

__all__ = ["DEFAULT_PORT", "Page", "Sandbox"]

HOST = "127.0.0.1"
DEFAULT_PORT = 4040
STATIC = Path(__file__).parent / "static"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
LARGEST_DEED = 64 * 1024
GOODBYE_SECONDS = 0.2


class Page:
    """The page over a running sandbox. Nothing is served before `start`."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox
        self._seats: dict[str, Seat] = {}
        self._sockets: weakref.WeakSet[web.WebSocketResponse] = weakref.WeakSet()
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = DEFAULT_PORT) -> str:
        """Listens on this port, or on a free one when it is taken, and returns the page's address."""
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=GOODBYE_SECONDS)
        await self._runner.setup()
        try:
            await web.TCPSite(self._runner, HOST, port).start()
        except OSError:
            await web.TCPSite(self._runner, HOST, 0).start()
        return f"http://{HOST}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[guard], client_max_size=LARGEST_DEED)
        app.on_shutdown.append(self._close_sockets)
        app.router.add_get("/", _index)
        app.router.add_get("/static/{name}", _file)
        app.router.add_get("/live", self._live)
        app.router.add_post("/people/{person}/{deed}", self._do)
        app.router.add_post("/novita/{command}", self._steer)
        app.router.add_post("/scenes/{scene}", self._set)
        return app

    async def _live(self, request: web.Request) -> web.StreamResponse:
        socket = web.WebSocketResponse(heartbeat=20)
        await socket.prepare(request)
        self._sockets.add(socket)
        await Live(self._sandbox, socket).run()
        return socket

    async def _close_sockets(self, _: web.Application) -> None:
        for socket in set(self._sockets):
            await socket.close(code=WSCloseCode.GOING_AWAY)

    async def _do(self, request: web.Request) -> web.Response:
        seat, kind = self._seat(request.match_info["person"]), DEEDS.get(request.match_info["deed"])
        if seat is None or kind is None:
            return _refused(404, "There is no such person or deed.")
        try:
            deed = kind.model_validate_json(await request.read())
        except ValidationError as error:
            return _refused(400, str(error))
        return await _done(deed, seat)

    def _seat(self, name: str) -> Seat | None:
        if name not in [member.name for member in people(self._sandbox.slack)]:
            return None
        if name not in self._seats:
            self._seats[name] = Seat(self._sandbox.slack, self._sandbox.slack.person(name))
        return self._seats[name]

    async def _steer(self, request: web.Request) -> web.Response:
        return obey(self._sandbox.novita, request.match_info["command"], await request.read())

    async def _set(self, request: web.Request) -> web.Response:
        scene = SCENES.get(request.match_info["scene"])
        if scene is None:
            return _refused(404, "There is no such scene.")
        scene(self._sandbox.novita)
        return web.json_response({})


async def _done(deed: Deed, seat: Seat) -> web.Response:
    try:
        return web.json_response(await deed.do(seat))
    except (LookupError, TypeError, ValueError) as error:
        return _refused(409, str(error).strip("'\""))
    except RuntimeError as error:
        return _refused(503, str(error))


async def _index(_: web.Request) -> web.StreamResponse:
    return _served(STATIC / "index.html")


async def _file(request: web.Request) -> web.StreamResponse:
    path = STATIC / request.match_info["name"]
    if path.parent != STATIC or path.suffix not in TYPES or not path.is_file():
        raise web.HTTPNotFound
    return _served(path)


def _served(path: Path) -> web.StreamResponse:
    headers: dict[str, Any] = {"Content-Type": f"{TYPES[path.suffix]}; charset=utf-8"}
    return web.FileResponse(path, headers=headers)


def _refused(status: int, why: str) -> web.Response:
    return web.json_response({"error": why}, status=status)
