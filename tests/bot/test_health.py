"""Health: whether the process lives, whether what it stands on answers, and nothing that an outsider may not read."""

from __future__ import annotations

import asyncio
import json
import re
import time
from datetime import UTC, datetime, timedelta

import pytest
from pydantic import SecretStr

from bot.http.cache import TTLCache
from bot.sandbox.novita import Fault as NovitaFault
from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import Fault, SandboxSlack
from bot.wiring.base import open_base
from bot.wiring.process import run
from bot.wiring.web import as_web
from bot.wiring.worker import as_worker
from core.domain.errors import SettingsError
from tests.bot.app_fixture import House, open_house
from tests.bot.leaks import everything_logged, found_in, secrets_of
from tests.bot.redis_line import RedisLine
from tests.bot.scenarios import read, running, seen, with_lease_to
from tests.bot.watching import fetched, readiness, said, scraped
from tests.patience import SOON_SECONDS, patience


async def has_beaten(house: House) -> None:
    """Returns once a worker's tasks have given a sign of life."""
    async with patience():
        while await house.base.store.worker_seen_at() is None:  # noqa: ASYNC110
            await asyncio.sleep(0.01)  # Redis tells nobody when it changes.


async def test_all_is_well_and_each_dependency_says_how_long_it_took(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        await has_beaten(house)
        status, text, _ = await fetched(house.port, "/healthz")
        assert (status, json.loads(text)) == (200, {"status": "alive"})
        status, states = await readiness(house.port)
        assert status == 200
        assert list(states) == ["redis", "slack", "novita", "worker"]
        for state in states.values():
            assert state.keys() == {"ok", "ms"}
            assert state["ok"] is True
            assert 0 <= state["ms"] < 3000


async def test_a_sign_of_life_from_the_future_is_no_sign_until_a_worker_gives_a_right_one(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await house.base.store.see_worker(house.base.clock.now() + timedelta(hours=2))
        await house.base.store.note_success("observe", house.base.clock.now() + timedelta(hours=2))
        status, states = await readiness(house.port)
        assert (status, states["worker"]["ok"]) == (200, False)
        assert "ahead: a clock was wrong" in states["worker"]["error"]
        look = await scraped(house.port)
        assert look.value("gpu_bot_worker_up") == 0
        assert look.value("gpu_bot_task_last_success_timestamp_seconds", task="observe") is None
        async with open_base(house.settings) as base, as_worker(base), patience():
            while not (await readiness(house.port))[1]["worker"]["ok"]:  # noqa: ASYNC110
                await asyncio.sleep(0.05)


async def test_all_goes_on_with_a_redis_whose_clock_is_wrong_and_with_one_that_is_set_right(redis_url: str) -> None:
    async with RedisLine(redis_url) as line:
        line.clock_ahead = 7200
        async with open_house(line.url) as house:
            made, _ = await running(house)
            assert made.running_at is not None
            ahead = made.running_at - datetime.now(UTC)
            assert timedelta(hours=1, minutes=58) < ahead < timedelta(hours=2, minutes=2)
            line.clock_ahead = 0
            async with patience():
                while (await read(house, made.id)).running_at > datetime.now(UTC):  # type: ignore[operator]  # noqa: ASYNC110
                    await asyncio.sleep(0.1)
            record = await read(house, made.id)
            assert record.lease.ends_at is not None
            assert record.lease.ends_at < datetime.now(UTC) + timedelta(hours=8)
            await with_lease_to(house, record, timedelta(seconds=-1))
            await seen(house, record, "is stopped")
            async with patience():
                while not (await readiness(house.port))[1]["worker"]["ok"]:  # noqa: ASYNC110
                    await asyncio.sleep(0.05)


async def test_a_missing_worker_is_named_and_the_web_stays_ready(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        status, states = await readiness(house.port)
        assert (status, states["worker"]["error"]) == (200, "no worker so far")
        await house.base.store.see_worker(house.base.clock.now() - timedelta(seconds=40))
        async with house.another_web() as port:
            status, states = await readiness(port)
        assert status == 200
        assert states["worker"]["ok"] is False
        assert re.fullmatch(r"no worker for [4-9][0-9] s", states["worker"]["error"])


async def test_what_is_away_is_named_while_the_process_lives(redis_url: str) -> None:
    slack, novita = SandboxSlack(), SandboxNovita()
    slack.faults.down = True
    novita.fail_all(NovitaFault.reset(has_effect=False))
    async with open_house(redis_url, workers=0, warm=False, slack=slack, novita=novita) as house:
        status, _, _ = await fetched(house.port, "/healthz")
        assert status == 200
        status, states = await readiness(house.port)
        assert status == 503
        assert [name for name, state in states.items() if not state["ok"]] == ["slack", "novita", "worker"]
        assert states["slack"]["error"].startswith("no answer (")
        assert states["novita"]["error"] == "no answer (NovitaUnclear)"


async def test_a_refused_key_and_a_refused_token_are_told_apart_from_silence(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        house.slack.faults.always("auth.test", Fault.error("token_revoked"))
        house.novita.fail_all(NovitaFault.refused(401, "UNAUTHORIZED", f"bad key {house.novita.api_key}"))
        status, states = await readiness(house.port)
        assert status == 503
        assert states["slack"]["error"] == "refused (token_revoked)"
        assert states["novita"]["error"] == "refused (account)"
        house.slack.faults.clear()
        house.novita.clear_faults()


async def test_whatever_stands_in_the_way_the_answer_holds_no_secret_and_no_address(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, open_house(redis_url, workers=0) as house:
        secret = SecretStr(line.url.replace("://", "://:redis-password@"))
        settings = house.settings.model_copy(update={"redis_url": SecretStr(line.url)})
        async with open_base(settings) as core, as_web(core) as port:
            await line.down()
            house.slack.faults.always("auth.test", Fault.not_json())
            house.novita.fail_all(NovitaFault.refused(403, "FORBIDDEN", f"no {secret.get_secret_value()} for you"))
            status, text, _ = await fetched(port, "/readyz")
            assert status == 503
            assert json.loads(text)["redis"]["error"] == "no answer (StoreUnavailable)"
            assert found_in(text, secrets_of(house.slack, house.novita)) == set()
            for part in ("127.0.0.1", "redis-password", "/openapi", "http"):
                assert part not in text
            house.slack.faults.clear()
            house.novita.clear_faults()
            await line.up()


async def test_dependencies_that_hang_are_asked_side_by_side_and_not_waited_for(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, open_house(redis_url, workers=0) as house:
        settings = house.settings.model_copy(update={"redis_url": SecretStr(line.url)})
        async with open_base(settings) as core, as_web(core) as port:
            line.stall()
            house.slack.faults.always("auth.test", Fault.hang())
            house.novita.fail_all(NovitaFault.hang(has_effect=False))
            began = time.monotonic()
            (status, states), (alive, _, _) = await asyncio.gather(readiness(port), fetched(port, "/healthz"))
            assert time.monotonic() - began < SOON_SECONDS
            assert (status, alive) == (503, 200)
            assert {state["error"] for state in states.values()} == {"no answer within 3 s"}
            line.resume()
            house.slack.faults.clear()
            house.novita.clear_faults()


async def test_however_many_ask_at_once_each_dependency_is_asked_once(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house, house.another_web() as port:
        before = len(house.novita.calls_of("clusters")), len(house.slack.calls_of("auth.test"))
        house.novita.fail_next("clusters", NovitaFault.slow(0.2))
        answers = await asyncio.gather(*(readiness(port) for _ in range(30)))
        assert {status for status, _ in answers} == {200}
        after = len(house.novita.calls_of("clusters")), len(house.slack.calls_of("auth.test"))
        assert (after[0] - before[0], after[1] - before[1]) == (1, 1)


async def test_one_who_leaves_does_not_take_the_answer_from_the_others_and_a_failure_is_not_kept() -> None:
    begun, go, count = asyncio.Event(), asyncio.Event(), 0

    async def find() -> int:
        nonlocal count
        count += 1
        begun.set()
        await go.wait()
        if count == 2:
            raise ValueError("broken")
        return count

    recent = TTLCache(find, timedelta())
    leaving, staying = asyncio.create_task(recent.get()), asyncio.create_task(recent.get())
    await begun.wait()
    leaving.cancel()
    go.set()
    assert await staying == 1
    with pytest.raises(ValueError, match="broken"):
        await recent.get()
    assert await recent.get() == 3


async def test_an_answer_is_kept_for_as_long_as_was_said() -> None:
    found = iter(range(10))

    async def find() -> int:
        return next(found)

    recent = TTLCache(find, timedelta(minutes=1))
    assert [await recent.get() for _ in range(3)] == [0, 0, 0]


async def test_a_worker_shows_its_health_and_metrics_on_a_port_of_its_own(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        settings = house.settings.model_copy(update={"metrics_port": 0})
        with everything_logged("json") as log:
            async with open_base(settings) as core, as_worker(core):
                await has_beaten(house)
                (ready,) = said(log, "metrics_ready")
                port = int(ready["addresses"][0].rpartition(":")[2])
                assert (await fetched(port, "/healthz"))[0] == 200
                status, states = await readiness(port)
                assert (status, states["worker"]["ok"]) == (200, True)
                assert (await scraped(port)).value("gpu_bot_worker_up") == 1
                for path in ("/slack/events", "/api/instances", "/"):
                    assert (await fetched(port, path))[0] == 404


async def test_a_port_that_is_taken_is_one_line_that_names_the_variable(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        settings = house.settings.model_copy(update={"metrics_port": house.port})
        with pytest.raises(SettingsError, match=f"METRICS_PORT: cannot listen on 127.0.0.1:{house.port}"):
            await run(settings, as_worker)
