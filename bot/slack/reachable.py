"""Whether the bot can write in a channel, asked of Slack before a create: afterwards its story has nowhere to go."""

from __future__ import annotations

import asyncio
from datetime import datetime, timedelta

from slack_sdk.errors import SlackApiError
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import errors as slack_errors
from bot.slack.errors import CALL_FAILED
from bot.wording.channels import silent_channel
from core.domain.clock import MOMENT, Clock, is_within

_KEPT = timedelta(minutes=10)
"""How long a yes is believed. A no is asked again: whoever reads it invites the bot and tries once more."""
_MOST_KEPT = 1000
_NEVER_SENT = "1.000000"
"""The time of a message that never was: asking for its address needs no scope, and tells whether it is seen."""
_KNOWN_OBSTACLES = frozenset({"channel_not_found", "is_archived"})

PRIVATE = "is_private"
UNKNOWN = "unknown"


class Reachable:
    """The channels that this process knows it can write in."""

    def __init__(self, client: AsyncWebClient, clock: Clock) -> None:
        self._client = client
        self._clock = clock
        self._known: dict[str, datetime] = {}

    async def obstacle(self, channel: str | None) -> str:
        """Slack's word for what is in the way; empty when nothing is, there is no channel, or Slack does not say in
        time."""
        if not channel:
            return ""
        since = self._known.get(channel)
        if since is not None and is_within(since, _KEPT, self._clock.now()):
            return ""
        try:
            async with asyncio.timeout(MOMENT.total_seconds()):
                word = await self._asked(channel)
        except (TimeoutError, *CALL_FAILED):
            return ""
        if word:
            return word if word in _KNOWN_OBSTACLES else ""
        if len(self._known) >= _MOST_KEPT:
            self._known.clear()
        self._known[channel] = self._clock.now()
        return ""

    def words(self, obstacle: str) -> str:
        """The same as a sentence for whoever chose the channel."""
        return silent_channel(obstacle)

    async def closed(self, channel: str) -> str:
        """Why a channel is not to be proposed to somebody who is not seen to be in it; empty for a public one that
        the bot can write in, asked anew each time.

        Slack's word, or PRIVATE: who is in such a channel the bot may not ask; or UNKNOWN when Slack does not say.
        """
        try:
            async with asyncio.timeout(MOMENT.total_seconds()):
                answer = await self._client.conversations_info(channel=channel)
        except SlackApiError as error:
            word = slack_errors.error_code(error)
            return self._forgotten(channel, word) if word in _KNOWN_OBSTACLES else UNKNOWN
        except (TimeoutError, *CALL_FAILED):
            return UNKNOWN
        found = answer["channel"]
        if found.get("is_archived"):
            return self._forgotten(channel, "is_archived")
        is_open = found.get("is_channel") and not found.get("is_private")
        return "" if is_open else PRIVATE

    def _forgotten(self, channel: str, word: str) -> str:
        """What has changed since it was known to be open."""
        self._known.pop(channel, None)
        return word

    async def _asked(self, channel: str) -> str:
        """Whether it is archived is told only to an app that may read channels, and not of all of them."""
        try:
            answer = await self._client.conversations_info(channel=channel)
        except SlackApiError as error:
            word = slack_errors.error_code(error)
            return await self._seen(channel) if word == "missing_scope" else word
        return "is_archived" if answer["channel"].get("is_archived") else ""

    async def _seen(self, channel: str) -> str:
        try:
            await self._client.chat_getPermalink(channel=channel, message_ts=_NEVER_SENT)
        except SlackApiError as error:
            word = slack_errors.error_code(error)
            return "" if word == "message_not_found" else word
        return ""
