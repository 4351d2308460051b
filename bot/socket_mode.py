"""Socket Mode: Slack's payloads over a websocket that the bot opens, for hosts that Slack cannot reach."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator

import structlog
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot import faults
from bot.faults import CALL_FAILED
from core.errors import SettingsError

log = structlog.get_logger(__name__)

_REFUSED = faults.TOKEN_REFUSED | {"not_allowed_token_type", "missing_scope"}


@contextlib.asynccontextmanager
async def socket_mode(app: AsyncApp, app_token: str) -> AsyncIterator[None]:
    """Connected for as long as the context lasts, again and again. Raises SettingsError when Slack refuses the token.

    Slack is asked first, because with a refused token `connect_async` would try for ever (slack.md B5). When Slack is
    merely away, that is what it should do.
    """
    await _ask(app, app_token)
    handler = AsyncSocketModeHandler(app, app_token)
    connecting = asyncio.ensure_future(handler.connect_async())  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        connecting.cancel()
        await asyncio.gather(connecting, return_exceptions=True)
        await handler.close_async()  # type: ignore[no-untyped-call]


async def _ask(app: AsyncApp, app_token: str) -> None:
    try:
        await app.client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        if faults.word_of(error) in _REFUSED:
            raise SettingsError(f"SLACK_APP_TOKEN: Slack refuses it ({faults.word_of(error)})") from error
        log.warning("socket_not_opened", error=faults.word_of(error))
    except CALL_FAILED as error:
        log.warning("socket_not_opened", error=faults.word_of(error))
