"""Builds the Bolt app and registers the listeners."""

from __future__ import annotations

import logging

from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_bolt.response import BoltResponse

from bot.listeners import actions, commands, create, entrance, home, mentions, strays
from bot.listeners.services import Services
from bot.process.incidents import record_defect
from bot.slack.tracing import TracedApp
from bot.wording import unexpected

# Bolt finds SLACK_BOT_TOKEN in the environment and warns that `client` and `authorize` take its place, which is meant.
_MEANT = ("`authorize` has been used", "`token` will be unused")
logging.getLogger("slack_bolt.AsyncApp").addFilter(
    lambda record: not any(words in record.getMessage() for words in _MEANT)
)


def build_app(services: Services) -> AsyncApp:
    """The app, for HTTP and for Socket Mode alike.

    process_before_response: without it Bolt polls for the ack every 10 ms and loses the acks of listeners that raise
    within 10 ms of it. Signatures are checked in bot/slack/events.py, before Bolt parses anything.
    """

    async def authorize() -> AuthorizeResult:
        """In place of Bolt's own auth.test within the first request's three seconds (PLATFORM.md, Bolt)."""
        known = services.identity
        return AuthorizeResult(
            enterprise_id=known.enterprise,
            team_id=known.team or None,
            bot_token=services.client.token,
            bot_id=known.bot_id or None,
            bot_user_id=known.bot_user or None,
        )

    app = TracedApp(
        name="gpu-bot",  # or Bolt looks through every module there is to find one
        client=services.client,
        authorize=authorize,
        process_before_response=True,
        request_verification_enabled=False,
        ssl_check_enabled=False,
    )
    for listeners in (entrance, commands, create, actions, home, mentions, strays):
        listeners.register(app, services)
    app.error(_apologise)
    return app


async def _apologise(error: Exception, response: BoltResponse | None) -> BoltResponse | None:
    """A listener raised before it had answered: the person gets a sentence, the log gets the rest."""
    reference = record_defect("listener_broke", error)
    return None if response is None else BoltResponse(status=200, body=unexpected(reference))
