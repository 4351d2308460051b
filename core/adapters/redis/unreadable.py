"""What the store can say of what it holds that this program cannot read, and of news that nobody has heard yet."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog

from core.adapters.redis.commands import Commands, instant, key_of
from core.adapters.redis.documents import NotReadable
from core.adapters.redis.migrations import read_news, read_record
from core.adapters.redis.salvage import stand_in
from core.domain import leases
from core.domain.instance import Instance

log = structlog.get_logger(__name__)

_NO_RECORD = "(not a record)"
"""Read in place of a record where something else stands; nobody can read it as one."""

_MOST = 2000
"""Instances with untold news that are looked at, those that are due first."""
_NEWS_READ = 50
"""Events of one instance, the first that were not told to all."""
_FACT_LIMIT = 100
_STORY_KEYS: dict[str, Callable[[Any, str], Any]] = {
    "reports": lambda pipe, key: pipe.hget(key, "n"),
    "delivery": lambda pipe, key: pipe.get(key),
    "timeline": lambda pipe, key: pipe.llen(key),
}
"""The keys of an instance beside its record, each with a read that fails where something else stands."""


class UnreadableRecords(Commands):
    """Part of the store. Every method raises StoreUnavailable when Redis cannot answer."""

    async def oldest_untold_age(self, now: datetime) -> timedelta:
        """How long ago the oldest happened of all that was not told to everybody yet; zero when nothing waits.

        However far the next try was put off: what waits for an hour to be tried again is an hour late all the same.
        """
        untold = await self._untold(1)
        happened = [at for lines in untold.values() for line in lines if (at := _happened_at(line)) is not None]
        return max(timedelta(), now - min(happened, default=now))

    async def _read_or_stand_in(self, ids: Sequence[str]) -> dict[str, Instance]:
        """The records of those of `ids` that have one; of what cannot be read what can be made out."""
        texts = await self._records(ids)
        read = {id_: _read(id_, text) for id_, text in texts.items()}
        unread = {id_: found for id_, found in read.items() if isinstance(found, NotReadable)}
        stand_ins = await self._stand_ins(unread, texts) if unread else {}
        return {id_: found if isinstance(found, Instance) else stand_ins[id_] for id_, found in read.items()}

    async def _stand_ins(self, unread: Mapping[str, NotReadable], texts: Mapping[str, str]) -> dict[str, Instance]:
        names = await self._again(lambda: self._redis.hgetall(key_of("names")))
        called = {instance_id: name for name, instance_id in names.items()}
        made = await self._of_each(list(unread), lambda pipe, id_: pipe.zscore(key_of("live"), id_), None)
        return {
            id_: stand_in(id_, texts[id_], error, name=called.get(id_, ""), made_at=None if at is None else instant(at))
            for (id_, error), at in zip(unread.items(), made, strict=True)
        }

    async def is_unreadable(self, instance_id: str) -> bool:
        """Whether there is a record of this id that this program cannot read."""
        found = await self._records([instance_id])
        return bool(found) and not _is_record(found[instance_id])

    async def has_untold(self, instance_id: str) -> bool:
        """Whether there is news of an instance that not everybody has heard, as long as there is a record of it."""
        due = await self._again(lambda: self._redis.zscore(key_of("outbox"), instance_id))
        return due is not None and bool(await self._records([instance_id]))

    async def unreadable(self) -> dict[str, dict[str, str]]:
        """The live records, and those with news to be told, that this program cannot read, with the facts that can be
        made out. No lease of them is enforced, or their story stands still."""
        ids = await self._again(lambda: self._redis.zrange(key_of("live"), 0, -1))
        untold = await self._untold(_NEWS_READ)
        read = await self._read_or_stand_in(sorted({*ids, *untold}))
        return {
            id_: _facts(each)
            for id_, each in read.items()
            if each.unreadable is not None or not all(_is_event(line) for line in untold.get(id_, ()))
        }

    async def displaced(self) -> dict[str, dict[str, str]]:
        """The instances under whose keys, but for the record's own, stands what is not ours, and under which."""
        live = await self._again(lambda: self._redis.zrange(key_of("live"), 0, -1))
        waiting = await self._again(lambda: self._redis.zrange(key_of("outbox"), 0, _MOST - 1))
        ids = sorted({*live, *waiting})
        keys = {id_: key for kind, add in _STORY_KEYS.items() for id_, key in await self._not_ours(ids, kind, add)}
        read = await self._read_or_stand_in(sorted(keys))
        return {id_: {**_whose(each), "key": keys[id_]} for id_, each in read.items()}

    async def _not_ours(self, ids: Sequence[str], kind: str, add: Callable[[Any, str], Any]) -> list[tuple[str, str]]:
        answers = await self._of_each(ids, lambda pipe, id_: add(pipe, key_of(kind, id_)), _NO_RECORD)
        return [(id_, key_of(kind, id_)) for id_, said in zip(ids, answers, strict=True) if said == _NO_RECORD]

    async def _records(self, ids: Sequence[str]) -> dict[str, str]:
        """The records of those of `ids` that have one, as they are written."""
        texts = await self._of_each(ids, lambda pipe, id_: pipe.hget(key_of("instance", id_), "json"), _NO_RECORD)
        return {id_: text for id_, text in zip(ids, texts, strict=True) if text}

    async def _untold(self, limit: int) -> dict[str, list[str]]:
        """By instance, the first `limit` events that not everybody has heard."""
        ids = await self._again(lambda: self._redis.zrange(key_of("outbox"), 0, _MOST - 1))
        places = await self._of_each(ids, lambda pipe, id_: pipe.hmget(key_of("instance", id_), "t", "b"), (None, None))
        starts = {id_: int(told or 0) - int(gone or 0) for id_, (told, gone) in zip(ids, places, strict=True)}
        news = await self._of_each(
            ids,
            lambda pipe, id_: pipe.lrange(key_of("timeline", id_), starts[id_], starts[id_] + limit - 1),
            [],
        )
        return dict(zip(ids, news, strict=True))


def _happened_at(line: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(json.loads(line)["at"])
    except (ValueError, KeyError, TypeError):
        return None
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _is_event(line: str) -> bool:
    try:
        read_news(line)
    except NotReadable:
        return False
    return True


def _is_record(text: str) -> bool:
    try:
        read_record(text)
    except NotReadable:
        return False
    return True


def _read(instance_id: str, text: str) -> Instance | NotReadable:
    try:
        return read_record(text)
    except NotReadable as error:
        log.error("record_not_readable", instance_id=instance_id, error=str(error))
        return error


def _whose(instance: Instance) -> dict[str, str]:
    return {"name": instance.request.name, "novita_id": instance.remote.id or ""}


def _facts(instance: Instance) -> dict[str, str]:
    """What the admins need to find it, as far as it can be made out."""
    ends_at = leases.end_as_read(instance)
    facts = {
        **_whose(instance),
        "why": instance.unreadable.why if instance.unreadable is not None else "its news cannot be read",
        "lease": f"stopped at {ends_at:%Y-%m-%d %H:%M} UTC" if ends_at is not None else "",
    }
    return {name: value[:_FACT_LIMIT] for name, value in facts.items() if value}
