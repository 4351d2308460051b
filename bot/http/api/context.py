"""One request to /api as the routes see it: its parts read with a bounded wait, its answer a shape and a status."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, TypeVar

from aiohttp import web
from pydantic_core import from_json

from bot.http.api import forms, requests
from bot.http.api.errors import Code, Refusal, invalid
from bot.http.api.requests import Asked
from bot.http.api.services import Services
from bot.http.api.shape import Shape
from core.domain.responses import CreateInstanceResponse

IDEMPOTENCY_KEY = "Idempotency-Key"
FORM = "application/x-www-form-urlencoded"
LONGEST_WAIT = timedelta(seconds=100)
"""Within the patience of most proxies and clients."""

_BODY_SECONDS = 10.0
_KEY = re.compile(r"[ -~]{1,255}")
_WAIT = re.compile(r"(?:^|[,;])\s*wait\s*=\s*\"?(\d{1,6})\"?\s*(?=$|[,;])", re.IGNORECASE)

T = TypeVar("T", bound=Asked)


@dataclass(frozen=True)
class Answer:
    """What a route answers when all is well."""

    content: Shape | CreateInstanceResponse
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """One request whose token is right. `token` is the secret that fingerprints are made under."""

    request: web.Request
    services: Services
    token: bytes

    @property
    def instance_id(self) -> str:
        return self.request.match_info["id"]

    def query(self, shape: type[T]) -> T:
        """Raises Refusal for what is not understood. What is given several times is as good as joined by commas."""
        sent = self.request.query
        given = {name: ",".join(filter(None, sent.getall(name))) for name in sent}
        asked, problems = requests.read(shape, {name: text for name, text in given.items() if text})
        if problems:
            raise invalid(problems)
        return asked

    async def body(self) -> dict[str, Any]:
        """The JSON object, or the form, that was sent. Raises Refusal."""
        is_form = self.request.content_type == FORM
        if not _is_plain(self.request) or not (is_form or _is_json(self.request)):
            raise Refusal(Code.UNSUPPORTED_MEDIA_TYPE)
        sent = await self._bytes()
        try:
            content = forms.read(sent) if is_form else from_json(sent, allow_inf_nan=False)
        except ValueError:
            raise Refusal(Code.INVALID_JSON) from None
        if not isinstance(content, dict):
            raise Refusal(Code.INVALID_JSON)
        return content

    async def _bytes(self) -> bytes:
        try:
            async with asyncio.timeout(_BODY_SECONDS):
                return await self.request.read()
        except TimeoutError:
            # Nobody knows where its body ends and the next request begins.
            raise Refusal(Code.REQUEST_TIMEOUT, headers={"Connection": "close"}) from None
        except web.HTTPRequestEntityTooLarge:
            raise Refusal(Code.BODY_TOO_LARGE, headers={"Connection": "close"}) from None
        except (ConnectionError, asyncio.IncompleteReadError, web.RequestPayloadError):
            raise Refusal(Code.INVALID_JSON) from None

    @property
    def idempotency_key(self) -> str | None:
        """The key that makes repeats of a request harmless. Raises Refusal for one that is none."""
        keys = self.request.headers.getall(IDEMPOTENCY_KEY, [])
        if not keys:
            return None
        if len(keys) > 1 or not _KEY.fullmatch(keys[0]):
            raise invalid({IDEMPOTENCY_KEY: "Expected 1 to 255 printable ASCII characters, once."})
        return keys[0]

    @property
    def patience(self) -> timedelta:
        """How long the caller waits for Novita, at most."""
        wished = self.wished_patience
        return LONGEST_WAIT if wished is None else wished

    @property
    def wished_patience(self) -> timedelta | None:
        """`Prefer: wait=SECONDS` (RFC 7240), never longer than a proxy would wait; None for no such wish."""
        found = _WAIT.search(",".join(self.request.headers.getall("Prefer", [])))
        return min(timedelta(seconds=int(found[1])), LONGEST_WAIT) if found else None


def _is_json(request: web.Request) -> bool:
    kind = request.content_type
    return kind == "application/json" or (kind.startswith("application/") and kind.endswith("+json"))


def _is_plain(request: web.Request) -> bool:
    return request.headers.get("Content-Encoding", "identity").strip().lower() == "identity"
