"""Socket Mode: Slack's payloads over a websocket that the bot opens, for hosts that Slack cannot reach."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator

from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.errors import SlackApiError

from bot import faults
from core.errors import SettingsError

_REFUSED = {
    "invalid_auth",
    "not_authed",
    "account_inactive",
    "token_revoked",
    "not_allowed_token_type",
    "missing_scope",
}


@contextlib.asynccontextmanager
async def socket_mode(app: AsyncApp, app_token: str) -> AsyncIterator[None]:
    """Connected for as long as the context lasts. Raises SettingsError when Slack refuses the token.

    Slack is asked first, because with a refused token `connect_async` would try for ever (slack.md B5).
    """
    try:
        await app.client.apps_connections_open(app_token=app_token)
    except SlackApiError as error:
        if faults.word_of(error) in _REFUSED:
            raise SettingsError(f"SLACK_APP_TOKEN: Slack refuses it ({faults.word_of(error)})") from error
        raise SettingsError(f"SLACK_APP_TOKEN: no connection to be had ({faults.word_of(error)})") from error
    handler = AsyncSocketModeHandler(app, app_token)
    await handler.connect_async()  # type: ignore[no-untyped-call]
    try:
        yield
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]
