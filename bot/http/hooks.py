"""Where machines report: each instance has an address of its own, and what is posted there goes into its thread."""

from __future__ import annotations

import asyncio
from http import HTTPStatus

from aiohttp import web

from core.domain.errors import InvalidRequest, StoreUnavailable
from core.domain.request import HOOK_VARIABLE
from core.services.reports import BODY_LIMIT, SHOWN_PER_WINDOW, Receipt, Reports, read_report
from core.services.reports.hook import PATH

_BODY_SECONDS = 5.0
"""A sender that stops half-way must not stay for ever."""

_USAGE = (
    f'Post a line of text here, and it is told in the thread of this instance: curl "${HOOK_VARIABLE}" -d "epoch 3, '
    'loss 0.21". As JSON it may have a level, and done and error call the owner: '
    '{"text": "it is done", "level": "done"}.'
)
_SENTENCES = {
    Receipt.POSTED: (HTTPStatus.OK, "posted"),
    Receipt.COUNTED: (
        HTTPStatus.ACCEPTED,
        f"counted: more than {SHOWN_PER_WINDOW} a minute are not shown, only summed up in the thread",
    ),
    Receipt.ENDED: (HTTPStatus.GONE, "This instance has ended, and its address with it."),
}


def routes(reports: Reports) -> list[web.RouteDef]:
    return [web.post(PATH, _Hooks(reports).take), web.get(PATH, _explain)]


async def _explain(_: web.Request) -> web.Response:
    """The same whether or not there is such an address."""
    return _said(HTTPStatus.OK, _USAGE)


class _Hooks:
    """Whoever is not known costs one look into Redis, and nothing of what they send is read."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    async def take(self, request: web.Request) -> web.Response:
        try:
            return await self._take(request)
        except InvalidRequest as error:
            return _said(HTTPStatus.BAD_REQUEST, " ".join(error.problems.values()))
        except StoreUnavailable:
            return _said(HTTPStatus.SERVICE_UNAVAILABLE, "The bot's memory does not answer. Try again in a minute.")

    async def _take(self, request: web.Request) -> web.Response:
        sender = await self._reports.sender(request.match_info["id"], request.match_info["token"])
        if sender is None:
            return _said(HTTPStatus.NOT_FOUND, f"There is no such address. Use {HOOK_VARIABLE} as it stands.")
        report = read_report(await _body(request), request.content_type)
        return _said(*_SENTENCES[await self._reports.take(sender, report)])


async def _body(request: web.Request) -> bytes:
    """Raises an HTTPException when it is too large, too slow or packed."""
    if request.headers.get("Content-Encoding", "identity") != "identity":
        raise web.HTTPUnsupportedMediaType(text="Send the report as it is, not compressed.\n")
    if (request.content_length or 0) > BODY_LIMIT:
        raise _too_large(request.content_length or 0)
    body = bytearray()
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            async for chunk in request.content.iter_any():
                body += chunk
                if len(body) > BODY_LIMIT:
                    raise _too_large(len(body))
    except TimeoutError:
        raise web.HTTPRequestTimeout(text="The report did not arrive.\n") from None
    return bytes(body)


def _too_large(size: int) -> web.HTTPException:
    words = f"A report has at most {BODY_LIMIT // 1024} KB.\n"
    return web.HTTPRequestEntityTooLarge(max_size=BODY_LIMIT, actual_size=size, text=words)


def _said(status: HTTPStatus, sentence: str) -> web.Response:
    return web.Response(status=status, text=f"{sentence}\n")
