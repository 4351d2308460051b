"""What the tests of the make-believe Slack share: a clock they turn, a running Slack, a Slack client, a view."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import SandboxSlack
from bot.sandbox.slack.constants import BOT_TOKEN

Json = dict[str, Any]


class Clock:
    """Shows the time it is set to."""

    def __init__(self) -> None:
        self.now = time.time()

    def __call__(self) -> float:
        return self.now

    def forward(self, seconds: float) -> None:
        self.now += seconds


class RunningSlack(SandboxSlack):
    """A Slack with a turnable clock, its address, and a client for its Web API."""

    def __init__(self, rate_limits: float | None = None) -> None:
        self.hands = Clock()
        super().__init__(rate_limits=rate_limits, clock=self.hands)
        self.scopes.add("channels:read")
        self.api = ""

    def client(self, token: str = BOT_TOKEN) -> AsyncWebClient:
        return AsyncWebClient(token=token, base_url=self.api, retry_handlers=[])

    def trigger(self, who: str = "ada", view: str | None = None) -> str:
        """A fresh trigger_id, as if the person had just typed a command in #gpu, or pressed something in a view."""
        channel = None if view else self.channel_id("gpu")
        return self.workspace.triggers.issue(self.person(who).id, channel, view)


@asynccontextmanager
async def running_slack(rate_limits: float | None = None) -> AsyncIterator[RunningSlack]:
    slack = RunningSlack(rate_limits)
    slack.api = await slack.start()
    try:
        yield slack
    finally:
        await slack.stop()


async def put(url: str, body: Json, method: str = "PUT") -> tuple[int, Any]:
    """One JSON request: its status and JSON answer."""
    async with aiohttp.ClientSession() as session, session.request(method, url, json=body) as response:
        return response.status, await response.json(content_type=None)


async def refusal(call: Any) -> str:
    """The error code a call of the Web API is refused with."""
    try:
        await call
    except SlackApiError as error:
        return str(error.response["error"])
    raise AssertionError("the call was accepted")


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def option(value: str) -> Json:
    return {"text": plain(value.upper()), "value": value}


def text_field(block_id: str = "name", action_id: str = "name", **element: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "label": plain("Name"),
        "element": {"type": "plain_text_input", "action_id": action_id, **element},
    }


def menu_field(block_id: str = "size", options: tuple[str, ...] = ("small", "large"), **element: Any) -> Json:
    return {
        "type": "input",
        "block_id": block_id,
        "dispatch_action": True,
        "label": plain("Size"),
        "element": {
            "type": "static_select",
            "action_id": "size",
            "options": [option(each) for each in options],
            **element,
        },
    }


def modal_view(*blocks: Json, callback_id: str = "form", **extra: Any) -> Json:
    return {
        "type": "modal",
        "callback_id": callback_id,
        "title": plain("A form"),
        "submit": plain("Create"),
        "blocks": list(blocks) or [text_field()],
        **extra,
    }


def buttons(*action_ids: str, **element: Any) -> list[Json]:
    return [
        {"type": "section", "text": {"type": "mrkdwn", "text": "*a card*"}},
        {
            "type": "actions",
            "block_id": "buttons",
            "elements": [
                {"type": "button", "action_id": each, "text": plain(each), "value": "i1", **element}
                for each in action_ids
            ],
        },
    ]
