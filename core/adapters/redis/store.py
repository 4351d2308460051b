"""The one way to the state in Redis."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

import structlog

from core.adapters.redis.alarms import AlarmRecords
from core.adapters.redis.cards import CARDS_KEY, THREADS_KEY, Cards, card_arguments, read_card
from core.adapters.redis.commands import duration_ms, key_of, ms
from core.adapters.redis.documents import Kind, NotReadable, refuse_newer, stamped
from core.adapters.redis.inspection import Inspection
from core.adapters.redis.looks import LOOKED_KEY, Looks
from core.adapters.redis.market import SharedMarket
from core.adapters.redis.migrations import read_news, read_record
from core.adapters.redis.proposals import Proposals
from core.adapters.redis.reports import ReportCounts
from core.adapters.redis.scripts import ADD_NEWS, CLAIM, COMMIT, NEWEST, SETTLE
from core.adapters.redis.signs_of_life import SignsOfLife
from core.adapters.redis.unreadable import UnreadableRecords
from core.domain.errors import NameTaken, RecordNotReadable, RequestTaken, VersionConflict
from core.domain.events import Event
from core.domain.instance import Instance
from core.domain.leases import RECORD_KEPT
from core.services.outbox import LONGEST_WAIT, Begun, Claim, Progress

log = structlog.get_logger(__name__)

KEEP_ENDED = RECORD_KEPT
HOLD = timedelta(seconds=30)
"""How long one process may be silent while telling an instance's events before another takes over."""

LOOK_IS_FRESH_FOR = timedelta(seconds=60)
"""So long after a worker's look it is taken for known what is at Novita; by Redis's own clock."""

_STAMPS_KEPT = timedelta(hours=1)
_UNREADABLE_PAUSE = LONGEST_WAIT
_NEWEST_COMPARED = 20
"""Events: more cannot follow one between a write and the same one sent again."""
_KEPT_WHEN_TOLD = 1000
"""Events. A machine may report for days, and what everybody has heard need not be kept for ever."""


class Store(
    Cards, ReportCounts, Inspection, AlarmRecords, UnreadableRecords, Looks, Proposals, SharedMarket, SignsOfLife
):
    """State in Redis as this process (`holder`) sees it. Every method raises StoreUnavailable when Redis is away."""

    # Records

    async def begin(
        self, instance: Instance, events: Sequence[Event], now: datetime, *, has_own_name: bool = False
    ) -> Begun:
        """Writes a new record under its request key.

        Raises RequestTaken when the key has led to an instance, or one with this id is on record already; NameTaken
        when it is to have its own name, and another that has not ended goes by that, in small letters or capitals.
        """
        request_key = _request_key(instance.intent.request_key)
        return await self._commit(instance, events, now, [request_key], has_own_name=has_own_name)

    async def commit(self, instance: Instance, events: Sequence[Event], now: datetime) -> tuple[Instance, Claim | None]:
        """Writes the next version of a record. Raises VersionConflict when somebody else did so first.

        Returns the record as written and, when there are events that nobody is telling yet, the right to tell them.
        """
        begun = await self._commit(instance, events, now, [])
        return begun.instance, begun.claim

    async def index_names(self) -> None:
        """Notes the names of what an older version of this program put on record, where nobody has them yet."""
        live = await self.live()

        async def write() -> None:
            async with self._redis.pipeline(transaction=False) as pipe:
                for instance in live:
                    if instance.unreadable is not None:
                        continue  # It may go by another name, and has its place in the index if it ever had.
                    pipe.hsetnx(key_of("names"), instance.request.name.casefold(), instance.id)
                await pipe.execute()

        await self._again(write)

    async def get(self, instance_id: str) -> Instance | None:
        return (await self.get_many([instance_id]))[0]

    async def get_many(self, ids: Sequence[str]) -> list[Instance | None]:
        """The records of `ids` in their order, None where there is none.

        In place of one that cannot be read stands what could be made out of it (`unreadable` says so).
        """
        read = await self._read_or_stand_in(ids)
        return [read.get(instance_id) for instance_id in ids]

    async def id_for_request(self, request_key: str) -> str | None:
        """The id of the instance that a request key led to."""
        found: str | None = await self._again(lambda: self._redis.get(_request_key(request_key)))
        return found

    async def live(self) -> list[Instance]:
        """Every instance that has not ended, oldest first."""
        ids = await self._again(lambda: self._redis.zrange(key_of("live"), 0, -1))
        return [instance for instance in await self.get_many(ids) if instance]

    async def ended_since(self, instant: datetime) -> list[Instance]:
        """The instances that ended since then and are still kept, oldest end first."""
        ids = await self._again(lambda: self._redis.zrangebyscore(key_of("ended"), ms(instant), "+inf"))
        return [instance for instance in await self.get_many(ids) if instance]

    async def retained(self, now: datetime) -> list[Instance]:
        """Every instance of which there is a record: the live ones, then those that have ended."""
        found = [*await self.live(), *await self.ended_since(now - KEEP_ENDED)]
        # One that ends between the two looks is in both: the later look knows better.
        return list({instance.id: instance for instance in found}.values())

    async def timeline(self, instance_id: str) -> list[Event]:
        lines = await self._again(lambda: self._redis.lrange(key_of("timeline", instance_id), 0, -1))
        return [event for line in lines if (event := _event(instance_id, line)) is not None]

    # The outbox

    async def due(self, now: datetime, limit: int = 100) -> list[str]:
        """Ids of instances with events that are due to be told, longest waiting first.

        Due is also what lies further ahead than anything is put off: a wrong clock noted that.
        """
        return await self._scored("outbox", now, LONGEST_WAIT, limit)

    async def claim(self, instance_id: str, now: datetime, *, is_ours: bool = False) -> Claim | None:
        """The right to tell an instance's events; None while somebody has it or when there is no such record.

        `is_ours`: when it is this very process that has it, that is right too, for the caller is the one who tells.
        """
        arguments = [instance_id, self.holder, duration_ms(HOLD), "1" if is_ours else ""]
        answer = await self._run(CLAIM, _telling_keys(instance_id), arguments, even_when_full=True)
        if answer[0] != "held":
            return None
        _, delivery, first, lines, json, card = answer
        try:
            return _claim(read_record(json), int(first), lines, delivery, card)
        except NotReadable as error:
            log.error("events_not_readable", instance_id=instance_id, error=str(error))
            progress = Progress(delivery, told=int(first))
            await self.postpone(instance_id, progress, int(first) + len(lines), now + _UNREADABLE_PAUSE)
            return None

    async def add_news(self, instance_id: str, event: Event, now: datetime) -> None:
        """Adds an event that is there to be told only: its instance's record stays as it is."""
        keys = [key_of("instance", instance_id), key_of("timeline", instance_id), key_of("outbox")]
        arguments = [instance_id, stamped(Kind.EVENT, event.model_dump_json()), ms(now), _NEWEST_COMPARED]
        await self._run(ADD_NEWS, keys, arguments, even_when_full=True)

    async def save_progress(self, instance_id: str, progress: Progress) -> bool:
        """Saves how far the telling has come. False when the right was lost to another process."""
        answer = await self._settle(instance_id, progress, 0, "keep")
        return bool(answer[0] == "ok")

    async def save_and_read_on(self, instance_id: str, progress: Progress, seen: int) -> Claim | None:
        """Keeps the right, and returns what has happened after the first `seen` events. None when it was lost."""
        answer = await self._settle(instance_id, progress, seen, "look")
        return None if answer[0] == "lost" else _told_on(answer, progress, seen)

    async def finish(self, instance_id: str, progress: Progress, seen: int) -> Claim | None:
        """Gives the right back, or keeps it and returns what has happened after the first `seen` events."""
        answer = await self._settle(instance_id, progress, seen, "done")
        return _told_on(answer, progress, seen) if answer[0] == "more" else None

    async def postpone(self, instance_id: str, progress: Progress, seen: int, until: datetime) -> None:
        """Gives the right back; the rest is due at `until`."""
        await self._settle(instance_id, progress, seen, str(ms(until)))

    async def delivery(self, instance_id: str) -> str:
        """The outbox's note on an instance, '' when there is none."""
        return await self._again(lambda: self._redis.get(key_of("delivery", instance_id))) or ""

    async def outbox_size(self) -> int:
        return int(await self._again(lambda: self._redis.zcard(key_of("outbox"))))

    # The bot in Slack

    async def max_stamp(self, name: str, stamp: float) -> float:
        """The greatest stamp noted under `name` in the last hour by any process, this one included."""
        answer: Any = await self._run(NEWEST, [key_of("newest", name)], [repr(stamp), duration_ms(_STAMPS_KEPT)])
        return float(answer)

    async def identity(self) -> str:
        """Who the bot is in Slack, as it was last saved; '' when it never was."""
        text: str = await self._again(lambda: self._redis.get(key_of("identity"))) or ""
        try:
            refuse_newer(Kind.IDENTITY, text)
        except NotReadable as error:
            log.warning("identity_not_readable", error=str(error))
            return ""
        return text

    async def save_identity(self, json: str) -> None:
        await self._again(lambda: self._redis.set(key_of("identity"), stamped(Kind.IDENTITY, json)))

    async def claim_once(self, what: str, kept: timedelta) -> bool:
        """True for the first, in any process, to claim `what` for as long as that is `kept`."""
        key, token = key_of("once", what), secrets.token_hex(8)
        if await self._write("SET", key, token, "NX", "PX", duration_ms(kept)):
            return True
        # The answer to the write may have been lost, and it was then sent twice.
        return bool(await self._again(lambda: self._redis.get(key)) == token)

    # How it is done

    async def _commit(
        self,
        instance: Instance,
        events: Sequence[Event],
        now: datetime,
        keys_of_new: list[str],
        *,
        has_own_name: bool = False,
    ) -> Begun:
        if instance.unreadable is not None:
            raise RecordNotReadable(instance.id, instance.unreadable.words)
        written, before = instance.replace(version=instance.version + 1), self.commits_seen
        indexes = [key_of("live"), key_of("ended"), LOOKED_KEY, key_of("names"), CARDS_KEY, THREADS_KEY]
        keys = [*_own_keys(instance.id), *indexes, *keys_of_new]
        # What runs can always be put on record and changed there, for else nobody could stop it; a new one needs room.
        even_when_full = not keys_of_new or instance.remote.id is not None
        arguments = self._commit_arguments(written, instance.version, events, now, has_own_name=has_own_name)
        answer = await self._run(COMMIT, keys, arguments, even_when_full=even_when_full)
        if answer[0] == "taken":
            raise RequestTaken(answer[1])
        if answer[0] == "named":
            raise NameTaken(answer[1])
        if answer[0] == "conflict":
            raise VersionConflict(instance.id)
        kind, commits, looked_at, clock, *to_tell = answer
        self.note_commit(before, int(commits), int(clock))
        is_known = self.is_believed(int(looked_at))
        if kind == "lost":
            log.error("news_lost", instance_id=instance.id, events=[event.type for event in events])
        if kind in ("ok", "lost"):
            return Begun(written, None, is_known)
        delivery, first, lines, card = to_tell
        try:
            claim = _claim(written, int(first), lines, delivery, card)
        except NotReadable as error:
            log.error("events_not_readable", instance_id=instance.id, error=str(error))
            return Begun(written, None, is_known)
        return Begun(written, claim, is_known)

    def _commit_arguments(
        self, written: Instance, before: int, events: Sequence[Event], now: datetime, *, has_own_name: bool
    ) -> list[Any]:
        """In the order that the script takes them. `before` is the version that must still stand."""
        ended = (written.ended_at or now) if written.has_ended else None
        return [
            written.id,
            before,
            secrets.token_hex(8),
            stamped(Kind.RECORD, written.model_dump_json()),
            ms(written.created_at),
            ms(ended) if ended else "",
            ms(now),
            duration_ms(KEEP_ENDED),
            self.holder,
            duration_ms(HOLD),
            duration_ms(LOOK_IS_FRESH_FOR),
            written.request.name.casefold(),
            "1" if has_own_name else "",
            *(stamped(Kind.EVENT, event.model_dump_json()) for event in events),
        ]

    async def _settle(self, instance_id: str, progress: Progress, seen: int, next_: str) -> list[Any]:
        note = stamped(Kind.DELIVERY, progress.delivery) if progress.delivery else ""
        to_tell = [note, progress.told, seen, next_, _KEPT_WHEN_TOLD]
        heard = [each for pair in progress.heard.items() for each in pair]
        arguments = [instance_id, self.holder, duration_ms(HOLD), *to_tell, *card_arguments(progress.card), *heard]
        return await self._run(SETTLE, _telling_keys(instance_id), arguments, even_when_full=True)


def _event(instance_id: str, line: str) -> Event | None:
    """None for one that another version of this program wrote and this one cannot read: the rest goes on."""
    try:
        return read_news(line)
    except NotReadable as error:
        log.error("events_not_readable", instance_id=instance_id, error=str(error))
        return None


def _told_on(answer: list[Any], progress: Progress, seen: int) -> Claim:
    """From SETTLE's answer: what is to be told after the first `seen` events."""
    _, json, lines = answer
    instance = read_record(json)
    return Claim(instance, seen, [read_news(line, instance) for line in lines], progress.delivery, progress.card)


def _claim(instance: Instance, first: int, lines: Sequence[str], delivery: str, card: str) -> Claim:
    """From the answer of COMMIT or CLAIM. Raises NotReadable."""
    refuse_newer(Kind.DELIVERY, delivery)
    return Claim(instance, first, [read_news(line, instance) for line in lines], delivery, read_card(card))


def _request_key(request_key: str) -> str:
    return key_of("request", request_key)


def _own_keys(instance_id: str) -> list[str]:
    per_instance = [key_of(kind, instance_id) for kind in ("instance", "timeline", "delivery", "delivering")]
    return [*per_instance, key_of("outbox")]


def _telling_keys(instance_id: str) -> list[str]:
    return [*_own_keys(instance_id), CARDS_KEY, THREADS_KEY]
