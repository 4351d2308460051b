"""Serves the response_urls: private or public answers to a command or a click, and edits of the clicked
message (PLATFORM.md, Response addresses).
"""

from __future__ import annotations

import json
import time
from typing import Any

from aiohttp import web

from bot.sandbox.slack.constants import BOT_USER
from bot.sandbox.slack.errors import SlackError
from bot.sandbox.slack.forms import with_ids
from bot.sandbox.slack.methods.chat import refuse_bad_content
from bot.sandbox.slack.tickets import ResponseUrl
from bot.sandbox.slack.workspace import Message, SlackCall, Workspace

Json = dict[str, Any]
METHOD = "response_url"
_GONE = frozenset({"invalid_url", "expired_url", "used_url"})


class Responses:
    """The handler of `/response/{token}`. A response_url bypasses channel membership."""

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace

    async def answer(self, request: web.Request) -> web.Response:
        at, args = time.monotonic(), await _body(request)
        try:
            permission = self._workspace.response_urls.use(request.match_info["token"])
            self._apply(permission, args)
        except SlackError as error:
            status = 404 if error.code in _GONE else 400
            self._workspace.record(SlackCall(METHOD, args, at, status, error.code))
            return web.json_response({"ok": False, "error": error.code}, status=status)
        self._workspace.record(SlackCall(METHOD, args, at, 200, None))
        return web.Response(text="ok")

    def _apply(self, permission: ResponseUrl, args: Json) -> None:
        source = self._workspace.find(permission.channel, permission.message_ts or "")
        if args.get("delete_original"):
            if args.keys() - {"delete_original"}:
                raise SlackError("invalid_arguments", ["delete_original must stand alone"])
            if source is not None:
                self._workspace.delete(source)
            return
        refuse_bad_content(args)
        if args.get("replace_original") and source is not None:
            self._workspace.edit(source, args.get("text") or "", with_ids(args.get("blocks") or []))
        else:
            self._workspace.post(response_message(self._workspace, permission.user, permission.channel, args))


def response_message(workspace: Workspace, user: str, channel: str, args: Json) -> Message:
    """The bot's answer to a person: ephemeral unless `response_type` is in_channel."""
    return Message(
        channel=channel,
        ts=workspace.new_ts(),
        author=BOT_USER,
        text=args.get("text") or "",
        blocks=with_ids(args.get("blocks") or []),
        thread_ts=args.get("thread_ts"),
        visible_to=None if args.get("response_type") == "in_channel" else user,
    )


async def _body(request: web.Request) -> Json:
    try:
        body = json.loads(await request.text())
    except json.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}
