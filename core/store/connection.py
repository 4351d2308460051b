"""How this program talks to Redis: few connections, short waits, and no retries but its own."""

from __future__ import annotations

from redis.asyncio import BlockingConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff

_CONNECTIONS = 4
"""Four beat one per command by more than twice in a burst (measured: libraries.md)."""

_SOCKET_SECONDS = 3.0
_WAIT_FOR_CONNECTION_SECONDS = 10.0


def connect(url: str) -> Redis:
    """A client for `url` (redis://, rediss://, unix://).

    redis-py's defaults are changed on purpose: it would repeat any command ten times, a write included, and raise
    at 100 connections instead of waiting (libraries.md, "What bites" 1 to 3).
    """
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=_CONNECTIONS,
        timeout=_WAIT_FOR_CONNECTION_SECONDS,
        socket_timeout=_SOCKET_SECONDS,
        socket_connect_timeout=_SOCKET_SECONDS,
        retry=Retry(NoBackoff(), 0),
        decode_responses=True,
    )
    return Redis.from_pool(pool)
