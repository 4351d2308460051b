"""Commands to Redis: tried again over connection faults, and every other error turned into ours."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable, Generator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from redis.asyncio import Redis
from redis.commands.core import AsyncScript
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as RedisTimeoutError

from core.clock import CLOSE_ENOUGH
from core.errors import StoreUnavailable

_TRIES = 4
_PAUSE_SECONDS = 0.15


class Commands:
    """One process's way to Redis. `holder` is its id there.

    Each script may be repeated safely after a lost answer, so connection faults are tried again for about a second.
    """

    def __init__(self, redis: Redis, *, holder: str | None = None) -> None:
        self._redis = redis
        self._scripts: dict[str, AsyncScript] = {}
        self.holder = holder or secrets.token_hex(8)

    async def ping(self) -> None:
        await self._again(lambda: self._redis.ping())

    async def aclose(self) -> None:
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    async def _run(self, script: str, keys: Sequence[str], arguments: Sequence[Any]) -> list[Any]:
        if script not in self._scripts:
            self._scripts[script] = self._redis.register_script(script)
        answer: list[Any] = await self._again(lambda: self._scripts[script](keys=keys, args=arguments))
        return answer

    async def _scored(self, name: str, now: datetime, longest: timedelta, limit: int) -> list[str]:
        """Of a set of ids by the time (ms) they are due: those that are, and those further ahead than `longest`."""

        async def read() -> list[list[str]]:
            async with self._redis.pipeline(transaction=False) as pipe:
                pipe.zrangebyscore(key_of(name), "-inf", ms(now), start=0, num=limit)
                pipe.zrangebyscore(key_of(name), ms(now + longest + CLOSE_ENOUGH) + 1, "+inf", start=0, num=limit)
                return list(await pipe.execute())

        due, wrong = await self._again(read)
        return [*due, *wrong][:limit]

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


def key_of(kind: str, *rest: str) -> str:
    return ":".join(("{gpu}", kind, *rest))


def ms(instant: datetime) -> int:
    return int(instant.timestamp() * 1000)


def duration_ms(duration: timedelta) -> int:
    return int(duration.total_seconds() * 1000)
