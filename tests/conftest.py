"""What every test can ask for: a real Redis server, clean at the start of each test."""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import HealthCheck, settings

from core.adapters.redis_server import ensure_server
from tests.patience import QUICK_EXAMPLES
from tests.plain_logs import log_plainly

log_plainly()

# What pytest makes of the tests' modules is kept, whatever the environment says: making it anew takes each process
# seconds. It goes where the processes that tests start leave theirs.
sys.dont_write_bytecode = False


# Properties are tried with the same examples each time, whoever runs them, so that a run says something of the change
# and not of luck. `--hypothesis-profile=deep` (.ci/deep) goes on exploring, and keeps what it finds in .hypothesis.
_UNHURRIED = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much]
settings.register_profile(
    "quick",
    deadline=None,
    max_examples=QUICK_EXAMPLES,
    derandomize=True,
    database=None,
    suppress_health_check=_UNHURRIED,
)
settings.register_profile(
    "deep",
    deadline=None,
    max_examples=QUICK_EXAMPLES * 20,
    derandomize=False,
    print_blob=True,
    suppress_health_check=_UNHURRIED,
)
settings.load_profile("quick")


def pytest_xdist_auto_num_workers() -> int:
    """Two for each core with `-n auto`: tests wait for processes, sockets and Redis as long as they compute."""
    return 2 * len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2 * (os.cpu_count() or 1)


@pytest.fixture(scope="session")
def redis_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of this test process's own server; under xdist every worker has one."""
    server = asyncio.run(ensure_server(tmp_path_factory.mktemp("redis")))
    yield server.url
    asyncio.run(server.close())


@pytest.fixture
def redis_url(redis_server: str) -> str:
    """The address of a Redis with nothing in it but a worker's look just now: Novita is known to be empty too."""
    with redis.Redis.from_url(redis_server) as client:
        client.flushall()
        client.hset("{gpu}:looked", "at", int(client.time()[0]) * 1000)
    return redis_server


@pytest.fixture
def clean_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment with none of the bot's variables, in an empty working directory."""
    from core.adapters.settings import Settings

    for name in Settings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.chdir(tmp_path)
    return monkeypatch
