"""Slack's one address, guarded before Bolt sees a byte."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

import structlog
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.signature import SignatureVerifier

from bot.process.incidents import record_defect
from bot.process.request_facts import ABOUT
from bot.slack.ids import EVENTS_PATH
from bot.slack.tracing import described
from bot.wording import unexpected

log = structlog.get_logger(__name__)

_BOLTS_OWN = ("x-slack-bolt-",)
"""Bolt obeys such headers from outside (PLATFORM.md, Bolt), so they are dropped."""

_BODY_SECONDS = 3.0
"""As long as Slack itself would wait for the answer. A sender that stops half-way must not stay for ever."""

_LARGE = 4096
"""Bytes. Commands are smaller, interactions with a modal larger."""


def routes(app: AsyncApp, signing_secret: str) -> list[web.RouteDef]:
    return [web.post(EVENTS_PATH, _Slack(app, SignatureVerifier(signing_secret)).answer)]


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
            arrived = AsyncBoltRequest(body=text, query=request.query_string, headers=_headers(request))
            request[ABOUT] = described(arrived)
            answer = await self._app.async_dispatch(arrived)
        except Exception as error:  # noqa: BLE001 - Bolt raises for signed payloads without the fields it expects
            log.warning("payload_not_understood", error=repr(error))
            return web.Response(status=400, text="The payload is not one of Slack's.")
        if answer.status >= 500:
            return web.Response(text=unexpected(record_defect("bolt_answered_5xx", status=answer.status)))
        return await to_aiohttp_response(answer)

    def _is_signed(self, body: bytes, headers: Mapping[str, str]) -> bool:
        """slack_sdk's verifier raises on a timestamp that is no number, and on non-ASCII signatures."""
        timestamp = headers.get("X-Slack-Request-Timestamp", "")
        signature = headers.get("X-Slack-Signature", "")
        if not (timestamp.isascii() and timestamp.isdigit() and len(timestamp) < 12 and signature.isascii()):
            return False
        return self._verifier.is_valid(body=body, timestamp=timestamp, signature=signature)


def _headers(request: web.Request) -> dict[str, str | Sequence[str]]:
    return {name: value for name, value in request.headers.items() if not name.lower().startswith(_BOLTS_OWN)}
