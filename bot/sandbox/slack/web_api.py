"""Serves `/api/<method>`: reads the call, checks the token, applies faults and rate limits, records what was
answered.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.faults import Fault, FaultKind, Faults
from bot.sandbox.slack.methods import METHODS, SOCKET_METHOD, SOCKET_TIER
from bot.sandbox.slack.rate_limits import RateLimits
from bot.sandbox.slack.workspace import SlackCall, Workspace

Json = dict[str, Any]
_STRUCTURED = ("blocks", "view", "metadata", "attachments")
SCOPES_HEADER = "x-oauth-scopes"
_WORDS = {"true": True, "false": False}


@dataclass(frozen=True)
class Reply:
    """What goes back: a JSON body, an HTTP status, headers."""

    body: Json
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def error(self) -> str | None:
        return None if self.body.get("ok") else str(self.body.get("error"))


def refusal(code: str, messages: list[str] | None = None) -> Reply:
    body: Json = {"ok": False, "error": code}
    if messages:
        body["response_metadata"] = {"messages": messages}
    return Reply(body)


def too_fast(retry_after: float) -> Reply:
    return Reply({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": str(int(retry_after))})


class WebApi:
    """The handler of `/api/{method}`.

    `scopes` are what the bot token was granted; `open_socket` gives the address that apps.connections.open
    answers with.
    """

    def __init__(
        self,
        workspace: Workspace,
        faults: Faults,
        limits: RateLimits,
        *,
        bot_token: str,
        app_token: str,
        scopes: set[str],
        open_socket: Callable[[], str],
    ) -> None:
        self._workspace = workspace
        self._faults = faults
        self._limits = limits
        self._bot_token = bot_token
        self._app_token = app_token
        self._scopes = scopes
        self._open_socket = open_socket
        self._late: set[asyncio.Task[web.Response]] = set()

    async def answer(self, request: web.Request) -> web.StreamResponse:
        method, at = request.match_info["method"], time.monotonic()
        args = await read_arguments(request)
        record = _Recorder(self._workspace, method, args, at)
        fault = self._faults.take(method)
        if fault is None:
            return record(self._perform(method, args, request))
        return await self._misbehave(fault, request, record, lambda: self._perform(method, args, request))

    async def _misbehave(
        self, fault: Fault, request: web.Request, record: _Recorder, perform: Callable[[], Reply]
    ) -> web.StreamResponse:
        if fault.kind in _ANSWERS:
            return record(_ANSWERS[fault.kind](fault))
        if fault.kind is FaultKind.NOT_JSON:
            record(Reply({"error": "not_json"}))
            return web.Response(text="<html>It's not you, it's us.</html>", content_type="text/html")
        if fault.kind is FaultKind.SLOW:
            return await self._later(fault.seconds, record, perform)
        error = perform().error if fault.kind is FaultKind.RESET_AFTER else None
        record(Reply({"error": error or fault.kind.value}, 0))
        await _BREAKS[fault.kind](request)
        return web.Response()

    async def _later(self, seconds: float, record: _Recorder, perform: Callable[[], Reply]) -> web.Response:
        """Takes effect although the caller may have given up meanwhile: the request is already at Slack."""

        async def wait_and_perform() -> web.Response:
            await asyncio.sleep(seconds)
            return record(perform())

        task = asyncio.create_task(wait_and_perform())
        self._late.add(task)
        task.add_done_callback(self._late.discard)
        return await asyncio.shield(task)

    def _perform(self, method: str, args: Json, request: web.Request) -> Reply:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            return self._checked(method, args, token)
        except SlackError as error:
            return refusal(error.code, error.messages)

    def _checked(self, method: str, args: Json, token: str) -> Reply:
        if method == SOCKET_METHOD:
            self._authenticate(token, self._app_token, self._bot_token)
            retry_after = self._limits.retry_after(method, SOCKET_TIER)
            return too_fast(retry_after) if retry_after else Reply({"ok": True, "url": self._open_socket()})
        known = METHODS.get(method)
        if known is None:
            raise SlackError("unknown_method")
        self._authenticate(token, self._bot_token, self._app_token)
        channel = str(args.get("channel")) if known.is_paced_by_channel else None
        retry_after = self._limits.retry_after(method, known.per_minute, channel)
        if retry_after:
            return too_fast(retry_after)
        granted = ",".join(sorted(self._scopes))
        if known.scope and known.scope not in self._scopes:
            lack = {"ok": False, "error": "missing_scope", "needed": known.scope, "provided": granted}
            return Reply(lack, headers={SCOPES_HEADER: granted})
        missing = [f"missing required field: {name}" for name in known.required if not args.get(name)]
        if missing:
            raise SlackError("invalid_arguments", missing)
        return Reply({"ok": True, **known.run(self._workspace, args)}, headers={SCOPES_HEADER: granted})

    def _authenticate(self, token: str, wanted: str, other: str) -> None:
        if token == wanted:
            return
        if not token:
            raise SlackError("not_authed")
        raise SlackError("not_allowed_token_type" if token == other else "invalid_auth")


class _Recorder:
    """Records a call together with its reply, and turns the reply into a response."""

    def __init__(self, workspace: Workspace, method: str, args: Json, at: float) -> None:
        self._workspace = workspace
        self._method, self._args, self._at = method, args, at

    def __call__(self, reply: Reply) -> web.Response:
        self._workspace.record(SlackCall(self._method, self._args, self._at, reply.status, reply.error))
        if not reply.status:
            return web.Response()
        return web.json_response(reply.body, status=reply.status, headers=reply.headers)


async def read_arguments(request: web.Request) -> Json:
    """The arguments of a call, from the query, a form or JSON; structured ones arrive as text in forms."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        try:
            body = await request.json()
        except json.JSONDecodeError:
            body = {}
        return {**args, **(body if isinstance(body, dict) else {})}
    args |= {name: value for name, value in (await request.post()).items() if isinstance(value, str)}
    return {name: _decoded(name, value) for name, value in args.items() if name != "token"}


def _decoded(name: str, value: str) -> Any:
    if name in _STRUCTURED:
        try:
            return json.loads(value)
        except json.JSONDecodeError:
            return value
    return _WORDS.get(value, value)


async def _hang(request: web.Request) -> None:
    """Waits for ever: the server cancels it when the caller is gone, or when it stops."""
    await asyncio.Event().wait()


async def _reset(request: web.Request) -> None:
    if request.transport is not None:
        request.transport.abort()


_ANSWERS: dict[FaultKind, Callable[[Fault], Reply]] = {
    FaultKind.ERROR: lambda fault: refusal(fault.code),
    FaultKind.RATE_LIMITED: lambda fault: too_fast(fault.seconds),
    FaultKind.SERVER_ERROR: lambda fault: Reply({"ok": False, "error": "internal_error"}, fault.status),
}
_BREAKS: dict[FaultKind, Callable[[web.Request], Awaitable[None]]] = {
    FaultKind.HANG: _hang,
    FaultKind.RESET_BEFORE: _reset,
    FaultKind.RESET_AFTER: _reset,
}
