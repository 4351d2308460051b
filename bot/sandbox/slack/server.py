"""The make-believe Slack: puts workspace, Web API, sockets, response_urls and people together and serves them
on loopback.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from aiohttp import web

from bot.sandbox.patience import PATIENCE_SECONDS
from bot.sandbox.slack.changes import Change
from bot.sandbox.slack.constants import ANSWER_LIMIT, APP_TOKEN, BOT_TOKEN, SIGNING_SECRET
from bot.sandbox.slack.delivery import Ack, Delivery, Kind
from bot.sandbox.slack.faults import Faults
from bot.sandbox.slack.person import Person
from bot.sandbox.slack.rate_limits import RateLimits
from bot.sandbox.slack.responses import Responses
from bot.sandbox.slack.sockets import Sockets
from bot.sandbox.slack.steering import Steering
from bot.sandbox.slack.web_api import WebApi
from bot.sandbox.slack.workspace import Message, SlackCall, Workspace

T = TypeVar("T")
HOST = "127.0.0.1"
LARGEST_BODY = 4 * 1024 * 1024
GOODBYE_SECONDS = 0.2
"""How long calls under way may take to finish when the server stops."""


class SandboxSlack:
    """A Slack workspace on loopback with the bot installed and four people in it.

    `rate_limits` scales Slack's limits, None lifts them; `clock` gives Unix seconds; `answer_limit` is how many seconds
    it waits for an acknowledgement, and a trigger lives. Nothing is served before `start`.
    """

    def __init__(
        self,
        bot_url: str | None = None,
        *,
        signing_secret: str = SIGNING_SECRET,
        bot_token: str = BOT_TOKEN,
        app_token: str = APP_TOKEN,
        rate_limits: float | None = 1.0,
        clock: Callable[[], float] = time.time,
        answer_limit: float = ANSWER_LIMIT,
    ) -> None:
        self.signing_secret, self.bot_token, self.app_token = signing_secret, bot_token, app_token
        self.workspace = Workspace(clock, trigger_life=answer_limit)
        self.faults = Faults()
        self.rate_limits = RateLimits(clock, rate_limits)
        self.sockets = Sockets(self.workspace.changes)
        self._delivery = Delivery(self.sockets, signing_secret, bot_url, clock, answer_limit)
        self._runner: web.AppRunner | None = None

    @property
    def scopes(self) -> set[str]:
        """What the bot was granted; taking one away is felt at once."""
        return self.workspace.scopes

    @scopes.setter
    def scopes(self, granted: set[str]) -> None:
        self.workspace.scopes = granted

    async def start(self, port: int = 0) -> str:
        """Serves on loopback and returns the Web API's base address, such as http://127.0.0.1:40001/api/."""
        # handler_cancellation: a call that hangs ends with its caller, not with the test run.
        self._runner = web.AppRunner(self._app(), handler_cancellation=True, shutdown_timeout=GOODBYE_SECONDS)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, port).start()
        self._delivery.start()
        address = f"{HOST}:{self._runner.addresses[0][1]}"
        self.workspace.response_urls.base = f"http://{address}"
        self.sockets.base = f"ws://{address}"
        return f"http://{address}/api/"

    async def stop(self) -> None:
        await self.sockets.disconnect("link_disabled")
        await self._delivery.stop()
        if self._runner is not None:
            await self._runner.cleanup()

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=LARGEST_BODY)
        api = WebApi(
            self.workspace,
            self.faults,
            self.rate_limits,
            bot_token=self.bot_token,
            app_token=self.app_token,
            scopes=self.scopes,
            open_socket=self.sockets.open_address,
        )
        app.router.add_route("*", "/api/{method}", api.answer)
        app.router.add_post("/response/{token}", Responses(self.workspace).answer)
        app.router.add_get("/socket", self.sockets.connect)
        app.add_routes(Steering(self.workspace, self.faults, self.rate_limits, self._delivery).routes())
        return app

    @property
    def bot_url(self) -> str | None:
        """The bot's address without a path; it may be set once the bot is up."""
        return self._delivery.bot_url

    @bot_url.setter
    def bot_url(self, url: str | None) -> None:
        self._delivery.bot_url = url

    @property
    def calls(self) -> list[SlackCall]:
        """Every call of the Web API and of response_urls, in the order they were answered."""
        return self.workspace.calls

    @property
    def problems(self) -> list[str]:
        """What a person would have seen go wrong, or Slack would have refused, in the bot's answers."""
        return self.workspace.problems

    def person(self, name: str) -> Person:
        """ada (owner), bo (colleague), cy (admin) or guest (of another workspace). Raises LookupError."""
        return Person(self.workspace, self._delivery, self.workspace.member(name))

    def channel_id(self, name: str) -> str:
        return self.workspace.channel(name).id

    def calls_of(self, method: str) -> list[SlackCall]:
        return [call for call in self.workspace.calls if call.method == method]

    def thread(self, message: Message) -> list[Message]:
        """The replies under a message that everybody sees."""
        replies = self.workspace.in_channel(message.channel)
        return [each for each in replies if each.thread_ts == message.ts != each.ts and not each.visible_to]

    def subscribe(self, callback: Callable[[Change], None]) -> Callable[[], None]:
        """Calls `callback` on every change; the returned function ends that."""
        return self.workspace.changes.subscribe(callback)

    async def wait_until(self, predicate: Callable[[], T], timeout: float = PATIENCE_SECONDS) -> T:
        """The predicate's first truthy value, looked at after every change.

        Raises TimeoutError after `timeout` seconds.
        """
        return await self.workspace.changes.wait_until(predicate, timeout)

    def signed(self, body: str | bytes, timestamp: int | None = None) -> dict[str, str]:
        """The headers that sign a body, for requests a test builds itself."""
        return self._delivery.signed(body, timestamp)

    async def post(
        self,
        payload: dict[str, Any],
        kind: Kind,
        *,
        headers: Mapping[str, str] | None = None,
        timestamp: int | None = None,
        envelope_id: str | None = None,
    ) -> Ack:
        """Delivers any payload as it is: a repeat, a stale one, a broken one.

        Nothing is added to `problems`.
        """
        return await self._delivery.post(payload, kind, headers=headers, timestamp=timestamp, envelope_id=envelope_id)
