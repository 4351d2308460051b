"""Commits changes and tells their events to the notifiers: at least once, in order per instance, at once or later.

Who commits a change also takes the right to tell it (a lease in the store), so that the news leaves at once. When
that process dies or a notifier is away, the instance stays in the outbox, and `sweep` of any worker goes on from the
last event that is noted as told.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

import structlog
from pydantic import BaseModel, Field, PrivateAttr

from core.clock import Clock
from core.errors import StoreUnavailable, VersionConflict
from core.events import Event
from core.models import Instance

log = structlog.get_logger(__name__)

Change = Callable[[Instance], "tuple[Instance, Sequence[Event]] | None"]
"""From a record to its next version and what happened; None when there is nothing to do."""

_PARALLEL = 24
"""Instances told at the same time by one process."""

_AFTER_THE_ANSWER_SECONDS = 0.003
"""Whoever committed a change is about to answer a person who waits: that goes first, then the news."""

_FIRST_WAIT, _LONGEST_WAIT = timedelta(seconds=1), timedelta(minutes=2)
_TRIES_AFTER_A_DEFECT = 8
"""How often an event is tried that fails for a reason of our own, before it is passed over with an error in the log."""


class NotDelivered(Exception):
    """The notifier could not tell it now; it is tried again, after `retry_after` when that is known.

    `memo`: what to remember all the same, of what was done before it failed.
    """

    def __init__(self, why: str, retry_after: timedelta | None = None, memo: Memo | None = None) -> None:
        super().__init__(why)
        self.retry_after = retry_after
        self.memo = memo


class GivenUp(Exception):
    """The notifier can never tell it, nor anything after it. `news`, if any, is for the other notifiers."""

    def __init__(self, why: str, news: Event | None = None) -> None:
        super().__init__(why)
        self.news = news


class Notifier(Protocol):
    """Tells people or programs what happened. `name` is its name in the store: it must not change."""

    name: str

    async def tell(self, instance: Instance, event: Event, memo: Memo, *, latest: bool) -> Memo:
        """Tells one event and returns what to remember for the next one.

        Raises NotDelivered to be called again, GivenUp to be told of nothing more.

        `latest` is false while more events of the same instance wait right behind this one. What cannot be taken back
        (a post) comes last in it, because all of it is repeated when it fails or when the process dies.
        """
        ...


Memo = dict[str, str]
"""What a notifier wants to remember about an instance, such as where its thread is."""


class _Told(BaseModel):
    """How far one notifier has come with one instance."""

    cursor: int = 0
    memo: Memo = Field(default_factory=dict)
    tries: int = 0
    due: datetime | None = None
    ended: bool = False
    """Whether it gave up on this instance."""


class _Note(BaseModel):
    """The outbox's note on an instance, by notifier."""

    by: dict[str, _Told] = Field(default_factory=dict)
    _turn: asyncio.Lock = PrivateAttr(default_factory=asyncio.Lock)

    async def write(self, records: Records, instance_id: str, seen: int) -> bool:
        """Writes it as it is now; one writing after the other, or an older one could arrive later and undo a newer."""
        async with self._turn:
            return await records.note(instance_id, self.model_dump_json(), seen)


class Telling(Protocol):
    """The right to tell an instance's events, as the store gives it."""

    @property
    def instance(self) -> Instance: ...
    @property
    def events(self) -> list[Event]: ...
    @property
    def delivery(self) -> str: ...


class Records(Protocol):
    """What the outbox needs of the store (core.store.Store says what each does)."""

    async def begin(
        self, instance: Instance, events: Sequence[Event], now: datetime
    ) -> tuple[Instance, Telling | None]: ...
    async def commit(
        self, instance: Instance, events: Sequence[Event], now: datetime
    ) -> tuple[Instance, Telling | None]: ...
    async def get(self, instance_id: str) -> Instance | None: ...
    async def due(self, now: datetime, limit: int = 100) -> list[str]: ...
    async def claim(self, instance_id: str, *, is_ours: bool = False) -> Telling | None: ...
    async def note(self, instance_id: str, delivery: str, seen: int) -> bool: ...
    async def finish(self, instance_id: str, delivery: str, seen: int) -> Telling | None: ...
    async def postpone(self, instance_id: str, delivery: str, seen: int, until: datetime) -> None: ...
    async def delivery(self, instance_id: str) -> str: ...


class Outbox:
    """Every change of a record goes through here, so that none can be forgotten to be told."""

    def __init__(self, records: Records, notifiers: Iterable[Notifier], clock: Clock) -> None:
        self._records = records
        self._notifiers = tuple(notifiers)
        self._clock = clock
        self._running: dict[str, asyncio.Task[None]] = {}
        self._notes: dict[str, _Note] = {}
        self._again: set[str] = set()
        self._slots = asyncio.Semaphore(_PARALLEL)

    async def begin(self, instance: Instance, events: Sequence[Event]) -> Instance:
        """Writes a new record and starts telling it. Raises RequestTaken or StoreUnavailable."""
        written, telling = await self._records.begin(instance, events, self._clock.now())
        self._start(written.id, telling)
        return written

    async def update(self, instance: Instance, change: Change) -> Instance:
        """Applies `change` to the newest version of the record, from `instance` on, and starts telling what happened.

        Returns the record as it stands after it. Raises StoreUnavailable.
        """
        while True:
            changed = change(instance)
            if changed is None:
                return instance
            try:
                written, telling = await self._records.commit(*changed, self._clock.now())
            except VersionConflict:
                current = await self._records.get(instance.id)
                if current is None:
                    raise StoreUnavailable(f"the record of {instance.id} is gone") from None
                instance = current
                continue
            if changed[1]:
                self._start(written.id, telling)
            return written

    async def sweep(self) -> int:
        """Tells what is due and nobody is telling; returns how many instances that were."""
        ids = [id_ for id_ in await self._records.due(self._clock.now()) if id_ not in self._running]
        claimed = 0
        for instance_id in ids:
            if len(self._running) >= _PARALLEL:
                break  # A claim runs out: it is made when there is time to use it.
            telling = await self._records.claim(instance_id)
            if telling is not None:
                claimed += 1
                self._start(instance_id, telling)
        return claimed

    def memo_at_hand(self, instance_id: str, notifier: str) -> Memo:
        """What a notifier remembers about an instance that is being told here, without waiting; else nothing."""
        note = self._notes.get(instance_id)
        return note.by[notifier].memo if note and notifier in note.by else {}

    async def memo(self, instance_id: str, notifier: str) -> Memo:
        """What a notifier remembers about an instance; waits for a telling that is under way in this process."""
        running = self._running.get(instance_id)
        if running is not None:
            await asyncio.wait({running})
        note = _read_note(await self._records.delivery(instance_id))
        return note.by[notifier].memo if notifier in note.by else {}

    async def drain(self, patience: timedelta) -> None:
        """Waits until nothing is being told in this process, at most `patience`; what is left stays in the outbox."""
        if self._running:
            await asyncio.wait(set(self._running.values()), timeout=patience.total_seconds())

    def _start(self, instance_id: str, telling: Telling | None) -> None:
        """Begins to tell an instance's events. Without the right to it, asks for that first: a telling of this process
        may be just ending, and must not be taken for one that goes on."""
        if instance_id in self._running:
            self._again.add(instance_id)
        else:
            if telling is not None:
                self._notes[instance_id] = _read_note(telling.delivery)
            task = asyncio.create_task(self._tell_all(instance_id, telling), name=f"tell {instance_id}")
            self._running[instance_id] = task

    async def _tell_all(self, instance_id: str, telling: Telling | None) -> None:
        """Tells one instance's events until there are no more, or one has to wait."""
        has_to_wait = self._slots.locked()
        try:
            await asyncio.sleep(_AFTER_THE_ANSWER_SECONDS)
            async with self._slots:
                if telling is None or has_to_wait or instance_id in self._again:
                    telling = await self._claim(instance_id)
                while telling is not None:
                    await self._tell(telling)
                    telling = await self._claim(instance_id) if instance_id in self._again else None
        except* StoreUnavailable as group:
            log.warning("telling_interrupted", instance_id=instance_id, error=str(group.exceptions[0]))
        except* Exception as group:
            log.error("telling_broke", instance_id=instance_id, exc_info=group)
        finally:
            self._again.discard(instance_id)
            del self._running[instance_id]
            self._notes.pop(instance_id, None)

    async def _claim(self, instance_id: str) -> Telling | None:
        """The right to tell, with everything that has happened by now."""
        self._again.discard(instance_id)
        return await self._records.claim(instance_id, is_ours=True)

    async def _tell(self, telling: Telling) -> None:
        note = self._notes[telling.instance.id] = _read_note(telling.delivery)
        instance, events = telling.instance, list(telling.events)
        while True:
            async with asyncio.TaskGroup() as group:
                lanes = [group.create_task(self._tell_to(each, instance, events, note)) for each in self._notifiers]
            if not all(lane.result() for lane in lanes):
                return
            waits = [told.due for told in note.by.values() if told.due and told.cursor < len(events)]
            if waits:
                await self._records.postpone(instance.id, note.model_dump_json(), len(events), min(waits))
                return
            more = await self._records.finish(instance.id, note.model_dump_json(), len(events))
            if more is None:
                return
            instance = more.instance
            events += more.events

    async def _tell_to(self, notifier: Notifier, instance: Instance, events: list[Event], note: _Note) -> bool:
        """Tells one notifier what it has not heard. False when the right to tell was lost to another process."""
        told = note.by.setdefault(notifier.name, _Told())
        while told.cursor < len(events) and not (told.due and told.due > self._clock.now()):
            if told.ended:
                told.cursor = len(events)
                break
            latest = told.cursor == len(events) - 1
            try:
                memo = await notifier.tell(instance, events[told.cursor], told.memo, latest=latest)
            except GivenUp as error:
                log.warning("notifier_gave_up", notifier=notifier.name, instance_id=instance.id, why=str(error))
                told.ended, told.due = True, None
                if error.news is not None:
                    await self._add_news(instance, error.news)
                continue
            except Exception as error:  # noqa: BLE001 - whatever a notifier does, the others and the record are untouched
                self._put_off(notifier, instance, told, error)
                continue
            told.cursor, told.memo, told.tries, told.due = told.cursor + 1, memo, 0, None
            if not latest and not await note.write(self._records, instance.id, len(events)):
                return False
        return True

    async def _add_news(self, instance: Instance, event: Event) -> None:
        await self.update(instance, lambda newest: (newest, [event]))

    def _put_off(self, notifier: Notifier, instance: Instance, told: _Told, error: Exception) -> None:
        told.tries += 1
        wait = min(_FIRST_WAIT * 2 ** min(told.tries - 1, 10), _LONGEST_WAIT)
        if isinstance(error, NotDelivered):
            wait = wait if error.retry_after is None else error.retry_after
            told.memo = told.memo if error.memo is None else error.memo
            log.warning("not_told", notifier=notifier.name, instance_id=instance.id, why=str(error), tries=told.tries)
        else:
            log.error("notifier_broke", notifier=notifier.name, instance_id=instance.id, exc_info=error)
            if told.tries >= _TRIES_AFTER_A_DEFECT:
                log.error("event_passed_over", notifier=notifier.name, instance_id=instance.id, place=told.cursor)
                told.cursor, told.tries, told.due = told.cursor + 1, 0, None
                return
        told.due = self._clock.now() + wait


def _read_note(text: str) -> _Note:
    return _Note.model_validate_json(text) if text else _Note()
