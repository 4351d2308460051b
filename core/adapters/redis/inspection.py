"""What can be found out about the Redis server itself."""

from __future__ import annotations

import re
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from redis.exceptions import NoScriptError, RedisError

from core.adapters.redis import rights
from core.adapters.redis.commands import Commands, duration_ms, key_of
from core.adapters.redis.faults import is_passing
from core.adapters.redis.scripts import TRY_WRITE
from core.domain.errors import StoreUnavailable

_TRACE_KEPT = timedelta(minutes=1)
"""Of a process that dies between writing and removing."""


@dataclass(frozen=True)
class ServerFacts:
    """What a server says of itself; None and () where it does not say, as hosted ones often do not."""

    product: str
    version: tuple[int, ...] = ()
    keeps_log: bool | None = None
    """Whether each write also goes into its append-only log."""
    takes_snapshots: bool | None = None
    eviction: str | None = None
    """Its `maxmemory-policy`: what it gives up when memory runs out."""


class Inspection(Commands):
    """Part of the store."""

    async def try_write(self) -> None:
        """Writes as a new record does, reads it back and removes it. Raises StoreUnavailable."""
        word = secrets.token_hex(8)
        keys = [key_of("doctor", word, kind) for kind in ("string", "hash", "list", "zset")]
        found: Any = await self._run(TRY_WRITE, keys, [word, duration_ms(_TRACE_KEPT)])
        if found != word:
            raise StoreUnavailable("Redis did not give back what was written")

    async def lacking_rights(self) -> list[str]:
        """What its user is not allowed and must be ("run EVALSHA"). Raises StoreUnavailable.

        Whether there is room for writes is not asked.
        """
        word = secrets.token_hex(8)

        async def attempt() -> list[Any]:
            async with self._redis.pipeline(transaction=False) as pipe:
                for command in rights.tries(word):
                    pipe.execute_command(*command)
                answers = await pipe.execute(raise_on_error=False)
            for answer in answers:
                if isinstance(answer, RedisError) and not isinstance(answer, NoScriptError) and is_passing(answer):
                    raise answer
            return list(answers)

        return rights.lacking(await self._again(attempt))

    async def server_facts(self) -> ServerFacts:
        """Never raises: what the server does not say is left open."""
        info = await self._told(lambda: self._redis.info())
        save = await self._told(lambda: self._redis.config_get("save"))
        return ServerFacts(
            product="Valkey" if "valkey_version" in info else "Redis",
            version=_numbers(info.get("valkey_version") or info.get("redis_version")),
            keeps_log=bool(int(info["aof_enabled"])) if "aof_enabled" in info else None,
            takes_snapshots=bool(save["save"]) if "save" in save else None,
            eviction=info.get("maxmemory_policy"),
        )

    async def _told(self, ask: Callable[[], Awaitable[Mapping[Any, Any]]]) -> dict[str, Any]:
        try:
            return dict(await self._again(ask))
        except StoreUnavailable:
            return {}


def _numbers(version: object) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", str(version or ""))[:3])
