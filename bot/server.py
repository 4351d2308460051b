"""The aiohttp application: Slack's one address, guarded before Bolt sees a byte, and the health checks."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Awaitable, Callable, Mapping, Sequence

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.background import new_reference
from bot.ids import EVENTS_PATH
from bot.words import unexpected

log = structlog.get_logger(__name__)

BODY_LIMIT = 1024 * 1024
"""Bytes. Slack's own payloads stay far below (a view has at most 250 kB, slack.md A6)."""

_BOLTS_OWN = ("x-slack-bolt-",)
"""Bolt obeys such headers from outside (slack.md B3), so they are dropped."""

_BODY_SECONDS = 3.0
"""As long as Slack itself would wait for the answer. A sender that stops half-way must not stay for ever."""

_LARGE = 4096
"""Bytes. Commands are smaller, interactions with a modal larger."""

_CHECK_SECONDS = 3.0
_READY_FOR_SECONDS = 2.0

Check = Callable[[], Awaitable[None]]


def build(app: AsyncApp, signing_secret: str | None, checks: Mapping[str, Check]) -> web.Application:
    """The application. Without a signing secret (Socket Mode) Slack's address does not exist.

    `checks` are what /readyz asks, by the name of the dependency; each raises when its dependency does not answer.
    """
    application = web.Application(client_max_size=BODY_LIMIT, middlewares=[_calm])
    if signing_secret:
        application.router.add_post(EVENTS_PATH, _Slack(app, SignatureVerifier(signing_secret)).answer)
    application.router.add_get("/healthz", _healthz)
    application.router.add_get("/readyz", _Readiness(checks).answer)
    return application


class _Slack:
    """Everything Slack sends arrives here."""

    def __init__(self, app: AsyncApp, verifier: SignatureVerifier) -> None:
        self._app = app
        self._verifier = verifier
        self._turns = asyncio.Lock()

    async def answer(self, request: web.Request) -> web.Response:
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                body = await request.read()
        except TimeoutError:
            return web.Response(status=408, text="The body did not arrive.")
        if not self._is_signed(body, request.headers):
            return web.Response(status=401, text="The signature is missing, wrong or too old.")
        if len(body) > _LARGE:
            await self._turn()
        try:
            text = body.decode()
        except UnicodeDecodeError:
            return web.Response(status=400, text="The body is not UTF-8.")
        return await self._dispatch(request, text)

    async def _turn(self) -> None:
        """One form after the other, with a round of everything else in between.

        Read all at once, the forms of many people would keep the rest waiting, and all of them in memory.
        """
        async with self._turns:
            await asyncio.sleep(0)

    async def _dispatch(self, request: web.Request, text: str) -> web.Response:
        try:
            answer = await self._app.async_dispatch(
                AsyncBoltRequest(body=text, query=request.query_string, headers=_headers(request))
            )
        except Exception as error:  # noqa: BLE001 - Bolt raises for signed payloads without the fields it expects
            log.warning("payload_not_understood", error=repr(error))
            return web.Response(status=400, text="The payload is not one of Slack's.")
        if answer.status >= 500:
            reference = new_reference()
            log.error("bolt_answered_5xx", reference=reference, status=answer.status)
            return web.Response(text=unexpected(reference))
        return await to_aiohttp_response(answer)

    def _is_signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """slack_sdk's verifier raises on a timestamp that is no number, and on non-ASCII signatures (slack.md B2)."""
        timestamp = headers.get("X-Slack-Request-Timestamp", "")
        signature = headers.get("X-Slack-Signature", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12 and signature.isascii()):
            return False
        return self._verifier.is_valid(body=body, timestamp=timestamp, signature=signature)


def _headers(request: web.Request) -> dict[str, str | Sequence[str]]:
    return {name: value for name, value in request.headers.items() if not name.lower().startswith(_BOLTS_OWN)}


@web.middleware
async def _calm(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    """No outside input may cause a 5xx or show a traceback."""
    try:
        return await handler(request)
    except web.HTTPException:
        raise
    except (ConnectionError, asyncio.IncompleteReadError, web.RequestPayloadError, ValueError) as error:
        log.warning("request_not_read", path=request.path, error=repr(error))
        return web.Response(status=400, text="The request could not be read.")


async def _healthz(_: web.Request) -> web.Response:
    return web.json_response({"status": "alive"})


class _Readiness:
    """Answers /readyz. Each dependency is asked at most every few seconds, however often others ask us."""

    def __init__(self, checks: Mapping[str, Check]) -> None:
        self._checks = checks
        self._asked_at = -math.inf
        self._answers: asyncio.Future[list[str]] | None = None

    async def answer(self, _: web.Request) -> web.Response:
        now = asyncio.get_running_loop().time()
        if self._answers is None or now - self._asked_at > _READY_FOR_SECONDS:
            self._asked_at = now
            self._answers = asyncio.gather(*(_ask(check) for check in self._checks.values()))
        states = dict(zip(self._checks, await asyncio.shield(self._answers), strict=True))
        return web.json_response(states, status=200 if set(states.values()) <= {"ok"} else 503)


async def _ask(check: Check) -> str:
    try:
        async with asyncio.timeout(_CHECK_SECONDS):
            await check()
    except Exception as error:  # noqa: BLE001 - whatever stands in the way is the answer
        return f"no answer ({type(error).__name__})"
    return "ok"
