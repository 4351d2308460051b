"""The whole bot on a Redis that answers and refuses: full, failed over, read-only, or with a user of few rights."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from pathlib import Path

import pytest
from pydantic import SecretStr
from redis.asyncio import Redis

from bot.doctor import State
from bot.notifiers.alarms import RedisTrouble
from bot.sandbox.slack import Fault
from bot.wiring.base import open_base
from core.adapters.redis import connect, rights
from core.adapters.redis_server import embedded_redis
from core.domain.errors import SettingsError, StoreUnavailable
from core.domain.instance import Status
from tests.bot.app_fixture import House, open_house
from tests.bot.doctor_fixture import clinic
from tests.bot.redis_failover import RedisName
from tests.bot.scenarios import in_thread, read, running, seen, with_lease_to
from tests.bot.watching import readiness, scraped
from tests.patience import until

FULL = "takes no writes (memory full)"
UNSAVED = "takes no writes (cannot save to its disk)"
REPLICA = "takes no writes (a read-only replica)"
CY, BO = "U0CY000001", "U0BO000001"


@pytest.fixture
async def server(redis_url: str) -> AsyncIterator[Redis]:
    """The server, to be made ill; well again after the test."""
    client = connect(redis_url)
    yield client
    await client.config_set("maxmemory", "0")
    await client.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
    await client.execute_command("ACL", "DELUSER", "bot")  # type: ignore[no-untyped-call]
    await client.aclose()


@asynccontextmanager
async def user(server: Redis, redis_url: str, *rules: str) -> AsyncIterator[str]:
    """The address for a user with these rights and no others."""
    await server.execute_command("ACL", "SETUSER", "bot", "reset", "on", ">word", *rules)  # type: ignore[no-untyped-call]
    yield redis_url.replace("unix://", "unix://bot:word@")


async def test_with_memory_full_nothing_is_created_and_leases_end_all_the_same(server: Redis, redis_url: str) -> None:
    async with open_house(redis_url, admins=(CY,)) as house:
        made, card = await running(house)
        await with_lease_to(house, made, timedelta(seconds=1))
        await server.config_set("maxmemory", "1")
        status, states = await readiness(house.port)
        assert (status, states["redis"]["ok"], states["redis"]["error"]) == (503, False, FULL)
        look = await scraped(house.port)
        assert (look.value("gpu_bot_redis_up"), look.value("gpu_bot_redis_takes_writes")) == (1, 0)
        stopped, _ = await seen(house, made, "is stopped")
        assert stopped.status is Status.STOPPED
        await in_thread(house, card, "lease is over")
        before = len(house.novita.calls_of("create"))
        modal = await house.modal()
        await modal.fill("name", "train-2")
        await modal.submit()
        await house.slack.wait_until(lambda: FULL in modal.text())
        assert len(house.novita.calls_of("create")) == before
        dms = house.slack.person("cy").dms
        await house.slack.wait_until(lambda: any("memory of Redis is full" in each.shown for each in dms()), 40)
        await server.config_set("maxmemory", "0")
        assert (await read(house, made.id)).status is Status.STOPPED


async def test_after_a_failover_creates_and_looks_go_on_at_the_new_primary(
    server: Redis, redis_url: str, tmp_path: Path
) -> None:
    async with embedded_redis(tmp_path) as other, RedisName(redis_url) as name, open_house(name.url) as house:
        await server.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]
        name.lead_to(other.url)
        await house.submitted("train-1")
        card = await house.card("is running")
        assert len(await house.replies(card, 2)) == 2
        assert (await readiness(house.port))[0] == 200
    assert len(house.novita.calls_of("create")) == 1


async def test_on_a_replica_that_stays_one_nobody_is_ready(server: Redis, redis_url: str) -> None:
    async with open_house(redis_url) as house:
        await server.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]
        status, states = await readiness(house.port)
        assert (status, states["redis"]["error"]) == (503, REPLICA)
        look = await scraped(house.port)
        assert look.value("gpu_bot_redis_takes_writes") == 0
        await server.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
        await house.submitted("train-1")
        await house.card("is running")


@asynccontextmanager
async def that_cannot_save(folder: Path) -> AsyncIterator[tuple[str, Redis]]:
    """The address of a server of its own, which stops to take writes when it cannot save, and a client of it."""
    async with embedded_redis(folder) as own:
        client = connect(own.url)
        await client.config_set("save", "3600 1")
        await client.config_set("stop-writes-on-bgsave-error", "yes")
        yield own.url, client
        await client.config_set("save", "")
        await client.aclose()


async def _saved(client: Redis, status: str) -> None:
    """Returns once a save has ended so."""
    await client.bgsave()

    async def is_so() -> bool:
        facts = await client.info("persistence")
        return bool(facts["rdb_last_bgsave_status"] == status and not facts["rdb_bgsave_in_progress"])

    await until(is_so)


async def test_a_redis_that_cannot_save_to_its_disk_creates_nothing_and_all_goes_on_when_it_can(tmp_path: Path) -> None:
    server, house_of = that_cannot_save(tmp_path), partial(open_house, admins=(CY,))
    async with server as (url, client), house_of(url) as house, clinic(url) as sick:
        made, card = await running(house)
        in_the_way = tmp_path / "redis" / "dump.rdb"
        in_the_way.mkdir()
        await _saved(client, "err")
        status, states = await readiness(house.port)
        assert (status, states["redis"]["error"]) == (503, UNSAVED)
        assert (await scraped(house.port)).value("gpu_bot_redis_takes_writes") == 0
        modal = await house.modal()
        await modal.fill("name", "train-2")
        await modal.submit()
        await house.slack.wait_until(lambda: UNSAVED in modal.text())
        assert (await sick.ills())["Redis"].found == f"Redis {UNSAVED}"
        dms = house.slack.person("cy").dms
        await house.slack.wait_until(lambda: bool(dms()), 60)
        assert UNSAVED in dms()[0].shown
        assert len(house.novita.calls_of("create")) == 1
        in_the_way.rmdir()
        await _saved(client, "ok")
        await with_lease_to(house, made, timedelta(0))
        await seen(house, made, "is stopped")
        await in_thread(house, card, "lease is over")
        assert (await readiness(house.port))[0] == 200
        assert len(house.novita.calls_of("stop")) == 1


async def _refusal(house: House) -> StoreUnavailable:
    with pytest.raises(StoreUnavailable) as caught:
        await house.base.store.beat(house.base.clock.now())
    return caught.value


async def test_that_redis_takes_no_writes_each_process_tells_the_admins_itself_once(
    server: Redis, redis_url: str
) -> None:
    async with open_house(redis_url, workers=0) as house:
        trouble = RedisTrouble(house.base.client, house.base.clock, (CY, BO), after=timedelta(0))
        patient = RedisTrouble(house.base.client, house.base.clock, (CY,))
        await server.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]
        refused = await _refusal(house)
        house.slack.faults.next("chat.postMessage", Fault.error("user_not_found"))
        await trouble.lasts(refused)
        await trouble.lasts(refused)
        await patient.lasts(refused)
        cy, bo = house.slack.person("cy").dms, house.slack.person("bo").dms
        assert (cy(), len(bo())) == ([], 1), "who could not be told is no reason to tell nobody"
        assert REPLICA in bo()[0].shown
        assert "no lease ends" in bo()[0].shown
        await server.execute_command("REPLICAOF", "NO", "ONE")  # type: ignore[no-untyped-call]
        trouble.over()
        await trouble.lasts(refused)
        await trouble.lasts(refused)
        assert (len(cy()), len(bo())) == (1, 2), "the next trouble is another one"


async def test_the_rights_that_are_listed_are_enough_for_all_that_the_bot_does(server: Redis, redis_url: str) -> None:
    rules = ("~{gpu}:*", *(f"+{name}" for name in rights.COMMANDS))
    await server.execute_command("ACL", "LOG", "RESET")  # type: ignore[no-untyped-call]
    async with user(server, redis_url, *rules) as url, open_house(url, admins=(CY,)) as house:
        made, card = await running(house)
        await house.slack.person("ada").click(card, "instance:extend:1h")
        await in_thread(house, card, "Extended by its owner")
        await house.slack.person("ada").click(card, "instance:stop")
        await seen(house, made, "is stopped")
        await house.slack.person("ada").click(card, "instance:start")
        await house.slack.wait_until(lambda: sum("is running" in each.shown for each in house.slack.thread(card)) == 2)
        await with_lease_to(house, made, timedelta(seconds=0))
        await seen(house, made, "is stopped")
        assert (await readiness(house.port))[0] == 200
        assert (await scraped(house.port)).value("gpu_bot_redis_up") == 1
        refused = await server.execute_command("ACL", "LOG")  # type: ignore[no-untyped-call]
    assert {entry["object"] for entry in refused} <= {"client|setinfo", "client|setname", "info", "config|get"}


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ("~{gpu}:* +@all -@scripting", "its user may not run EVAL, EVALSHA;"),
        ("~{gpu}:* +@all -time", "its user may not run TIME;"),
        ("~{gpu}:* +@read +eval +evalsha +ping +time", "its user may not run SET, PERSIST, PEXPIRE, "),
        ("~{gpu}:* +@all -evalsha -@connection", "its user may not run EVALSHA;"),
        ("~cache:* +@all", "its user may not touch {gpu}:*;"),
        ("~{gpu}:* -@all", "its user may not run TIME, EVAL, "),
    ],
)
async def test_a_start_with_too_few_rights_ends_with_one_line(
    server: Redis, redis_url: str, rules: str, said: str
) -> None:
    async with open_house(redis_url, webs=1, workers=0) as house, user(server, redis_url, *rules.split()) as url:
        settings = house.settings.model_copy(update={"redis_url": SecretStr(url)})
        with pytest.raises(SettingsError) as caught:
            async with open_base(settings):
                raise AssertionError("must not begin")
        assert str(caught.value).startswith(f"REDIS_URL: {said}")
        assert str(caught.value).endswith(f"; give it {rights.ACL_RULE}")
        assert "\n" not in str(caught.value)


async def test_a_database_that_may_not_be_chosen_is_no_reason_to_wait(server: Redis, redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house, user(server, redis_url, "~*", "+@all", "-select") as url:
        settings = house.settings.model_copy(update={"redis_url": SecretStr(f"{url}?db=3")})
        with pytest.raises(SettingsError, match=r"^REDIS_URL: Redis does not let its user run SELECT; give it ~"):
            async with open_base(settings):
                raise AssertionError("must not begin")


@pytest.mark.parametrize(
    ("rules", "found"),
    [
        ("~{gpu}:* +@all -@scripting", "its user may not run EVAL, EVALSHA"),
        ("~{gpu}:instance:* +@all", "touch {gpu}:timeline:*"),
        ("~{gpu}:* +@all resetchannels", ""),
    ],
)
async def test_the_doctor_names_the_rights_that_are_missing(
    server: Redis, redis_url: str, rules: str, found: str
) -> None:
    async with user(server, redis_url, "~*", "+@all") as url, clinic(url) as sick:
        await server.execute_command("ACL", "SETUSER", "bot", "resetkeys", "-@all", *rules.split())  # type: ignore[no-untyped-call]
        ills = await sick.ills()
    assert bool(ills) is bool(found)
    if found:
        assert ills["Redis"].state is State.FAILED
        assert found in ills["Redis"].found
        assert rights.ACL_RULE in ills["Redis"].advice


async def test_the_doctor_says_that_memory_is_full_and_that_a_replica_is_one(server: Redis, redis_url: str) -> None:
    async with clinic(redis_url) as sick:
        await server.config_set("maxmemory", "1")
        assert (await sick.ills())["Redis"].found == f"Redis {FULL}"
        await server.config_set("maxmemory", "0")
        await server.execute_command("REPLICAOF", "127.0.0.1", "1")  # type: ignore[no-untyped-call]
        assert (await sick.ills())["Redis"].found == f"Redis {REPLICA}"
