"""The make-believe Novita served over HTTP on loopback: keys, faults and latency, and a record of every call."""

from __future__ import annotations

import asyncio
import json
import socket
import struct
import time
from collections.abc import Awaitable, Callable
from email.utils import formatdate
from typing import Any

from aiohttp import web

from bot.sandbox.novita import replies, steering
from bot.sandbox.novita.faults import Answer, Endpoint, Fault, error_body
from bot.sandbox.novita.machines import Machine
from bot.sandbox.novita.steered import NovitaCall, SteeredWorld
from bot.sandbox.novita.world import DEFAULT_BOOT_SECONDS, Refusal, World

ROOT = "/gpu-instance/openapi/v1"
ACCOUNT_ROOT = "/openapi/v1"
DEFAULT_API_KEY = "sk_sandbox"

_READS: dict[Endpoint, tuple[str, Callable[[World, replies.Query], dict[str, Any]]]] = {
    Endpoint.CLUSTERS: ("/clusters", replies.clusters),
    Endpoint.PRODUCTS: ("/products", replies.products),
    Endpoint.TEMPLATES: ("/templates", replies.templates),
    Endpoint.TEMPLATE: ("/template", replies.template),
    Endpoint.AUTHS: ("/repository/auths", replies.auths),
    Endpoint.INSTANCES: ("/gpu/instances", replies.instances),
    Endpoint.INSTANCE: ("/gpu/instance", replies.instance),
}
_ACCOUNT_READS: dict[Endpoint, tuple[str, Callable[[World, replies.Query], dict[str, Any]]]] = {
    Endpoint.BALANCE: ("/billing/balance/detail", replies.balance),
}
_ACTS: dict[Endpoint, Callable[[World, str], Machine]] = {
    Endpoint.START: World.start_instance,
    Endpoint.STOP: World.stop_instance,
    Endpoint.RESTART: World.restart_instance,
    Endpoint.DELETE: World.delete_instance,
}

Act = Callable[[web.Request], Awaitable[dict[str, Any]]]
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class SandboxNovita(SteeredWorld):
    """The World, served."""

    def __init__(
        self,
        *,
        api_key: str = DEFAULT_API_KEY,
        clock: Callable[[], float] = time.time,
        boot_seconds: float = DEFAULT_BOOT_SECONDS,
        page_base: int = 1,
    ) -> None:
        super().__init__(clock=clock, boot_seconds=boot_seconds, page_base=page_base)
        self.api_key = api_key
        self.base_url = ""
        self._runner: web.AppRunner | None = None

    async def start(self, port: int = 0) -> str:
        """Listen on 127.0.0.1 and return the base URL; port 0 takes a free one."""
        self._let_go.clear()
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        listener = socket.create_server(("127.0.0.1", port), backlog=512)
        await web.SockSite(self._runner, listener).start()
        self.base_url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        return self.base_url

    async def stop(self) -> None:
        """Tear down the calls that hang, and close."""
        self._let_go.set()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def _app(self) -> web.Application:
        app = web.Application()
        for endpoint, (path, reply) in _READS.items():
            app.router.add_get(ROOT + path, self._handler(endpoint, self._reading(reply)))
        for endpoint, (path, reply) in _ACCOUNT_READS.items():
            app.router.add_get(ACCOUNT_ROOT + path, self._handler(endpoint, self._reading(reply)))
        app.router.add_post(f"{ROOT}/gpu/instance/create", self._handler(Endpoint.CREATE, self._create))
        for endpoint, act in _ACTS.items():
            app.router.add_post(f"{ROOT}/gpu/instance/{endpoint}", self._handler(endpoint, self._acting(act)))
        app.on_response_prepare.append(self._date)
        steering.add_routes(app, self)
        app.router.add_route("*", "/{path:.*}", self._no_such_call)
        return app

    def _handler(self, endpoint: Endpoint, act: Act) -> Handler:
        async def handle(request: web.Request) -> web.StreamResponse:
            caller = request.headers.get("User-Agent", "")
            call = NovitaCall(request.method, request.path, endpoint, self.clock(), dict(request.query), caller)
            self.calls.append(call)
            call.subject = await _subject(request)
            self.changed()
            began = time.perf_counter()
            response = await self._meet(request, call, act)
            call.seconds = time.perf_counter() - began
            call.status = response.status if response else None
            self.changed()
            return response or _torn_down(request)

        return handle

    async def _meet(self, request: web.Request, call: NovitaCall, act: Act) -> web.Response | None:
        """The answer, or None when the connection is to be torn down instead."""
        fault, let_go = self.faults.take(call.endpoint), self._let_go
        call.outcome = fault.name
        await asyncio.sleep(self.latency)
        own = await self._own(request, call, act, is_doubled=fault.is_doubled) if fault.has_effect else None
        await asyncio.sleep(fault.seconds)
        match fault.answer:
            case Answer.OWN:
                return own
            case Answer.TEXT:
                return _told(fault)
            case Answer.HANG:
                await let_go.wait()
        return None

    async def _own(self, request: web.Request, call: NovitaCall, act: Act, *, is_doubled: bool) -> web.Response:
        try:
            self._check_key(request)
            answer = await act(request)
            if is_doubled:
                self.clone_instance(answer["id"])
            return web.json_response(answer)
        except Refusal as refusal:
            call.reason = refusal.reason
            body = error_body(refusal.status, refusal.reason, refusal.message)
            return web.json_response(body, status=refusal.status)

    async def _date(self, _: web.Request, response: web.StreamResponse) -> None:
        """By the world's clock, `clock_ahead` seconds off."""
        response.headers["Date"] = formatdate(self.clock() + self.clock_ahead, usegmt=True)

    def _check_key(self, request: web.Request) -> None:
        if request.headers.get("Authorization") != f"Bearer {self.api_key}":
            raise Refusal("UNAUTHORIZED", "unauthorized", 401)

    def _reading(self, reply: Callable[[World, replies.Query], dict[str, Any]]) -> Act:
        async def act(request: web.Request) -> dict[str, Any]:
            return reply(self, request.query)

        return act

    def _acting(self, act: Callable[[World, str], Machine]) -> Act:
        async def on_instance(request: web.Request) -> dict[str, Any]:
            body = await self._body(request)
            self.violate(request.path, [f"unknown field {name}" for name in body if name != "instanceId"])
            machine = act(self, str(body.get("instanceId", "")))
            return {"instanceId": machine.id, "state": machine.status(self.clock())}

        return on_instance

    async def _create(self, request: web.Request) -> dict[str, Any]:
        return {"id": self.create_instance(await self._body(request)).id}

    async def _body(self, request: web.Request) -> dict[str, Any]:
        try:
            body = json.loads(await request.read())
        except ValueError:
            body = None
        if not isinstance(body, dict) or request.content_type != "application/json":
            self.violate(request.path, ["the body is a JSON object, and says so"])
            raise Refusal("VALIDATOR_PARAM", "invalid request body")
        return body

    async def _no_such_call(self, request: web.Request) -> web.Response:
        self.violate(request.path, [f"no such call: {request.method}"])
        return web.Response(status=404, text="404 page not found")


async def _subject(request: web.Request) -> str:
    """What a POST is about, as far as its body can be read."""
    try:
        body = json.loads(await request.read() or b"{}")
    except ValueError:
        return ""
    wanted = (body.get(name) for name in ("clusterId", "productId", "instanceId")) if isinstance(body, dict) else ()
    return " ".join(str(each)[:80] for each in wanted if each)


def _told(fault: Fault) -> web.Response:
    headers = {"Retry-After": fault.retry_after} if fault.retry_after is not None else {}
    if isinstance(fault.body, dict):
        return web.json_response(fault.body, status=fault.status, headers=headers)
    return web.Response(text=str(fault.body), status=fault.status, headers=headers, content_type="text/html")


def _torn_down(request: web.Request) -> web.Response:
    """Reset the connection, not merely close it; the response goes nowhere."""
    if request.transport is not None:
        peer = request.transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        request.transport.abort()
    return web.Response(status=500)
