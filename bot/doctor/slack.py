"""Checks of Slack: the tokens, what they allow, and the places to write in."""

from __future__ import annotations

import asyncio
import re
from urllib.parse import urlsplit

from pydantic import SecretStr
from slack_sdk.errors import SlackApiError

from bot.doctor.address import advice_on
from bot.doctor.installation import Installation
from bot.doctor.result import Result, failed, ok, warning
from bot.slack import errors as slack_errors
from bot.slack.errors import CALL_FAILED
from bot.slack.manifest import OPTIONAL_SCOPES, SCOPES
from core.adapters.outbound import trouble_of

_REINSTALL = "Paste the output of gpu-bot manifest into the app's manifest, then reinstall it to the workspace."
_NOBODY = "1.000000"
"""The time of a message that never was."""

_MOST_CHANNELS = 20
_GREETING_SECONDS = 5.0
_LET_THROUGH = "Let the bot's host, its proxy and its firewall pass websockets (wss) on to *.slack.com."

MAY_STAND = "The line may stand there all the same; delete it by hand."

_POST_ADVICE = {
    "not_in_channel": "Type /invite @gpu-bot there, or grant chat:write.public and reinstall the app.",
    "channel_not_found": "Check the id (in Slack: the channel's name → its end); into a private one, /invite @gpu-bot.",
    "is_archived": "Choose another channel, or unarchive it.",
    "missing_scope": _REINSTALL,
}


class Slack:
    """The checks of one examination. `scopes` come with the answer to the first."""

    def __init__(self, installation: Installation) -> None:
        self._patient = installation
        self._client = installation.client
        self._scopes: frozenset[str] | None = None

    async def token(self) -> Result:
        try:
            answer = await self._client.auth_test()
        except CALL_FAILED as error:
            return _no_slack(error, "SLACK_BOT_TOKEN")
        if (header := answer.headers.get("x-oauth-scopes")) is not None:
            self._scopes = frozenset(scope.strip() for scope in str(header).split(","))
        return ok(f"{answer.get('user')} in {answer.get('team')}")

    async def scopes(self) -> Result:
        """Against what the manifest asks for."""
        if self._scopes is None:
            return warning("Slack does not say what the token allows", f"It needs {', '.join(SCOPES)}.")
        missing = [scope for scope in SCOPES if scope not in self._scopes]
        if missing:
            state = warning if OPTIONAL_SCOPES.keys() >= set(missing) else failed
            without = "; ".join(OPTIONAL_SCOPES[scope] for scope in missing if scope in OPTIONAL_SCOPES)
            return state(f"the app lacks {', '.join(missing)}{f': {without}' if without else ''}", _REINSTALL)
        return ok(f"all {len(SCOPES)} that the manifest asks for")

    async def way_in(self) -> Result:
        """How Slack reaches the bot."""
        token = self._patient.settings.slack_app_token
        if token is None:
            return _signing(self._patient.settings.slack_signing_secret)
        try:
            answer = await self._client.apps_connections_open(app_token=token.get_secret_value())
        except CALL_FAILED as error:
            return _no_slack(error, "SLACK_APP_TOKEN")
        if self._patient.is_running:
            return ok("Socket Mode: Slack gives an address to connect to")
        return await self._greeted(str(answer["url"]))

    async def _greeted(self, address: str) -> Result:
        """Connects as the bot does, and leaves with Slack's first word."""
        from bot.slack.socket_mode import greeting

        host = urlsplit(address).hostname
        try:
            async with asyncio.timeout(_GREETING_SECONDS):
                said = await greeting(self._client, address)
        except TimeoutError:
            return failed(f"Socket Mode: {host} says nothing", _LET_THROUGH)
        except CALL_FAILED as error:
            why = trouble_of(error)
            advice = advice_on(why, "SLACK_API_URL") if why else _LET_THROUGH
            return failed(f"Socket Mode: no websocket to {host} ({why or slack_errors.error_code(error)})", advice)
        match said.get("type"), said.get("reason"):
            case "hello", _:
                return ok(f"Socket Mode: {host} says hello")
            case "disconnect", "link_disabled":
                return failed(
                    "Socket Mode is turned off for the app", "Turn it on (Socket Mode in the app's settings)."
                )
        return warning(f"Socket Mode: {host} sends away at once ({said.get('reason')})", "Try again in a minute.")

    async def allowed_channels(self) -> Result:
        """Whether each is known to Slack. Asked after a message that never was, which needs no scope."""
        channels = self._patient.settings.allowed_channels
        try:
            unknown = [channel for channel in channels[:_MOST_CHANNELS] if not await self._is_known(channel)]
        except CALL_FAILED as error:
            return _no_slack(error, "SLACK_BOT_TOKEN")
        if unknown:
            return warning(f"Slack does not know {', '.join(unknown)}", _POST_ADVICE["channel_not_found"])
        return ok(f"{len(channels)} channel{'s' if len(channels) > 1 else ''}")

    async def post(self) -> Result:
        """Writes one line in the channel and removes it."""
        channel = self._patient.channel
        try:
            posted = await self._client.chat_postMessage(
                channel=channel, text="gpu-bot doctor: this line tests that the bot can write here, and goes at once."
            )
        except CALL_FAILED as error:
            return _not_posted(error)
        try:
            await self._client.chat_delete(channel=str(posted["channel"]), ts=str(posted["ts"]))
        except CALL_FAILED as error:
            return warning(
                f"could write, but not remove its line ({slack_errors.error_code(error)})", "Delete it by hand."
            )
        return ok(f"could write in {channel}, and has removed its line")

    async def _is_known(self, channel: str) -> bool:
        try:
            await self._client.chat_getPermalink(channel=channel, message_ts=_NOBODY)
        except SlackApiError as error:
            return slack_errors.error_code(error) != "channel_not_found"
        return True


def _signing(secret: SecretStr | None) -> Result:
    """Nobody but Slack can say that it is right; what has another form is wrong."""
    if secret is not None and not re.fullmatch("[0-9a-f]{32}", secret.get_secret_value()):
        return failed(
            "SLACK_SIGNING_SECRET is not 32 hexadecimal digits: every request of Slack's would be refused",
            "Copy the Signing Secret again (Basic Information of the Slack app).",
        )
    return ok("over HTTP, signed; SLACK_SIGNING_SECRET is set")


def _no_slack(error: Exception, setting: str) -> Result:
    word = slack_errors.error_code(error)
    if slack_errors.kind_of(error) is slack_errors.SlackErrorKind.REFUSED or word in slack_errors.TOKEN_REFUSED:
        return failed(f"Slack refuses it ({word})", f"Copy {setting} again from the app's settings.")
    if word in ("ratelimited", "rate_limited"):
        return warning("Slack asks to slow down", "Try again in a minute.")
    why = trouble_of(error)
    return failed(f"Slack does not answer ({why or word})", advice_on(why, "SLACK_API_URL"))


def _not_posted(error: Exception) -> Result:
    word = slack_errors.error_code(error)
    if slack_errors.kind_of(error) is slack_errors.SlackErrorKind.AWAY:
        return failed(f"Slack does not answer ({word})", MAY_STAND)
    return failed(f"Slack refuses ({word})", _POST_ADVICE.get(word, "See Slack's words for chat.postMessage."))
