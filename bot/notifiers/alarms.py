"""Tells the admins, each by direct message, what they must hear of: every alarm once, however long Slack refuses."""

from __future__ import annotations

import socket
from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

from bot.slack import errors as slack_errors
from bot.slack.errors import CALL_FAILED, SlackErrorKind
from bot.views.alarms import alarm_message
from core.domain.backoff import pause
from core.domain.clock import Clock, steady
from core.domain.errors import StoreUnavailable
from core.services.alarms import Alarm, AlarmKind, Alarms

log = structlog.get_logger(__name__)

_FIRST_PAUSE, _LONGEST_PAUSE = timedelta(seconds=5), timedelta(minutes=10)
REDIS_TOLD_AFTER = timedelta(seconds=30)
"""How long Redis may take no writes before the admins hear of it: a failover is over by then."""

_AT_ONCE = 5
"""Messages to one admin in one round: Slack takes about one a second in a conversation."""


class AlarmTeller:
    """What it remembers of refusals is its process's own: another may find Slack in a better mood."""

    def __init__(self, alarms: Alarms, client: AsyncWebClient, clock: Clock, admins: Sequence[str]) -> None:
        self._alarms = alarms
        self._client = client
        self._clock = clock
        self._admins = tuple(dict.fromkeys(admins))
        self._refusals = Counter[str]()
        self._due: dict[str, datetime] = {}
        self._said: set[str] = set()

    async def tell(self) -> None:
        """For a worker, every few seconds. Raises StoreUnavailable."""
        await self._alarms.forget()
        untold = await self._alarms.untold(self._admins)
        for admin in self._admins:
            for alarm in [each for each, whom in untold if whom == admin][:_AT_ONCE]:
                if not self._is_due(admin):
                    break
                if self._is_due(_mark(alarm, admin)):
                    await self._tell(alarm, admin)

    async def _tell(self, alarm: Alarm, admin: str) -> None:
        """That it was posted is remembered here too, for when Redis goes away before it can be noted there."""
        mark = _mark(alarm, admin)
        if mark not in self._said:
            if not await self._alarms.claim(alarm, admin):
                return
            try:
                await post(self._client, alarm, admin)
            except CALL_FAILED as error:
                self._put_off(alarm, admin, error)
                await self._alarms.not_told(alarm, admin)
                return
            self._said.add(mark)
        await self._alarms.told(alarm, admin)
        self._said.discard(mark)
        for each in (admin, mark):
            self._refusals.pop(each, None)

    def _put_off(self, alarm: Alarm, admin: str, error: Exception) -> None:
        """What Slack will not take of one alarm says nothing of the next; all else is between it and the admin."""
        is_about_it = slack_errors.kind_of(error) in (SlackErrorKind.REFUSED, SlackErrorKind.MALFORMED)
        mark = _mark(alarm, admin) if is_about_it else admin
        self._refusals[mark] += 1
        self._due[mark] = self._clock.now() + _wait(self._refusals[mark], error)
        log.warning(
            "alarm_not_told",
            kind=alarm.kind.value,
            subject=alarm.subject,
            admin=admin,
            error=slack_errors.error_code(error),
        )

    def _is_due(self, mark: str) -> bool:
        """A time further away than any pause comes from a clock that was set back since."""
        left = self._due.get(mark, self._clock.now()) - self._clock.now()
        return not timedelta() < left <= _LONGEST_PAUSE


class RedisTrouble:
    """That Redis takes no writes each process tells the admins itself, once per trouble: alarms are kept in Redis.

    What is over soon, such as a failover, is not told.
    """

    def __init__(
        self, client: AsyncWebClient, clock: Clock, admins: Sequence[str], *, after: timedelta = REDIS_TOLD_AFTER
    ) -> None:
        self._client = client
        self._clock = clock
        self._admins = tuple(dict.fromkeys(admins))
        self._after = after
        self._since: float | None = None
        self._told = set[str]()
        self._failures = 0
        self._due = 0.0

    def over(self) -> None:
        """A write went through."""
        self._since, self._failures, self._due = None, 0, 0.0
        self._told.clear()

    async def lasts(self, error: StoreUnavailable) -> None:
        """A write did not go through, now. Never raises for what Slack does."""
        now = steady()
        self._since = now if self._since is None else self._since
        if now - self._since < self._after.total_seconds() or now < self._due:
            return
        since = self._clock.now() - timedelta(seconds=now - self._since)
        facts = {"what": str(error), "host": socket.gethostname()}
        alarm = Alarm(kind=AlarmKind.REDIS_REFUSES, facts=facts, since=since)
        for admin in self._admins:
            if admin not in self._told:
                await self._tell(alarm, admin)

    async def _tell(self, alarm: Alarm, admin: str) -> None:
        try:
            await post(self._client, alarm, admin)
        except CALL_FAILED as error:
            self._failures += 1
            self._due = steady() + _wait(self._failures, error).total_seconds()
            log.warning(
                "alarm_not_told", kind=alarm.kind.value, subject="", admin=admin, error=slack_errors.error_code(error)
            )
        else:
            self._told.add(admin)


async def post(client: AsyncWebClient, alarm: Alarm, admin: str) -> None:
    """Raises what CALL_FAILED names. When Slack dislikes the blocks the plain text goes: no defect in drawing may hide
    an alarm."""
    message = alarm_message(alarm)
    arguments: dict[str, Any] = {"channel": admin, "unfurl_links": False, "unfurl_media": False}
    try:
        await client.api_call("chat.postMessage", json={"text": message.text, "blocks": message.blocks, **arguments})
    except CALL_FAILED as error:
        if slack_errors.kind_of(error) is not SlackErrorKind.MALFORMED:
            raise
        log.error("blocks_refused", method="chat.postMessage", error=slack_errors.error_code(error), exc_info=error)
        await client.api_call("chat.postMessage", json={"text": message.text[:3900], **arguments})


def _wait(refusals: int, error: Exception) -> timedelta:
    """Until it is tried again: as long as Slack asks for, or longer after many refusals, within bounds."""
    wait = max(pause(refusals, _FIRST_PAUSE, _LONGEST_PAUSE), slack_errors.retry_after(error) or timedelta())
    return min(wait, _LONGEST_PAUSE)


def _mark(alarm: Alarm, admin: str) -> str:
    return f"{admin} {alarm.since.isoformat()} {alarm.key}"
