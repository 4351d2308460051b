"""Commands to Redis: tried again over connection faults, and every other error turned into ours."""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from redis.exceptions import NoScriptError, RedisError

from core.adapters.redis import faults
from core.adapters.redis.scripts import ANY_WRITE, WITH_ROOM
from core.domain.clock import CLOSE_ENOUGH
from core.domain.errors import StoreFull

_TRIES = 4
_PAUSE_SECONDS = 0.15


class Commands:
    """One process's way to Redis. `holder` is its id there.

    Each script may be repeated safely after a lost answer, so connection faults are tried again for about a second,
    over connections made anew: after a failover the old ones may lead to a server that answers and takes no writes.
    """

    def __init__(self, redis: Redis, *, holder: str | None = None) -> None:
        self._redis = redis
        self._digests: dict[str, str] = {}
        self.holder = holder or secrets.token_hex(8)

    async def aclose(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    async def _run(
        self, script: str, keys: Sequence[str], arguments: Sequence[Any], *, even_when_full: bool = False
    ) -> list[Any]:
        """`even_when_full`: what it writes is small, and must be written although the server's memory is full."""
        try:
            answer: list[Any] = await self._again(lambda: self._evaluated(script, keys, arguments))
        except StoreFull:
            if not even_when_full:
                raise
            answer = await self._again(lambda: self._evaluated(WITH_ROOM + script, keys, arguments))
        return answer

    async def _scored(self, name: str, now: datetime, longest: timedelta, limit: int) -> list[str]:
        """Of a set of ids by the time (ms) they are due: those that are, and those further ahead than `longest`."""
        too_far = ms(now + longest + CLOSE_ENOUGH) + 1
        due, wrong = await self._together(
            lambda pipe: (
                pipe.zrangebyscore(key_of(name), "-inf", ms(now), start=0, num=limit),
                pipe.zrangebyscore(key_of(name), too_far, "+inf", start=0, num=limit),
            )
        )
        return [*due, *wrong][:limit]

    async def _together(self, add: Callable[[Any], object]) -> list[Any]:
        """The answers to the reading commands that `add` puts into a pipeline, in one round trip."""

        async def read() -> list[Any]:
            async with self._redis.pipeline(transaction=False) as pipe:
                add(pipe)
                return list(await pipe.execute())

        return list(await self._again(read))

    async def _of_each(self, ids: Sequence[str], add: Callable[[Any, str], Any], instead: Any) -> list[Any]:
        """One reading command for each id (`add` puts it into a pipeline), in one round trip.

        `instead` is the answer for an id under whose key stands what is not ours: it hides none of the others.
        """

        async def read() -> list[Any]:
            async with self._redis.pipeline(transaction=False) as pipe:
                for each in ids:
                    add(pipe, each)
                answers = await pipe.execute(raise_on_error=False)
            for answer in answers:
                if isinstance(answer, Exception) and not faults.is_wrong_kind(answer):
                    raise answer
            return [instead if isinstance(answer, Exception) else answer for answer in answers]

        return list(await self._again(read)) if ids else []

    async def _write(self, command: str, key: str, *arguments: Any) -> Any:
        """A small write to a key that is made although the server's memory is full."""
        try:
            return await self._again(lambda: self._redis.execute_command(command, key, *arguments))  # type: ignore[no-untyped-call]
        except StoreFull:
            return await self._run(ANY_WRITE, [key], [command, *arguments], even_when_full=True)

    async def _evaluated(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> Any:
        """In one command even where the script is not known, for the next may reach another server."""
        digest = self._digests.setdefault(script, hashlib.sha1(script.encode(), usedforsecurity=False).hexdigest())
        try:
            return await self._redis.evalsha(digest, len(keys), *keys, *arguments)
        except NoScriptError:
            return await self._redis.eval(script, len(keys), *keys, *arguments)

    async def _again(self, call: Callable[[], Awaitable[Any]]) -> Any:
        """Tries `call`, which must be safe to repeat, a few times over faults that may pass."""
        for left in range(_TRIES - 1, -1, -1):
            try:
                return await call()
            except RedisError as error:
                if not faults.is_passing(error):
                    raise faults.translated(error) from error
                await self._forget_connections()
                if left == 0:
                    raise faults.translated(error) from error
            await asyncio.sleep(_PAUSE_SECONDS)
        raise AssertionError("the last try returns or raises")

    async def _forget_connections(self) -> None:
        """The idle ones end now, those in use after their command; the next resolve the server's name anew."""
        pool = self._redis.connection_pool
        for connection in pool._in_use_connections:
            connection.mark_for_reconnect()  # type: ignore[no-untyped-call]
        await pool.disconnect(inuse_connections=False)


def key_of(kind: str, *rest: str) -> str:
    return ":".join(("{gpu}", kind, *rest))


def ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def instant(stamp: str | float) -> datetime:
    """From milliseconds."""
    return datetime.fromtimestamp(float(stamp) / 1000, UTC)


def duration_ms(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
