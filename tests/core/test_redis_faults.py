"""Redis answers, and refuses: what leads to the wrong place is connected anew, and what is refused is said plainly."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from core.adapters.redis import Store, connect
from core.adapters.redis.faults import translated
from core.adapters.redis.turns import Turns, Wish, Wished
from core.adapters.redis_server import embedded_redis
from core.domain.errors import StoreFull, StoreUnavailable
from core.domain.events import InstanceRequested
from core.services.alarms import Alarm, AlarmKind
from core.services.outbox import Claim, Progress
from tests.bot.redis_failover import RedisName
from tests.core.samples import NOON, instance

BEGUN = [InstanceRequested(at=NOON)]
HOUR = timedelta(hours=1)
REPLICA_OF_NOBODY = ("REPLICAOF", "127.0.0.1", "1")
PASSING = {
    "READONLY You can't write against a read only replica.": "takes no writes (a read-only replica)",
    "LOADING Redis is loading the dataset in memory": "is still loading its data",
    "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'.": (
        "is a replica that has lost its primary"
    ),
    "NOREPLICAS Not enough good replicas to write.": "takes no writes (too few replicas)",
    "NOAUTH Authentication required.": "wants a password",
    "WRONGPASS invalid username-password pair or user is disabled.": "refuses the user or the password",
    "CLUSTERDOWN The cluster is down": "is a cluster that is down",
    "TRYAGAIN Multiple keys request during rehashing of slot": "is a cluster that is moving its keys",
    "MOVED 1234 10.0.0.9:6379": "is a cluster's node without our keys",
    "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)": (
        "has just become a replica"
    ),
    "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE.": (
        "is busy with somebody's script"
    ),
    "ERR max number of clients reached": "has no room for more connections",
    "ERR Error running script (call to f_3c): @user_script:1: @user_script: 1: -READONLY You can't write against a "
    "read only replica.": "takes no writes (a read-only replica)",
}
REFUSED = {
    "OOM command not allowed when used memory > 'maxmemory'.": "takes no writes (memory full)",
    "MISCONF Errors writing to the AOF file: No space left on device": "takes no writes (cannot save to its disk)",
    "NOPERM User bob has no permissions to run the 'script|load' command": "does not let its user run SCRIPT LOAD",
    "NOPERM this user has no permissions to run the 'evalsha' command or its subcommand": (
        "does not let its user run EVALSHA"
    ),
    "NOPERM No permissions to access a key": "does not let its user touch the keys {gpu}:*",
    "NOPERM this user has no permissions to access one of the keys used as arguments": (
        "does not let its user touch the keys {gpu}:*"
    ),
    "ERR ACL failure in script: User bob has no permissions to run the 'set' command script: on @user_script:1.": (
        "does not let its user run SET"
    ),
    "ERR Error running script (call to f_3c): @user_script:1: @user_script: 1: The user executing the script can't run "
    "this command or subcommand": "does not let its user run a command that it needs",
}


@asynccontextmanager
async def named(redis_url: str) -> AsyncIterator[tuple[RedisName, Store]]:
    """A store that has connections already, to a name that leads to Redis."""
    async with RedisName(redis_url) as name:
        store = Store(connect(name.url))
        await asyncio.gather(*(store.beat(NOON) for _ in range(8)))
        yield name, store
        await store.aclose()


async def version(store: Store, instance_id: str) -> int:
    record = await store.get(instance_id)
    assert record is not None
    return record.version


@pytest.mark.parametrize("error", PASSING)
async def test_what_an_old_connection_leads_to_is_left_for_a_new_one(redis_url: str, error: str) -> None:
    async with named(redis_url) as (name, store):
        name.refuse(error)
        written, *_ = await store.begin(instance(), [], NOON)
        assert name.refused > 0
        assert await version(store, written.id) == 1
        refused = name.refused
        await asyncio.gather(*(store.live() for _ in range(8)))
        assert name.refused == refused, "no connection of before is left"


@pytest.mark.parametrize(("error", "why"), PASSING.items())
async def test_what_does_not_pass_is_said_after_a_few_tries(redis_url: str, error: str, why: str) -> None:
    async with named(redis_url) as (name, store):
        name.refuse(error, for_good=True)
        with pytest.raises(StoreUnavailable) as caught:
            await store.see_worker(NOON)
        assert (caught.value.why, str(caught.value)) == (why, f"Redis {why}")
        assert 1 <= name.refused <= 12


@pytest.mark.parametrize(("error", "why"), REFUSED.items())
async def test_a_refusal_is_said_at_once_and_not_tried_again(redis_url: str, error: str, why: str) -> None:
    async with named(redis_url) as (name, store):
        name.refuse(error, for_good=True)
        with pytest.raises(StoreUnavailable) as caught:
            await store.live()
        assert (caught.value.why, str(caught.value)) == (why, f"Redis {why}")
        assert isinstance(caught.value, StoreFull) is error.startswith("OOM")
        assert name.refused == 1


@pytest.mark.parametrize(("error", "why"), {**PASSING, **REFUSED}.items())
def test_in_a_pipeline_it_means_the_same(error: str, why: str) -> None:
    for said in (error, str((error,))):
        told = translated(ResponseError(f"Command # 2 (ZADD k 1 m) of pipeline caused error: {said}"))
        assert told.why == why


def test_what_nobody_knows_is_named_by_its_kind_and_quotes_nothing() -> None:
    error = translated(ResponseError("ERR no such thing as redis://:secret@host"))
    assert (str(error), error.why) == ("Redis refused (ResponseError)", "")
    assert str(translated(RedisError("x"))) == "Redis refused (RedisError)"


@dataclass
class Pair:
    """Two servers, a name that leads to the first, and a store that is connected to it."""

    first: Redis
    second: Redis
    first_url: str
    second_url: str
    name: RedisName
    store: Store

    async def fail_over(self) -> None:
        """The name leads to the second from now on; the first goes on as a replica and keeps its connections."""
        await self.first.execute_command(*REPLICA_OF_NOBODY)  # type: ignore[no-untyped-call]
        self.name.lead_to(self.second_url)


@pytest.fixture
async def pair(redis_url: str, tmp_path: Path) -> AsyncIterator[Pair]:
    async with AsyncExitStack() as stack:
        other = await stack.enter_async_context(embedded_redis(tmp_path / "other"))
        first, second = connect(redis_url), connect(other.url)
        name = await stack.enter_async_context(RedisName(redis_url))
        store = Store(connect(name.url))
        for client in (first, second, store):
            stack.push_async_callback(client.aclose)
        yield Pair(first, second, redis_url, other.url, name, store)
        await first.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]


async def test_after_a_failover_everything_goes_on_at_the_new_primary(pair: Pair) -> None:
    await asyncio.gather(*(pair.store.beat(NOON) for _ in range(8)))
    turns = Turns(connect(pair.name.url))
    wish = [Wished("look", HOUR, Wish.TAKE)]
    await turns.agree(wish)
    await pair.fail_over()
    with pytest.raises(RedisError):
        await pair.first.set("{gpu}:x", "1")
    written, *_ = await pair.store.begin(instance(), BEGUN, NOON)
    assert (await turns.agree(wish))[0].is_ours
    assert await version(pair.store, written.id) == 1
    assert await pair.second.exists(f"{{gpu}}:instance:{written.id}", "{gpu}:worker:tasks") == 2
    await turns.aclose()


async def test_a_replica_that_stays_one_takes_nothing_and_says_so(pair: Pair) -> None:
    await pair.fail_over()
    pair.name.lead_to(pair.first_url)
    for ask in (pair.store.try_write, pair.store.lacking_rights):
        with pytest.raises(StoreUnavailable) as caught:
            await ask()
        assert caught.value.why == "takes no writes (a read-only replica)"


async def test_a_password_that_was_changed_is_a_refusal_and_right_again_when_it_is(redis_url: str) -> None:
    admin = connect(redis_url)
    set_user = ("ACL", "SETUSER", "bot", "reset", "on", "~*", "+@all")
    await admin.execute_command(*set_user, ">first")  # type: ignore[no-untyped-call]
    store = Store(connect(redis_url.replace("unix://", "unix://bot:first@")))
    await store.beat(NOON)
    await admin.execute_command(*set_user, ">second")  # type: ignore[no-untyped-call]
    await admin.execute_command("CLIENT", "KILL", "USER", "bot")  # type: ignore[no-untyped-call]
    with pytest.raises(StoreUnavailable) as caught:
        await store.beat(NOON)
    assert caught.value.why == "refuses the user or the password"
    await admin.execute_command(*set_user, ">first")  # type: ignore[no-untyped-call]
    await store.beat(NOON)
    await admin.execute_command("ACL", "DELUSER", "bot")  # type: ignore[no-untyped-call]
    await store.aclose()
    await admin.aclose()


@pytest.fixture
async def full(redis_url: str) -> AsyncIterator[Redis]:
    """Full from when the test says so, by `maxmemory`."""
    client = connect(redis_url)
    yield client
    await client.config_set("maxmemory", "0")
    await client.aclose()


async def test_with_memory_full_nothing_new_is_written(full: Redis, redis_url: str) -> None:
    store, before = Store(connect(redis_url)), await full.keys("*")
    await full.config_set("maxmemory", "1")
    for ask in (store.try_write(), store.begin(instance(), BEGUN, NOON)):
        with pytest.raises(StoreFull, match="takes no writes"):
            await ask
    assert await full.keys("*") == before
    written = (await store.begin(instance(novita_id="n-1"), BEGUN, NOON)).instance
    assert await version(store, written.id) == 1, "what runs at Novita already can be put on record"
    await store.aclose()


async def test_with_memory_full_what_is_on_record_is_changed_and_told_all_the_same(full: Redis, redis_url: str) -> None:
    """Else no lease would end: the order is on record before Novita hears of it."""
    store, alarm = Store(connect(redis_url)), Alarm(kind=AlarmKind.REDIS_FULL, since=NOON)
    written, first, _ = await store.begin(instance(), BEGUN, NOON)
    assert isinstance(first, Claim)
    await store.finish(written.id, Progress(first.delivery, 1), 1)
    await full.config_set("maxmemory", "1")
    written, telling = await store.commit(written, BEGUN, NOON)
    assert (await version(store, written.id)) == 2
    assert isinstance(telling, Claim)
    assert await store.save_progress(written.id, Progress("{}", 2))
    await store.finish(written.id, Progress("{}", 2), 2)
    assert await store.outbox_size() == 0
    await store.commit(written, BEGUN, NOON)
    other = Store(connect(redis_url))
    await store.postpone(written.id, Progress("{}", 2), 3, NOON)
    assert await other.claim(written.id, NOON) is not None
    await store.beat(NOON)
    assert await store.processes_alive_since(NOON, NOON) == {store.holder}
    await store.see_worker(NOON)
    assert await store.worker_seen_at() == NOON
    await store.note_success("look", NOON)
    assert await store.successes() == {"look": NOON}
    assert await store.save_alarm(alarm, only_new=True)
    assert not await store.save_alarm(alarm, only_new=True)
    assert await store.claim_alarm(alarm, "U1")
    assert not await other.claim_alarm(alarm, "U1")
    await store.note_alarm_told(alarm, "U1")
    assert [each.told for each in await store.alarms()] == [("U1",)]
    for each in (store, other):
        await each.aclose()


async def test_with_memory_full_a_key_s_end_stays_what_it_was(full: Redis, redis_url: str) -> None:
    """What makes room for a write touches the first key, and leaves its time to live as it is."""
    store = Store(connect(redis_url))
    await full.hset("{gpu}:alarms", "x", "1")
    await full.pexpire("{gpu}:alarms", 600_000)
    await full.config_set("maxmemory", "1")
    await store.save_alarm(Alarm(kind=AlarmKind.REDIS_FULL, since=NOON))
    assert 500_000 < await full.pttl("{gpu}:alarms") <= 600_000
    await store.aclose()
