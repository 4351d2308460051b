"""What the user of REDIS_URL needs: tried in one round trip, named when it is missing, and nothing left behind."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from redis.asyncio import Redis

from core.adapters import redis as store_package
from core.adapters.redis import Store, connect, rights, scripts

_STRINGS = {"market:refreshing", "worker:seen", "identity"}
"""Of one name, so that a write that changes nothing cannot be tried; their neighbours stand for them."""
ROOT = Path(__file__).parents[2]
PASSWORD = "a-word"


@pytest.fixture
async def admin(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.execute_command("ACL", "DELUSER", "bot")  # type: ignore[no-untyped-call]
    await client.aclose()


@asynccontextmanager
async def store_of(admin: Redis, redis_url: str, *rules: str) -> AsyncIterator[Store]:
    """As a user with these rights."""
    await admin.execute_command("ACL", "SETUSER", "bot", "reset", "on", f">{PASSWORD}", *rules)  # type: ignore[no-untyped-call]
    store = Store(connect(redis_url.replace("unix://", f"unix://bot:{PASSWORD}@")))
    yield store
    await store.aclose()


async def test_the_rule_that_is_recommended_is_enough_and_nothing_is_left_behind(admin: Redis, redis_url: str) -> None:
    before = await admin.keys("*")
    async with store_of(admin, redis_url, *rights.ACL_RULE.split()) as store:
        assert await store.lacking_rights() == []
        await store.try_write()
    assert await admin.keys("*") == before


async def test_exactly_the_commands_that_are_listed_are_enough(admin: Redis, redis_url: str) -> None:
    async with store_of(admin, redis_url, "~{gpu}:*", *(f"+{name}" for name in rights.COMMANDS)) as store:
        assert await store.lacking_rights() == []
        await store.try_write()


@pytest.mark.parametrize("command", rights.COMMANDS)
async def test_each_command_that_is_missing_is_named(admin: Redis, redis_url: str, command: str) -> None:
    async with store_of(admin, redis_url, *rights.ACL_RULE.split(), f"-{command}") as store:
        assert await store.lacking_rights() == [f"run {command}"]


@pytest.mark.parametrize(
    ("keys", "lacking"),
    [
        (["~other:*"], ["touch {gpu}:*"]),
        ([], ["touch {gpu}:*"]),
        (
            [f"~{{gpu}}:{kind}*" for kind in rights.KINDS if kind not in ("request:", "worker:tasks")],
            ["touch {gpu}:request:*", "touch {gpu}:worker:tasks"],
        ),
        (["%R~{gpu}:*", "~{gpu}:doctor:*"], None),
    ],
)
async def test_keys_that_may_not_be_touched_are_named(
    admin: Redis, redis_url: str, keys: list[str], lacking: list[str] | None
) -> None:
    rule = rights.ACL_RULE.partition(" ")[2].split()
    async with store_of(admin, redis_url, *keys, *rule) as store:
        found = await store.lacking_rights()
    if lacking is None:
        assert found == [f"touch {{gpu}}:{kind}{'*' if kind.endswith(':') else ''}" for kind in rights.KINDS][:-1]
    else:
        assert [each for each in found if each.startswith("touch")] == lacking


async def test_a_user_that_may_do_nothing_is_told_in_one_line(admin: Redis, redis_url: str) -> None:
    async with store_of(admin, redis_url) as store:
        said = rights.in_words(await store.lacking_rights())
    assert said.startswith("its user may not run TIME, EVAL, EVALSHA")
    assert said.endswith(f"and {len(rights.COMMANDS) - 8} more")


async def test_without_channels_nothing_is_missing(admin: Redis, redis_url: str) -> None:
    async with store_of(admin, redis_url, "resetchannels", *rights.ACL_RULE.split()) as store:
        assert await store.lacking_rights() == []


def test_the_readme_gives_the_same_rule() -> None:
    assert f"ACL SETUSER gpu-bot on >PASSWORD {rights.ACL_RULE}`" in (ROOT / "README.md").read_text()


def test_every_command_within_a_script_is_listed() -> None:
    texts = [text for text in vars(scripts).values() if isinstance(text, str)]
    called = {name for text in texts for name in re.findall(r"redis\.p?call\('(\w+)'", text)}
    assert len(called) > 10
    assert called <= rights.COMMANDS.keys()


def test_every_command_of_the_store_is_listed() -> None:
    source = "".join(path.read_text() for path in Path(store_package.__file__).parent.glob("*.py"))
    called = set(re.findall(r"(?:self\._redis|\bpipe)\.([a-z]+)\(", source)) - {"aclose", "pipeline", "execute"}
    assert len(called) > 10
    optional = {"info"}
    assert {{"delete": "DEL"}.get(name, name.upper()) for name in called - optional} <= rights.COMMANDS.keys()


def test_every_key_is_in_the_table_and_tried() -> None:
    assert store_package.__doc__ is not None
    table = set(re.findall(r"^\| \{gpu\}:([\w:]+)", store_package.__doc__, re.MULTILINE))
    source = "".join(path.read_text() for path in Path(store_package.__file__).parent.glob("*.py"))
    used = {":".join(filter(None, found)) for found in re.findall(r'key_of\("([\w:]+)"(?:, "(\w+)")?', source)}
    assert len(used) > 10
    assert {key for key in used if not {key, f"{key}:"} & table} == set()
    assert table - _STRINGS == rights.KINDS.keys()
