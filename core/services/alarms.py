"""What the admins must hear of: sounded once for as long as it lasts, told to them privately, quiet when it is over.

An alarm is for what costs money or keeps the bot from its promises, and what no owner can hear of or mend. It is on
record in Redis, so that every process sounds it once together; logs, metrics, the doctor and the admins' direct
messages all show the same list.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from enum import StrEnum
from typing import Protocol

import structlog
from pydantic import Field

from core.domain.base import Instant, Value
from core.domain.clock import Clock

log = structlog.get_logger(__name__)

REMEMBERED_FOR = timedelta(hours=1)
"""An alarm that comes back within this time after it was over is the same one: nobody is told of it again."""


class AlarmKind(StrEnum):
    """What it is about. `subject` is the id named with it, '' where there is but one such thing."""

    STRAY = "stray"
    """An instance at Novita that nobody here is known to have asked for. Subject: the record it was taken onto."""
    NOT_TENDED = "not_tended"
    """A worker's work on one instance breaks again and again. Subject: the instance and the work."""
    ORDER_STUCK = "order_stuck"
    """Novita has failed an order to stop or delete for long: the instance goes on billing. Subject: the instance."""
    UNREADABLE = "unreadable"
    """A record or news that this program cannot read: a lease is enforced as far as it can be made out, by a stop.
    Subject: the instance."""
    KEY_TAKEN = "key_taken"
    """Under a key of an instance's story stands what is not this program's: its news is lost. Subject: the instance."""
    NOT_TOLD = "not_told"
    """The story of an instance can be told to nobody. Subject: the instance."""
    PASSED_OVER = "passed_over"
    """News of an instance was told to nobody, because of a defect of this program's. Subject: the instance."""
    WEBHOOK_REFUSED = "webhook_refused"
    """The installation's own webhook takes nothing of an instance any more. Subject: the notifier."""
    LEASE_IN_DOUBT = "lease_in_doubt"
    """A lease is over by a record whose past is in doubt, and no owner is known who could be asked."""
    CLOCKS_APART = "clocks_apart"
    """Two clocks are apart by more than a minute: no lease ends by itself. Subject: whose clock."""
    REDIS_FULL = "redis_full"
    """The memory of Redis is full: nothing can be created. What is on record is still tended, and told."""
    REDIS_REFUSES = "redis_refuses"
    """Redis takes no writes, or does not answer: told by each process itself, for it cannot be kept there."""
    TASK_OVERDUE = "task_overdue"
    """A background task has not succeeded in any worker for long. Subject: the task."""
    ALL_ABSENT = "all_absent"
    """Novita shows none of the instances that it should: nothing is believed of that."""


class Alarm(Value):
    """One thing that the admins must hear of."""

    kind: AlarmKind
    subject: str = ""
    facts: dict[str, str] = Field(default_factory=dict)
    """What the words for it need; no secrets."""
    since: Instant
    over_since: Instant | None = None
    """Set when it is over, for as long as it is remembered."""
    told: tuple[str, ...] = ()
    """The admins who were told; kept beside the alarm, so that who renews its facts does not undo it."""

    @property
    def key(self) -> str:
        """Its name among all alarms."""
        return f"{self.kind.value}:{self.subject}"


class AlarmBook(Protocol):
    """Where alarms are kept (core.adapters.redis.Store)."""

    async def alarms(self) -> list[Alarm]: ...
    async def save_alarm(self, alarm: Alarm, *, only_new: bool = False) -> bool: ...
    async def drop_alarm(self, alarm: Alarm) -> None: ...
    async def note_alarm_told(self, alarm: Alarm, admin: str) -> None: ...
    async def claim_alarm(self, alarm: Alarm, admin: str) -> bool: ...
    async def release_alarm(self, alarm: Alarm, admin: str) -> None: ...


class Alarms:
    """Sounds alarms and ends them. Every method raises StoreUnavailable."""

    def __init__(self, book: AlarmBook, clock: Clock) -> None:
        self._book = book
        self._clock = clock

    async def sound(self, kind: AlarmKind, subject: str = "", facts: Mapping[str, str] | None = None) -> bool:
        """Something the admins must hear of lasts. Said again while it lasts, only its facts are renewed.

        Whether it is a new alarm, and this process the one that began it.
        """
        return await self._sound(
            kind, subject, dict(facts or {}), {each.key: each for each in await self._book.alarms()}
        )

    async def quiet(self, kind: AlarmKind, subject: str = "") -> None:
        """It is over."""
        for alarm in await self._book.alarms():
            if alarm.kind is kind and alarm.subject == subject:
                await self._end(alarm)

    async def settle(self, kind: AlarmKind, standing: Mapping[str, Mapping[str, str]]) -> None:
        """All alarms of a kind at once: what is in `standing` (subject: facts) lasts, every other is over."""
        known = {each.key: each for each in await self._book.alarms()}
        for subject, facts in standing.items():
            await self._sound(kind, subject, dict(facts), known)
        for alarm in known.values():
            if alarm.kind is kind and alarm.subject not in standing:
                await self._end(alarm)

    async def standing(self) -> list[Alarm]:
        """What lasts, the oldest first."""
        return sorted((a for a in await self._book.alarms() if a.over_since is None), key=lambda a: a.since)

    async def untold(self, admins: Iterable[str]) -> list[tuple[Alarm, str]]:
        """Each alarm that lasts with each admin who was not told of it."""
        return [(a, admin) for a in await self.standing() for admin in admins if admin not in a.told]

    async def claim(self, alarm: Alarm, admin: str) -> bool:
        """Whether this process is the one to tell an admin of it now: two at once would tell it twice."""
        return await self._book.claim_alarm(alarm, admin)

    async def told(self, alarm: Alarm, admin: str) -> None:
        """An admin was told of it."""
        await self._book.note_alarm_told(alarm, admin)

    async def not_told(self, alarm: Alarm, admin: str) -> None:
        """It could not be told: whoever tries next may do so at once."""
        await self._book.release_alarm(alarm, admin)

    async def forget(self) -> None:
        """Drops what has been over for so long that it is not remembered any more."""
        for alarm in await self._book.alarms():
            if self._is_forgotten(alarm):
                await self._book.drop_alarm(alarm)

    async def _sound(self, kind: AlarmKind, subject: str, facts: dict[str, str], known: Mapping[str, Alarm]) -> bool:
        fresh = Alarm(kind=kind, subject=subject, facts=facts, since=self._clock.now())
        alarm = known.get(fresh.key)
        if alarm is not None and self._is_forgotten(alarm):
            await self._book.drop_alarm(alarm)
            alarm = None
        if alarm is None:
            is_first = await self._book.save_alarm(fresh, only_new=True)
            if is_first:
                log.error("alarm", kind=kind.value, subject=subject, facts=facts)
            return is_first
        if alarm.facts != facts or alarm.over_since is not None:
            await self._book.save_alarm(alarm.replace(facts=facts, over_since=None))
        return False

    async def _end(self, alarm: Alarm) -> None:
        if alarm.over_since is None:
            log.info("alarm_over", kind=alarm.kind.value, subject=alarm.subject)
            await self._book.save_alarm(alarm.replace(over_since=self._clock.now()))

    def _is_forgotten(self, alarm: Alarm) -> bool:
        """An end that lies in the future is a mistaken clock's, and says nothing of how long ago it was."""
        return alarm.over_since is not None and self._clock.now() - alarm.over_since >= REMEMBERED_FOR
