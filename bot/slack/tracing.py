"""What Slack sends, as it arrives over HTTP or Socket Mode: what it is, who sent it, and how soon it had its answer."""

from __future__ import annotations

from collections.abc import Mapping
from time import perf_counter
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_bolt.response import BoltResponse

from core.telemetry import metrics

log = structlog.get_logger(__name__)

_KINDS = {
    "block_actions": "block_actions",
    "view_submission": "view_submission",
    "view_closed": "view_closed",
    "block_suggestion": "options",
    "event_callback": "event",
}


def described(request: AsyncBoltRequest) -> dict[str, str]:
    """What it is and who sent it, for the log."""
    context = request.context
    return {"kind": _kind(request.body), "user": str(context.user_id or ""), "team": str(context.team_id or "")}


def _kind(body: Mapping[str, Any]) -> str:
    return "command" if "command" in body else _KINDS.get(str(body.get("type")), "other")


class TracedApp(AsyncApp):
    """A Bolt app that times its acks. Over HTTP the server writes the request's line, over Socket Mode nobody else."""

    async def async_dispatch(self, req: AsyncBoltRequest) -> BoltResponse:
        began = perf_counter()
        answer = await super().async_dispatch(req)
        seconds = perf_counter() - began
        metrics.acknowledged(_kind(req.body), seconds)
        if req.mode == "socket_mode":
            ms = round(seconds * 1000, 1)
            log.info("request", route="socket_mode", **described(req), status=answer.status, ms=ms)
        return answer
