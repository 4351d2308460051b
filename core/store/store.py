"""The one way to the state in Redis."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import structlog
from pydantic import ValidationError
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core.errors import RequestTaken, StoreUnavailable, VersionConflict
from core.events import Event, read_event
from core.models import Instance, Market
from core.store.scripts import CLAIM, COMMIT, NEWEST, SETTLE

log = structlog.get_logger(__name__)

KEEP_ENDED = timedelta(days=30)
HOLD = timedelta(seconds=30)
"""How long one process may be silent while telling an instance's events before another takes over."""

_STAMPS_KEPT = timedelta(hours=1)
_REFRESH_HOLD = timedelta(seconds=30)
_UNREADABLE_PAUSE = timedelta(hours=1)
_TRIES = 4
_PAUSE_SECONDS = 0.15


@dataclass(frozen=True)
class Telling:
    """The right to tell an instance's events, with all it needs. `delivery` is the outbox's note, '' at first."""

    instance: Instance
    events: list[Event]
    delivery: str


class Store:
    """State in Redis as this process (`holder`) sees it. Every method raises StoreUnavailable when Redis cannot answer.

    Each script may be repeated safely after a lost answer, so connection faults are tried again for about a second.
    """

    def __init__(self, redis: Redis, *, holder: str | None = None) -> None:
        self._redis = redis
        self._scripts = {text: redis.register_script(text) for text in (COMMIT, CLAIM, SETTLE, NEWEST)}
        self.holder = holder or secrets.token_hex(8)

    # Records

    async def begin(
        self, instance: Instance, events: Sequence[Event], now: datetime
    ) -> tuple[Instance, Telling | None]:
        """Writes a new record under its request key. Raises RequestTaken when the key has led to another instance."""
        return await self._commit(instance, events, now, [_request_key(instance.request_key)])

    async def commit(
        self, instance: Instance, events: Sequence[Event], now: datetime
    ) -> tuple[Instance, Telling | None]:
        """Writes the next version of a record. Raises VersionConflict when somebody else did so first.

        Returns the record as written and, when there are events that nobody is telling yet, the right to tell them.
        """
        return await self._commit(instance, events, now, [])

    async def get(self, instance_id: str) -> Instance | None:
        return (await self.get_many([instance_id]))[0]

    async def get_many(self, ids: Sequence[str]) -> list[Instance | None]:
        """The records of `ids` in their order, None where there is none."""
        if not ids:
            return []

        async def read() -> list[str | None]:
            async with self._redis.pipeline(transaction=False) as pipe:
                for instance_id in ids:
                    pipe.hget(_key("instance", instance_id), "json")
                return list(await pipe.execute())

        return [_instance(json) if json else None for json in await self._again(read)]

    async def led_to(self, request_key: str) -> str | None:
        """The id of the instance that a request key led to."""
        found: str | None = await self._again(lambda: self._redis.get(_request_key(request_key)))
        return found

    async def live(self) -> list[Instance]:
        """Every instance that has not ended, oldest first."""
        ids = await self._again(lambda: self._redis.zrange(_key("live"), 0, -1))
        return [instance for instance in await self.get_many(ids) if instance]

    async def ended_since(self, instant: datetime) -> list[Instance]:
        """The instances that ended since then and are still kept, oldest end first."""
        ids = await self._again(lambda: self._redis.zrangebyscore(_key("ended"), _ms(instant), "+inf"))
        return [instance for instance in await self.get_many(ids) if instance]

    async def timeline(self, instance_id: str) -> list[Event]:
        lines = await self._again(lambda: self._redis.lrange(_key("timeline", instance_id), 0, -1))
        return [read_event(line) for line in lines]

    # The outbox

    async def due(self, now: datetime, limit: int = 100) -> list[str]:
        """Ids of instances with events that are due to be told, longest waiting first."""
        ids: list[str] = await self._again(
            lambda: self._redis.zrangebyscore(_key("outbox"), "-inf", _ms(now), start=0, num=limit)
        )
        return ids

    async def claim(self, instance_id: str, *, is_ours: bool = False) -> Telling | None:
        """The right to tell an instance's events; None while somebody has it or when there is no such record.

        `is_ours`: when it is this very process that has it, that is right too, for the caller is the one who tells.
        """
        arguments = [instance_id, self.holder, _duration_ms(HOLD), "1" if is_ours else ""]
        answer = await self._run(CLAIM, _telling_keys(instance_id), arguments)
        if answer[0] != "held":
            return None
        _, delivery, lines, json = answer
        try:
            return Telling(Instance.model_validate_json(json), [read_event(line) for line in lines], delivery)
        except ValidationError as error:
            log.error("events_not_readable", instance_id=instance_id, error=_short(error))
            await self._settle(instance_id, delivery, len(lines), str(_ms(datetime.now(UTC) + _UNREADABLE_PAUSE)))
            return None

    async def note(self, instance_id: str, delivery: str, seen: int) -> bool:
        """Notes how far the telling has come. False when the right was lost to another process."""
        answer = await self._settle(instance_id, delivery, seen, "keep")
        return bool(answer[0] == "ok")

    async def finish(self, instance_id: str, delivery: str, seen: int) -> Telling | None:
        """Gives the right back, or keeps it and returns what has happened since `seen` events."""
        answer = await self._settle(instance_id, delivery, seen, "done")
        if answer[0] != "more":
            return None
        return Telling(Instance.model_validate_json(answer[1]), [read_event(line) for line in answer[2]], delivery)

    async def postpone(self, instance_id: str, delivery: str, seen: int, until: datetime) -> None:
        """Gives the right back; the rest is due at `until`."""
        await self._settle(instance_id, delivery, seen, str(_ms(until)))

    async def delivery(self, instance_id: str) -> str:
        """The outbox's note on an instance, '' when there is none."""
        return await self._again(lambda: self._redis.get(_key("delivery", instance_id))) or ""

    async def outbox_size(self) -> int:
        return int(await self._again(lambda: self._redis.zcard(_key("outbox"))))

    async def outbox_due_since(self, now: datetime) -> timedelta:
        """How long the instance that has waited longest is due to be told; zero when none is."""
        first = await self._again(lambda: self._redis.zrange(_key("outbox"), 0, 0, withscores=True))
        due = [datetime.fromtimestamp(score / 1000, UTC) for _, score in first if score]
        return max(timedelta(), now - due[0]) if due else timedelta()

    # The market, shared by all processes

    async def market_as_of(self) -> datetime | None:
        stamp = await self._again(lambda: self._redis.hget(_key("market"), "as_of"))
        return datetime.fromtimestamp(int(stamp) / 1000, UTC) if stamp else None

    async def load_market(self) -> Market | None:
        json = await self._again(lambda: self._redis.hget(_key("market"), "json"))
        try:
            return Market.model_validate_json(json) if json else None
        except ValidationError as error:
            log.warning("market_not_readable", error=_short(error))
            return None

    async def save_market(self, market: Market) -> None:
        fields: dict[Any, Any] = {"json": market.model_dump_json(), "as_of": str(_ms(market.as_of))}
        await self._again(lambda: self._redis.hset(_key("market"), mapping=fields))

    async def claim_refresh(self) -> bool:
        """Whether this process is the one to fetch the market now."""
        key = _key("market:refreshing")
        claimed = await self._again(lambda: self._redis.set(key, self.holder, nx=True, px=_REFRESH_HOLD))
        return bool(claimed) or await self._again(lambda: self._redis.get(key)) == self.holder

    async def release_refresh(self) -> None:
        await self._again(lambda: self._redis.delete(_key("market:refreshing")))

    async def newest(self, name: str, stamp: float) -> float:
        """The greatest stamp noted under `name` in the last hour by any process, this one included."""
        answer: Any = await self._run(NEWEST, [_key("newest", name)], [repr(stamp), _duration_ms(_STAMPS_KEPT)])
        return float(answer)

    # Processes

    async def beat(self, now: datetime) -> None:
        """A sign of life of this process."""

        async def write() -> None:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.zadd(_key("processes"), {self.holder: _ms(now)})
                pipe.zremrangebyscore(_key("processes"), "-inf", _ms(now - timedelta(hours=1)))
                await pipe.execute()

        await self._again(write)

    async def living(self, since: datetime) -> set[str]:
        """Ids of the processes that gave a sign of life since then."""
        return set(await self._again(lambda: self._redis.zrangebyscore(_key("processes"), _ms(since), "+inf")))

    async def see_worker(self, now: datetime) -> None:
        """A sign of life of the workers' tasks: that they run, not just that a worker's process does."""
        await self._again(lambda: self._redis.set(_key("worker", "seen"), _ms(now)))

    async def worker_seen_at(self) -> datetime | None:
        """When any worker last gave one."""
        stamp = await self._again(lambda: self._redis.get(_key("worker", "seen")))
        return datetime.fromtimestamp(int(stamp) / 1000, UTC) if stamp else None

    async def ping(self) -> None:
        await self._again(lambda: self._redis.ping())

    async def aclose(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    # How it is done

    async def _commit(
        self, instance: Instance, events: Sequence[Event], now: datetime, request_keys: list[str]
    ) -> tuple[Instance, Telling | None]:
        written = instance.model_copy(update={"version": instance.version + 1})
        keys = [
            *_telling_keys(instance.id),
            _key("live"),
            _key("ended"),
            *request_keys,
        ]
        ended = (instance.ended_at or now) if instance.has_ended else None
        arguments: list[Any] = [
            instance.id,
            instance.version,
            secrets.token_hex(8),
            written.model_dump_json(),
            _ms(instance.created_at),
            _ms(ended) if ended else "",
            _ms(now),
            _duration_ms(KEEP_ENDED),
            self.holder,
            _duration_ms(HOLD),
            *(event.model_dump_json() for event in events),
        ]
        answer = await self._run(COMMIT, keys, arguments)
        if answer[0] == "taken":
            raise RequestTaken(answer[1])
        if answer[0] == "conflict":
            raise VersionConflict(instance.id)
        if answer[0] == "ok":
            return written, None
        try:
            return written, Telling(written, [read_event(line) for line in answer[2]], answer[1])
        except ValidationError as error:
            log.error("events_not_readable", instance_id=instance.id, error=_short(error))
            return written, None

    async def _settle(self, instance_id: str, delivery: str, seen: int, next_: str) -> list[Any]:
        arguments = [instance_id, self.holder, _duration_ms(HOLD), delivery, seen, next_]
        return await self._run(SETTLE, _telling_keys(instance_id), arguments)

    async def _run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> list[Any]:
        answer: list[Any] = await self._again(lambda: self._scripts[script](keys=keys, args=arguments))
        return answer

    async def _again(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """Tries `call`, which must be safe to repeat, a few times over connection faults."""
        for left in range(_TRIES - 1, -1, -1):
            with _translated(last=left == 0):
                return await call()
            await asyncio.sleep(_PAUSE_SECONDS)
        raise AssertionError("the last try returns or raises")


@contextmanager
def _translated(*, last: bool) -> Generator[None]:
    """Swallows a connection fault that is worth another try; turns every other Redis error into ours."""
    try:
        yield
    except (RedisConnectionError, RedisTimeoutError) as error:
        if last:
            raise StoreUnavailable(f"Redis does not answer ({type(error).__name__})") from error
    except RedisError as error:
        raise StoreUnavailable(f"Redis refused ({type(error).__name__})") from error


def _instance(json: str) -> Instance | None:
    """None for a record that another version of this program wrote and this one cannot read: the rest goes on."""
    try:
        return Instance.model_validate_json(json)
    except ValidationError as error:
        log.error("record_not_readable", error=_short(error))
        return None


def _short(error: ValidationError) -> str:
    """Where and why, without the value: a record may hold what no log should."""
    return "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False)[:3])


def _key(kind: str, *rest: str) -> str:
    return ":".join(("{gpu}", kind, *rest))


def _request_key(request_key: str) -> str:
    return _key("request", request_key)


def _telling_keys(instance_id: str) -> list[str]:
    per_instance = [_key(kind, instance_id) for kind in ("instance", "timeline", "delivery", "delivering")]
    return [*per_instance, _key("outbox")]


def _ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def _duration_ms(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
