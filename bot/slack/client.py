"""Calls to Slack: each of them timed and counted, with one line in the log that holds none of what was said."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient
from slack_sdk.web.async_slack_response import AsyncSlackResponse
from slack_sdk.webhook import WebhookResponse
from slack_sdk.webhook.async_client import AsyncWebhookClient

from bot.slack import errors as slack_errors
from core.adapters.outbound import Outbound
from core.adapters.user_agent import USER_AGENT
from core.telemetry import metrics, request_id
from core.telemetry.calls import timed_call

log = structlog.get_logger(__name__)

_RATE_LIMITED = {"ratelimited", "rate_limited"}


class SlackClient(AsyncWebClient):
    """Slack's Web API. `outbound` says how to get there, and nothing else does: slack_sdk would ask the environment."""

    def __init__(self, *, outbound: Outbound, base_url: str, **more: Any) -> None:
        super().__init__(base_url=base_url, ssl=outbound.tls, **more)
        self.outbound = outbound
        self.proxy = way_to(self, base_url)

    # The arguments are slack_sdk's, and are handed on as they come.
    async def api_call(self, api_method: str, **arguments: Any) -> AsyncSlackResponse:
        with _called(api_method):
            return await super().api_call(api_method, **arguments)


class ResponseUrl(AsyncWebhookClient):
    """The address that came with a command or a click, to answer in private."""

    async def send_dict(self, body: dict[str, Any], headers: dict[str, str] | None = None) -> WebhookResponse:
        with _called("response_url") as call:
            answer = await super().send_dict(body, headers)
            if answer.status_code != 200:
                call.end(f"http_{answer.status_code}", _outcome_of_status(answer.status_code))
            return answer


def way_to(client: AsyncWebClient, url: str) -> str | None:
    """The proxy through which an address of Slack's is reached; a secret."""
    if not isinstance(client, SlackClient):
        return client.proxy
    proxy = client.outbound.proxy_for(url)
    return proxy.url if proxy else None


def response_url(client: AsyncWebClient, url: str) -> ResponseUrl:
    """The address that came with a command or a click, reached in the client's way."""
    made = ResponseUrl(url, session=client.session, ssl=client.ssl, retry_handlers=[], user_agent_prefix=USER_AGENT)
    made.proxy = way_to(client, url)
    return made


class _Call:
    """How one call ended: in Slack's own word, for the log, and in one of a few, to be counted."""

    def __init__(self) -> None:
        self.word = self.outcome = "cancelled"

    def end(self, word: str, outcome: str) -> None:
        if self.word == "cancelled":
            self.word, self.outcome = word, outcome


@contextmanager
def _called(method: str) -> Generator[_Call]:
    call = _Call()
    with timed_call(
        log,
        "slack_call",
        lambda: {"method": method, "outcome": call.word},
        lambda seconds: metrics.slack_called(method, call.outcome, seconds),
        is_asked_for=bool(request_id.current()),
    ):
        try:
            yield call
            call.end("ok", "ok")
        except Exception as error:
            call.end(slack_errors.error_code(error), _outcome_of(error))
            raise


def _outcome_of(error: Exception) -> str:
    return "ratelimited" if slack_errors.error_code(error) in _RATE_LIMITED else slack_errors.kind_of(error).value


def _outcome_of_status(status: int) -> str:
    if status == 429:
        return "ratelimited"
    return slack_errors.SlackErrorKind.AWAY.value if status >= 500 else slack_errors.SlackErrorKind.REFUSED.value
