"""The bench's desk at the make-believe Slack: hands out signed payloads, and notes when an instance is first named.

It lives in Slack's process, so that what it costs is charged to nobody who is measured.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import re
from collections.abc import Awaitable, Callable
from typing import Any

from aiohttp import web

from bot.sandbox.slack import Change, Kind, SandboxSlack, SlackCall
from bot.sandbox.slack import View as OpenView
from bot.sandbox.slack.delivery import encoded
from bot.sandbox.slack.forms import elements_in
from bot.sandbox.slack.payloads import command, submission
from bot.slack.ids import COMMAND, View
from core.domain.request import Field

Json = dict[str, Any]

GPU, TEMPLATE, CHANNEL = "RTX 4090 24GB", "comfy-prod", "gpu"
_NOVITA_ID = re.compile(r"\b[0-9a-f]{16}\b")
_PATIENCE = 60.0


class Desk:
    """Everything the driver asks of Slack's side; each route answers JSON."""

    def __init__(self, slack: SandboxSlack) -> None:
        self._slack = slack
        self._person = slack.person("ada")
        self._numbers = itertools.count(1)
        self._definition: Json = {}
        self._typed: dict[str, Json] = {}
        self._opened: asyncio.Queue[OpenView] = asyncio.Queue()
        self._told: dict[str, float] = {}
        self._stop_watching = slack.subscribe(self._note)

    def app(self) -> web.Application:
        app = web.Application()
        app.add_routes(
            [
                web.post("/pattern", _json(self._make_pattern)),
                web.post("/submissions", _json(self._submissions)),
                web.post("/commands", _json(self._commands)),
                web.post("/opened", _json(self._opened_form)),
                web.post("/told", _json(self._wait_until_told)),
                web.post("/settled", _json(self._wait_until_settled)),
                web.post("/problems", _json(self._problems)),
            ]
        )
        return app

    async def _make_pattern(self, _: Json) -> Json:
        """Fills in one modal as a person does; its content and what was typed serve for all that follow."""
        await self._person.command(f"{COMMAND} create", channel=CHANNEL)
        modal = await self._person.modal(View.CREATE, timeout=10)
        drawn = modal.view.hash
        await modal.choose(Field.PRODUCT_NAME, GPU)
        await self._slack.wait_until(lambda: modal.view.hash != drawn)
        await modal.choose(Field.TEMPLATE_ID, TEMPLATE)
        self._definition = modal.view.definition
        self._typed = {name: value for names in modal.view.state.values() for name, value in names.items()}
        await modal.close()
        self._forget_opened()
        return {}

    async def _submissions(self, ask: Json) -> Json:
        """`count` modals, filled in and on the point of being submitted."""
        ready = [self._submission(self._open_copy()) for _ in range(ask["count"])]
        self._forget_opened()
        return {"requests": ready}

    async def _commands(self, ask: Json) -> Json:
        """`count` commands with the words `text` after them, each with a fresh trigger."""
        workspace = self._slack.workspace
        channel, line = workspace.channel(CHANNEL), f"{COMMAND} {ask['text']}"
        made = [command(workspace, self._person.member, channel, line) for _ in range(ask["count"])]
        return {"requests": [self._signed(dict(each), Kind.COMMAND) for each in made]}

    async def _opened_form(self, _: Json) -> Json:
        """The submission of the modal that the bot opened next, filled in."""
        async with asyncio.timeout(_PATIENCE):
            view = await self._opened.get()
        return {"requests": [self._submission(view)]}

    async def _wait_until_told(self, ask: Json) -> Json:
        """Waits until `total` instances have been named since the start; returns those after the first `since`."""
        await self._slack.wait_until(lambda: len(self._told) >= ask["total"], timeout=_PATIENCE)
        return {"told": dict(itertools.islice(self._told.items(), ask["since"], None))}

    async def _wait_until_settled(self, ask: Json) -> Json:
        """Waits until the bot has made no call for `seconds`."""
        seen = -1
        while seen != len(self._slack.calls):
            seen = len(self._slack.calls)
            await asyncio.sleep(ask["seconds"])
        return {}

    async def _problems(self, _: Json) -> Json:
        """What a person would have seen go wrong, and what Slack refused."""
        refused = [f"{call.method}: {call.error}" for call in self._slack.calls if not call.ok]
        return {"problems": [*self._slack.problems, *refused]}

    def _note(self, change: Change) -> None:
        if change.kind == "view_opened":
            self._opened.put_nowait(change.subject)
        if change.kind == "call_answered":
            call: SlackCall = change.subject
            if call.ok:
                for novita_id in _NOVITA_ID.findall(str(call.args)):
                    self._told.setdefault(novita_id, call.at)

    def _forget_opened(self) -> None:
        while not self._opened.empty():
            self._opened.get_nowait()

    def _open_copy(self) -> OpenView:
        place = self._slack.channel_id(CHANNEL)
        return self._slack.workspace.views.open(self._person.id, self._definition, place)

    def _submission(self, view: OpenView) -> Json:
        workspace, name = self._slack.workspace, f"bench-{next(self._numbers)}"
        typed = {**self._typed, Field.NAME.value: {"type": "plain_text_input", "value": name}}
        for block, element in elements_in(view.blocks):
            if element["action_id"] in typed:
                workspace.views.enter(view, block["block_id"], element["action_id"], typed[element["action_id"]])
        return {"name": name, **self._signed(submission(workspace, self._person.member, view), Kind.INTERACTIVE)}

    def _signed(self, payload: Json, kind: Kind) -> Json:
        body, content_type = encoded(payload, kind)
        return {"body": body, "headers": {"Content-Type": content_type, **self._slack.signed(body)}}


def _json(answer: Callable[[Json], Awaitable[Json]]) -> Callable[[web.Request], Awaitable[web.Response]]:
    async def handle(request: web.Request) -> web.Response:
        try:
            return web.json_response(await answer(json.loads(await request.text())))
        except (TimeoutError, LookupError) as error:
            return web.json_response({"error": f"{request.path}: {error!r}"}, status=409)

    return handle
