"""What the store can say of what stands still in it: news that nobody has heard, and what this program cannot read."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from core.adapters.redis.commands import NO_RECORD, Commands, key_of
from core.adapters.redis.documents import NotReadable
from core.adapters.redis.migrations import read_news, read_record

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


class Looks(Commands):
    """Part of the store. Every method raises StoreUnavailable when Redis cannot answer."""

    async def outbox_due_since(self, now: datetime) -> timedelta:
        """How long ago the oldest happened of all that was not told to everybody yet; zero when nothing waits.

        However far the next try was put off: what waits for an hour to be tried again is an hour late all the same.
        """
        untold = await self._untold(1)
        happened = [at for lines in untold.values() for line in lines if (at := _happened_at(line)) is not None]
        return max(timedelta(), now - min(happened, default=now))

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
        records = await self._records(sorted({*ids, *untold}))
        found = {id_: _facts(text) for id_, text in records.items() if not _is_record(text)}
        for instance_id, lines in untold.items():
            if instance_id in records and not all(_is_event(line) for line in lines):
                found.setdefault(instance_id, _facts(records[instance_id]))
        return found

    async def displaced(self) -> dict[str, dict[str, str]]:
        """The instances under whose keys, but for the record's own, stands what is not ours, and under which."""
        live = await self._again(lambda: self._redis.zrange(key_of("live"), 0, -1))
        waiting = await self._again(lambda: self._redis.zrange(key_of("outbox"), 0, _MOST - 1))
        ids = sorted({*live, *waiting})
        keys = {id_: key for kind, add in _STORY_KEYS.items() for id_, key in await self._not_ours(ids, kind, add)}
        records = await self._records(sorted(keys))
        return {id_: {**_facts(text), "key": keys[id_]} for id_, text in records.items()}

    async def _not_ours(self, ids: Sequence[str], kind: str, add: Callable[[Any, str], Any]) -> list[tuple[str, str]]:
        answers = await self._of_each(ids, lambda pipe, id_: add(pipe, key_of(kind, id_)), NO_RECORD)
        return [(id_, key_of(kind, id_)) for id_, said in zip(ids, answers, strict=True) if said == NO_RECORD]

    async def _records(self, ids: Sequence[str]) -> dict[str, str]:
        return {id_: text for id_, text in zip(ids, await self._jsons(ids), strict=True) if text}

    async def _untold(self, limit: int) -> dict[str, list[str]]:
        """By instance, the first `limit` events that not everybody has heard."""
        ids = await self._again(lambda: self._redis.zrange(key_of("outbox"), 0, _MOST - 1))
        if not ids:
            return {}

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


def _facts(text: str) -> dict[str, str]:
    """Its name and Novita's id, where they can be made out."""
    try:
        record = json.loads(text)
        novita_id = record["remote"]["id"] if "remote" in record else record["novita_id"]
        found = {"name": record["request"]["name"], "novita_id": novita_id}
    except (ValueError, KeyError, TypeError):
        return {}
    return {name: value[:_FACT_LIMIT] for name, value in found.items() if isinstance(value, str)}
