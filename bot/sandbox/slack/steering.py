"""`/_sandbox/...`: lets another process look into the make-believe Slack and steer it.

Part of no real Slack.
"""

from __future__ import annotations

import contextlib
import json
from collections.abc import Awaitable, Callable
from dataclasses import asdict
from typing import Any

from aiohttp import web

from bot.sandbox.slack.delivery import Delivery
from bot.sandbox.slack.faults import ANY_METHOD, Fault, FaultKind, Faults
from bot.sandbox.slack.person import Person
from bot.sandbox.slack.rate_limits import RateLimits
from bot.sandbox.slack.workspace import Message, Workspace

Json = dict[str, Any]
LONGEST_WAIT = 30.0


class Steering:
    """GET state, calls, messages;

    POST and DELETE faults; POST typed; PUT down, rate_limits, bot_url. Bad input is answered 400.
    """

    def __init__(self, workspace: Workspace, faults: Faults, limits: RateLimits, delivery: Delivery) -> None:
        self._workspace = workspace
        self._faults = faults
        self._limits = limits
        self._delivery = delivery

    def routes(self) -> list[web.RouteDef]:
        return [
            web.get("/_sandbox/state", self._state),
            web.get("/_sandbox/calls", self._calls),
            web.get("/_sandbox/messages", self._messages),
            web.post("/_sandbox/faults", _readable(self._add_fault)),
            web.delete("/_sandbox/faults", self._clear_faults),
            web.post("/_sandbox/typed", self._type),
            web.put("/_sandbox/down", _readable(self._set_down)),
            web.put("/_sandbox/rate_limits", _readable(self._set_rate_limits)),
            web.put("/_sandbox/bot_url", _readable(self._set_bot_url)),
        ]

    async def _state(self, request: web.Request) -> web.Response:
        """With `?after=N` it waits (up to 30 s) until the revision is past N, so that a page can follow
        along.
        """
        after = int(request.query.get("after", "-1"))
        changes = self._workspace.changes
        with contextlib.suppress(TimeoutError):
            await changes.wait_until(lambda: changes.revision > after, LONGEST_WAIT)
        return web.json_response(state_of(self._workspace))

    async def _calls(self, request: web.Request) -> web.Response:
        wanted = request.query.get("method")
        calls = [asdict(call) for call in self._workspace.calls if wanted in (None, call.method)]
        return web.json_response({"calls": calls})

    async def _messages(self, request: web.Request) -> web.Response:
        wanted = request.query.get("channel")
        found = [
            message_json(message)
            for channel in self._workspace.messages
            if wanted is None or wanted.lstrip("#") in (channel, self._workspace.channels[channel].name)
            for message in self._workspace.in_channel(channel)
        ]
        return web.json_response({"messages": found})

    def _add_fault(self, body: Json) -> None:
        """{"method"?, "kind", "code"?, "seconds"?, "status"?, "times"?}: without `times` it stands until
        cleared.
        """
        method, times = body.pop("method", ANY_METHOD), body.pop("times", None)
        fault = Fault(**{**body, "kind": FaultKind(body["kind"])})
        if times is None:
            self._faults.always(method, fault)
        else:
            self._faults.next(method, *[fault] * int(times))

    async def _clear_faults(self, request: web.Request) -> web.Response:
        self._faults.clear(request.query.get("method"))
        return web.json_response({"ok": True})

    async def _type(self, request: web.Request) -> web.Response:
        """{"person", "text", "channel"?, "thread"?}: somebody types it there; `thread` is its root's time stamp."""
        try:
            body = json.loads(await request.text())
            person = Person(self._workspace, self._delivery, self._workspace.member(body["person"]))
            channel = self._workspace.channel(body.get("channel", "gpu"))
            root = self._workspace.find(channel.id, body["thread"]) if body.get("thread") else None
            if body.get("thread") and root is None:
                raise LookupError("there is no such message")
            await person.type(_text(body), channel.id, root)
        except (ValueError, KeyError, TypeError, AttributeError, LookupError) as error:
            return web.json_response({"ok": False, "error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response({"ok": True})

    def _set_down(self, body: Json) -> None:
        self._faults.down = bool(body["down"])

    def _set_rate_limits(self, body: Json) -> None:
        self._limits.set_scale(body["scale"])

    def _set_bot_url(self, body: Json) -> None:
        self._delivery.bot_url = str(body["bot_url"])


def _text(body: Json) -> str:
    if not isinstance(body["text"], str) or not body["text"].strip():
        raise TypeError("text must be what is typed")
    return body["text"]


def _readable(change: Callable[[Json], None]) -> Callable[[web.Request], Awaitable[web.Response]]:
    """A handler that gives the JSON body to `change`, and says what is wrong with it."""

    async def handle(request: web.Request) -> web.Response:
        try:
            change(json.loads(await request.text()))
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            return web.json_response({"ok": False, "error": f"{type(error).__name__}: {error}"}, status=400)
        return web.json_response({"ok": True})

    return handle


def message_json(message: Message) -> Json:
    """A message with what only the sandbox knows of it: who sees it and how often it was edited."""
    return {
        **message.as_json(),
        "channel": message.channel,
        "visible_to": message.visible_to,
        "edits": len(message.edits),
        "shown": message.shown,
    }


def state_of(workspace: Workspace) -> Json:
    """Who and what there is, for a page that shows the workspace."""
    return {
        "revision": workspace.changes.revision,
        "people": [asdict(member) for member in workspace.members.values()],
        "channels": [
            {**asdict(channel), "members": sorted(channel.members)} for channel in workspace.channels.values()
        ],
        "views": [
            {"owner": view.owner, "errors": view.errors, "notice": view.notice, "view": view.as_json()}
            for view in workspace.views.all_open()
        ],
        "problems": workspace.problems,
    }
