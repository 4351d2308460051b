"""What core is tried with: a clock turned by hand, a make-believe Novita, one process before it, and its store."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from redis.asyncio import Redis

from bot.sandbox.novita import SandboxNovita
from core.adapters.redis import Store, connect
from tests.core.processes import Process, novita_at, process
from tests.core.samples import TurnedClock


@pytest.fixture
def clock() -> TurnedClock:
    return TurnedClock()


@pytest.fixture
def boot_seconds() -> float:
    """How long an instance takes to come up; a module may say otherwise."""
    return 60


@pytest.fixture
async def sandbox(clock: TurnedClock, boot_seconds: float) -> AsyncIterator[SandboxNovita]:
    async with novita_at(clock, boot_seconds=boot_seconds) as served:
        yield served
        assert served.violations == []


@pytest.fixture
async def web(sandbox: SandboxNovita, redis_url: str, clock: TurnedClock) -> AsyncIterator[Process]:
    """A process that knows the market."""
    made = process(sandbox, redis_url, clock)
    await made.catalog.get_market()
    yield made
    await made.close()


@pytest.fixture
async def store(redis_url: str) -> AsyncIterator[Store]:
    made = Store(connect(redis_url))
    yield made
    await made.aclose()


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    """Redis itself, for what the store does not say."""
    async with Redis.from_url(redis_url, decode_responses=True) as client:
        yield client
