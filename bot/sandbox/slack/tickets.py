"""The short-lived permissions Slack hands out with a payload: trigger_ids and response_urls
(PLATFORM.md, Triggers, Response addresses).
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.slack.constants import RESPONSE_URL_LIFE, RESPONSE_URL_USES
from bot.sandbox.slack.errors import SlackError


@dataclass
class Trigger:
    """Permission to open one view for a person. `view` is the view it was pressed in, if any."""

    user: str
    channel: str | None
    view: str | None
    issued_at: float
    exchanged: bool = False


class Triggers:
    """trigger_ids: each lives `life` seconds and works once."""

    def __init__(self, clock: Callable[[], float], life: float) -> None:
        self._clock = clock
        self._life = life
        self._issued: dict[str, Trigger] = {}

    def issue(self, user: str, channel: str | None = None, view: str | None = None) -> str:
        now = self._clock()
        trigger_id = f"{int(now * 1000)}.{secrets.randbelow(10**10)}.{secrets.token_hex(16)}"
        self._issued[trigger_id] = Trigger(user, channel, view, now)
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger:
        """Uses a trigger_id up.

        Raises SlackError: invalid_trigger_id, exchanged_trigger_id, expired_trigger_id.
        """
        trigger = self._issued.get(trigger_id)
        if trigger is None:
            raise SlackError("invalid_trigger_id")
        if trigger.exchanged:
            raise SlackError("exchanged_trigger_id")
        if self._clock() - trigger.issued_at > self._life:
            raise SlackError("expired_trigger_id")
        trigger.exchanged = True
        return trigger


@dataclass
class ResponseUrl:
    """Permission to answer in a channel. `message_ts` is the message whose button was pressed, if any."""

    user: str
    channel: str
    message_ts: str | None
    issued_at: float
    uses: int = 0


class ResponseUrls:
    """response_urls: each lives 30 minutes and works 5 times. `base` is where they are served."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._issued: dict[str, ResponseUrl] = {}
        self.base = ""

    def issue(self, user: str, channel: str, message_ts: str | None = None) -> str:
        token = secrets.token_urlsafe(18)
        self._issued[token] = ResponseUrl(user, channel, message_ts, self._clock())
        return f"{self.base}/response/{token}"

    def use(self, token: str) -> ResponseUrl:
        """Counts one use. Raises SlackError: invalid_url, expired_url, used_url."""
        permission = self._issued.get(token)
        if permission is None:
            raise SlackError("invalid_url")
        if self._clock() - permission.issued_at > RESPONSE_URL_LIFE:
            raise SlackError("expired_url")
        if permission.uses >= RESPONSE_URL_USES:
            raise SlackError("used_url")
        permission.uses += 1
        return permission
