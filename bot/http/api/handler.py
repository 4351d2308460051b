"""Who gets in to /api, and in what form anything that goes wrong there goes out."""

from __future__ import annotations

import hmac
import re
from collections.abc import Iterable

from aiohttp import web
from pydantic import BaseModel

from bot import wording
from bot.http.api.context import Answer, Context
from bot.http.api.errors import Code, Refusal, of_error
from bot.http.api.routes import Act
from bot.http.api.services import Services
from bot.http.application import Answering, meets_expectation
from bot.process.incidents import record_defect
from bot.process.request_facts import ABOUT
from core.domain.errors import GpuBotError

_REALM = 'Bearer realm="gpu-bot"'
_FRESH = {"Cache-Control": "no-store"}


class ApiGuard:
    """Lets those in who hold the token, before anything else of the request is read."""

    def __init__(self, services: Services, token: str) -> None:
        self._services = services
        self._token = token.encode()

    def to(self, act: Act) -> Answering:
        """The handler of a route: its answer as JSON, and every error in the one form."""

        async def handle(request: web.Request) -> web.StreamResponse:
            try:
                self._check(request)
                answer = await act(Context(request, self._services, self._token))
                request[ABOUT] = _about(answer)
            except Refusal as refusal:
                return refused(refusal)
            except GpuBotError as error:
                return refused(of_error(error))
            except Exception as error:  # noqa: BLE001 - a defect is told like any other error, with a reference
                return refused(Refusal(Code.UNEXPECTED, wording.unexpected(record_defect("unexpected", error))))
            return written(answer.content, answer.status, answer.headers)

        return handle

    async def expect(self, request: web.Request) -> web.StreamResponse | None:
        """Before a body is asked for with `100 Continue`. None: go on."""
        try:
            self._check(request)
        except Refusal as refusal:
            return refused(refusal)
        return await expect(request)

    def _check(self, request: web.Request) -> None:
        """Exactly one `Authorization: Bearer TOKEN`. Raises Refusal."""
        sent = request.headers.getall("Authorization", [])
        scheme, _, token = sent[0].strip().partition(" ") if len(sent) == 1 else ("", "", "")
        if scheme.lower() != "bearer":
            raise Refusal(Code.UNAUTHORIZED, headers={"WWW-Authenticate": _REALM})
        if not self._token or not hmac.compare_digest(token.strip().encode(errors="surrogateescape"), self._token):
            raise Refusal(Code.UNAUTHORIZED, headers={"WWW-Authenticate": f'{_REALM}, error="invalid_token"'})


async def expect(request: web.Request) -> web.StreamResponse | None:
    """As everywhere else, but for the form of the answer."""
    return None if meets_expectation(request) else refused(Refusal(Code.EXPECTATION_FAILED))


def nowhere(known: Iterable[tuple[str, str]]) -> Act:
    """What is served where no route is: 405 where the path takes other methods, else 404. `known`: path, method."""
    patterns = [(re.compile(re.sub(r"{\w+}", "[^/]+", path)), method) for path, method in known]

    async def act(context: Context) -> Answer:
        allowed = {method for pattern, method in patterns if pattern.fullmatch(context.request.rel_url.path_safe)}
        if allowed:
            every = allowed | ({"HEAD"} if "GET" in allowed else set())
            raise Refusal(Code.METHOD_NOT_ALLOWED, headers={"Allow": ", ".join(sorted(every))})
        raise Refusal(Code.NOT_FOUND)

    return act


def refused(refusal: Refusal) -> web.Response:
    return written(refusal.answer, refusal.status, refusal.headers)


def written(content: BaseModel, status: int, headers: dict[str, str]) -> web.Response:
    body = content.model_dump_json(by_alias=True).encode()
    return web.Response(body=body, status=status, headers={**_FRESH, **headers}, content_type="application/json")


def _about(answer: Answer) -> dict[str, str]:
    """For the request's line in the log."""
    instance_id = getattr(answer.content, "instance_id", None)
    return {"instance_id": instance_id} if instance_id else {}
