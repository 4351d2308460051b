"""Socket Mode: Slack's payloads over a websocket that the bot opens, for hosts that Slack cannot reach.

The connection is the bot's own and not slack_sdk's, which repairs itself in ways that leave it deaf: it
tries a used-up address for ever, waits minutes for a server that accepts and then says nothing, and never asks for the
hello. Here each step has its time. Whatever ends a connection, it is closed before the next one is opened, and what
came over it is carried out all the same.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import aiohttp
import structlog
from aiohttp import ClientWebSocketResponse, WSMsgType
from slack_bolt.adapter.socket_mode.async_internals import run_async_bolt_app
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.response import BoltResponse
from slack_sdk.socket_mode.request import SocketModeRequest
from slack_sdk.web.async_client import AsyncWebClient

from bot.process.incidents import record_defect
from bot.process.supervise import supervised
from bot.slack import errors as slack_errors
from bot.slack.client import way_to
from bot.slack.errors import CALL_FAILED
from bot.wording import unexpected
from core.adapters.user_agent import USER_AGENT
from core.domain.errors import SettingsError
from core.telemetry import request_id

log = structlog.get_logger(__name__)

_REFUSED = slack_errors.TOKEN_REFUSED | {"not_allowed_token_type", "missing_scope"}
_ROUTINE = frozenset({"disconnect: warning", "disconnect: refresh_requested", "quiet"})
"""Ends of a connection that are no fault of anybody's: Slack renews each every few hours (PLATFORM.md, Socket Mode)."""

Json = dict[str, Any]


@dataclass(frozen=True)
class Timings:
    """How long each step may take, in seconds."""

    connect: float = 10.0
    """To get an address, and to be connected to it."""
    hello: float = 10.0
    heartbeat: float = 5.0
    """After so long without a byte Slack is sent a ping; the pong has half as long to come."""
    quiet: float = 1800.0
    """A connection that answered pings but brought nothing for so long is renewed. Some were found dead that way, and
    nothing that can be asked of Slack proves that events would come: neither auth.test nor a pong does."""
    steady: float = 60.0
    """A connection that ends sooner counts as one more failure, and each failure doubles the pause."""
    pause: float = 0.5
    longest_pause: float = 30.0
    ack: float = 3.0
    """As long as Slack waits for it."""
    answer: float = 1.5
    """At the end: what has come is given so long to be answered, since there is no other connection for it."""
    goodbye: float = 1.0


class _Disconnected(Exception):
    """The connection is of no more use; the message says why. `wait` is how long Slack asked to stay away."""

    def __init__(self, why: str, wait: timedelta | None = None) -> None:
        super().__init__(why)
        self.wait = wait or timedelta()


class SocketConnection:
    """The one connection to Slack, and the payloads that came over it."""

    def __init__(self, app: AsyncApp, app_token: str, pace: Timings | None = None) -> None:
        self._app = app
        self._token = app_token
        self._pace = pace or Timings()
        self._address = ""
        """Where to connect to; each works once, and not for long."""
        self._socket: ClientWebSocketResponse | None = None
        self._is_up = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._lost = ""
        """Why the last connection ended; empty while there is one, and before the first."""

    @contextlib.asynccontextmanager
    async def held(self) -> AsyncIterator[None]:
        """Connected for as long as the context lasts, again and again. Raises SettingsError when the token is refused.

        When Slack is merely away, it is tried until it is back.
        """
        await self._check_token()
        async with supervised(self._keep, name="socket"):
            yield

    async def connected(self) -> None:
        """Returns as soon as Slack has said hello, and at once while it answers pings after that."""
        await self._is_up.wait()

    async def _check_token(self) -> None:
        """Asks for the first address. Raises SettingsError when Slack refuses the token."""
        try:
            self._address = await self._ask()
        except CALL_FAILED as error:
            word = slack_errors.error_code(error)
            if word in _REFUSED:
                raise SettingsError(f"SLACK_APP_TOKEN: Slack refuses it ({word})") from error
            log.warning("socket_not_opened", error=word)

    async def _keep(self) -> None:
        """Connects, and connects again when that ends, until cancelled."""
        failures, clock = 0, asyncio.get_running_loop().time
        # A session of its own: the limits of the one for calls are too short for a connection that lives for hours.
        async with aiohttp.ClientSession(headers={"User-Agent": USER_AGENT}) as session:
            while True:
                began = clock()
                over = await self._live(session)
                failures = 0 if clock() - began >= self._pace.steady else failures + 1
                await asyncio.sleep(max(self._pause(failures), over.wait.total_seconds()))

    def _pause(self, failures: int) -> float:
        """None after a connection that had lasted; spread out, so that many bots do not come back in step."""
        if not failures:
            return 0.0
        doubled: float = min(self._pace.longest_pause, self._pace.pause * 2.0 ** min(failures - 1, 16))
        return doubled * random.uniform(0.5, 1.0)  # noqa: S311  no secret depends on it

    async def _live(self, session: aiohttp.ClientSession) -> _Disconnected:
        """One connection, from its address to its end."""
        try:
            async with self._connected(session) as socket:
                await self._hear(socket)
        except _Disconnected as over:
            self._lost = self._lost or str(over)
            return over
        raise AssertionError("hearing ends with an exception")

    @contextlib.asynccontextmanager
    async def _connected(self, session: aiohttp.ClientSession) -> AsyncIterator[ClientWebSocketResponse]:
        """A connection over which Slack has said hello. Raises _Disconnected when there is none to be had."""
        socket = await self._open(session)
        try:
            await self._greeted(socket)
            self._socket = socket
            self._is_up.set()
            self._tell()
            yield socket
        except asyncio.CancelledError:
            await self._finish()
            raise
        finally:
            self._socket = None
            self._is_up.clear()
            await _close(socket, self._pace.goodbye)

    async def _open(self, session: aiohttp.ClientSession) -> ClientWebSocketResponse:
        try:
            async with asyncio.timeout(self._pace.connect):
                address, self._address = self._address or await self._ask(), ""
                return await _dialled(session, self._app.client, address, heartbeat=self._pace.heartbeat)
        except CALL_FAILED as error:
            word = slack_errors.error_code(error)
            log.warning("socket_not_opened", error=word)
            raise _Disconnected(f"not opened: {word}", slack_errors.retry_after(error)) from error

    async def _ask(self) -> str:
        answer = await self._app.client.apps_connections_open(app_token=self._token)
        return str(answer["url"])

    async def _greeted(self, socket: ClientWebSocketResponse) -> None:
        try:
            async with asyncio.timeout(self._pace.hello):
                while (await _next(socket)).get("type") != "hello":
                    pass
        except TimeoutError as error:
            raise _Disconnected("no hello") from error

    def _tell(self) -> None:
        """One line for each connection that took the place of another."""
        why, self._lost = self._lost, ""
        if not why:
            log.info("socket_connected")
        elif why in _ROUTINE:
            log.info("socket_rebuilt", why=why)
        else:
            log.warning("socket_rebuilt", why=why)

    async def _hear(self, socket: ClientWebSocketResponse) -> None:
        """Takes what comes. Raises _Disconnected when nothing more will."""
        while True:
            try:
                async with asyncio.timeout(self._pace.quiet):
                    message = await _next(socket)
            except TimeoutError as error:
                raise _Disconnected("quiet") from error
            if message.get("type") == "disconnect":
                raise _Disconnected(f"disconnect: {str(message.get('reason'))[:40]}")
            if (request := SocketModeRequest.from_dict(message)) is not None:
                self._begin(socket, request)

    def _begin(self, socket: ClientWebSocketResponse, request: SocketModeRequest) -> None:
        """Carried out apart from the connection, so that it outlives it."""
        with request_id.bound(request_id.new()):
            task = asyncio.create_task(self._carry_out(socket, request))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry_out(self, socket: ClientWebSocketResponse, request: SocketModeRequest) -> None:
        try:
            answer = await run_async_bolt_app(self._app, request)
        except Exception as error:  # noqa: BLE001 - Bolt raises for payloads without the fields it expects
            log.warning("payload_not_understood", error=repr(error))
            return
        if (payload := _payload(answer)) is not None:
            await self._acknowledge(socket, {"envelope_id": request.envelope_id, **payload})

    async def _acknowledge(self, socket: ClientWebSocketResponse, ack: Json) -> None:
        """Over the connection that the payload came by or, when that has gone, the one in its place."""
        try:
            async with asyncio.timeout(self._pace.ack):
                if socket.closed:
                    await self._is_up.wait()
                await (self._socket or socket).send_json(ack)
        except CALL_FAILED as error:
            log.warning("ack_lost", error=repr(error))

    async def _finish(self) -> None:
        """Lets what has come be answered while there is a connection for it."""
        if self._tasks:
            await asyncio.wait(set(self._tasks), timeout=self._pace.answer)


async def greeting(client: AsyncWebClient, address: str) -> Json:
    """What Slack says first at an address of Socket Mode; the connection ends with it.

    What people do in just that moment may come over this connection in place of the bot's own: it is left without an
    answer, so that Slack says so, and nobody takes it for done. Raises what CALL_FAILED names, and ConnectionError
    when the connection ends without a word.
    """
    async with aiohttp.ClientSession(headers={"User-Agent": USER_AGENT}) as session:
        socket = await _dialled(session, client, address)
        try:
            return await _next(socket)
        except _Disconnected as error:
            raise ConnectionError(str(error)) from error
        finally:
            await _close(socket, Timings.goodbye)


async def _dialled(
    session: aiohttp.ClientSession, client: AsyncWebClient, address: str, heartbeat: float | None = None
) -> ClientWebSocketResponse:
    trusted = client.ssl if client.ssl is not None else True
    return await session.ws_connect(address, heartbeat=heartbeat, proxy=way_to(client, address), ssl=trusted)


async def _next(socket: ClientWebSocketResponse) -> Json:
    """The next message, {} for what is none of Slack's. Raises _Disconnected when the connection has ended."""
    frame = await socket.receive()
    if frame.type is WSMsgType.TEXT:
        try:
            message = json.loads(frame.data)
        except ValueError:
            return {}
        return message if isinstance(message, dict) else {}
    if frame.type is WSMsgType.BINARY:
        return {}
    raise _Disconnected("no pong" if isinstance(socket.exception(), TimeoutError) else f"closed ({socket.close_code})")


def _payload(answer: BoltResponse) -> Json | None:
    """What goes back with the envelope's id; None when nothing does, and Slack tells the person so."""
    if answer.status >= 500:
        return {"payload": {"text": unexpected(record_defect("bolt_answered_5xx", status=answer.status))}}
    if answer.status != 200:
        log.warning("payload_not_taken", status=answer.status)
        return None
    if not answer.body:
        return {}
    is_json = answer.first_headers().get("content-type", "").startswith("application/json")
    return {"payload": json.loads(answer.body) if is_json else {"text": answer.body}}


async def _close(socket: ClientWebSocketResponse, seconds: float) -> None:
    """Says goodbye to whoever still listens, without waiting for long."""
    with contextlib.suppress(*CALL_FAILED):
        async with asyncio.timeout(seconds):
            await socket.close()
