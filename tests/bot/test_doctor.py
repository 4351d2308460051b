"""The doctor: what is found in settings and Redis, how checks are carried out, and how it is all shown."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import redis
from aiohttp import web
from hypothesis import given
from hypothesis import strategies as st

from bot.doctor import CheckResult, State, table
from bot.doctor.result import Result, failed, is_well, ok, verdict
from bot.doctor.runner import Check, examine
from bot.doctor.settings import settings_findings
from bot.sandbox.novita import Fault as NovitaFault
from bot.views.doctor import doctor_message
from core.adapters.redis import Store, connect
from core.adapters.settings import Settings
from core.domain.errors import SettingsError
from tests.bot.app_fixture import open_house
from tests.bot.doctor_fixture import clinic, said_to_cy
from tests.bot.factories import everything_in
from tests.bot.test_views_card import assert_slack_takes
from tests.patience import SOON_SECONDS
from tests.served import served_at


async def test_where_all_is_well_every_check_says_so(redis_url: str) -> None:
    async with clinic(redis_url) as well:
        found = await well.findings()
        assert {finding.state for finding in found.values()} == {State.OK}
        assert {"Redis", "Worker", "Outbox", "Slack token", "Slack scopes", "Novita balance", "Clock"} <= found.keys()
        assert found["Slack token"].found == "gpu-bot in Sandbox"
        assert found["Novita balance"].found == "$250.00 left"
        assert well.novita.violations == []


# Settings


def test_each_wrong_setting_is_one_failure_with_what_to_do() -> None:
    problems = {"PORT": "is not a number", "SLACK_BOT_TOKEN": "not set; it is the Bot User OAuth Token"}
    found = {finding.name: finding for finding in settings_findings(Settings(_env_file=None), problems)}
    assert found["PORT"].state is found["SLACK_BOT_TOKEN"].state is State.FAILED
    assert found["SLACK_BOT_TOKEN"].found == "not set"
    assert found["SLACK_BOT_TOKEN"].advice == "It is the Bot User OAuth Token."
    assert all(finding.advice for finding in found.values())


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("ADMINS", {"admins": ()}),
        ("PUBLIC_URL", {"public_url": "http://127.0.0.1:3000"}),
        ("WEBHOOK_SECRET", {"webhook_url": "https://example.com/hook"}),
    ],
)
def test_a_setting_that_is_probably_not_meant_is_a_warning(name: str, settings: dict[str, Any]) -> None:
    chosen = Settings(_env_file=None, **{"admins": ("U0CY000001",), **settings})
    [finding] = settings_findings(chosen, {})
    assert (finding.name, finding.state) == (name, State.WARNING)
    assert finding.advice


# Redis


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ({"maxmemory-policy": "allkeys-lru"}, "gives up records"),
        ({"appendonly": "no", "save": ""}, "nothing is kept on disk"),
        ({"appendonly": "no", "save": "3600 1"}, "only snapshots"),
    ],
)
async def test_a_redis_that_may_lose_records_is_a_warning_that_says_what_is_lost(
    redis_url: str, config: dict[str, str], said: str
) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        before: Any = {name: client.config_get(name)[name] for name in config}
        try:
            for name, value in config.items():
                client.config_set(name, value)
            async with clinic(redis_url) as sick:
                ills = await sick.ills()
        finally:
            for name, value in before.items():
                client.config_set(name, value)
    assert ills.keys() == {"Redis data"}
    assert ills["Redis data"].state is State.WARNING
    assert said in ills["Redis data"].found


async def test_the_tried_write_leaves_nothing_behind(redis_url: str) -> None:
    async with clinic(redis_url) as well:
        await well.findings()
    with redis.Redis.from_url(redis_url) as client:
        assert list(client.scan_iter("{gpu}:doctor*")) == []


async def test_a_server_that_will_not_speak_of_itself_is_no_ill(redis_url: str) -> None:
    with redis.Redis.from_url(redis_url, decode_responses=True) as client:
        client.acl_setuser("shy", enabled=True, nopass=True, keys="*", commands=["+@all", "-info", "-config"])
        shy_url = redis_url.replace("unix://", "unix://shy:any@")
        async with clinic(shy_url) as shy:
            found = await shy.findings()
        client.acl_deluser("shy")
    assert found["Redis"].state is found["Redis data"].state is State.OK
    assert "it does not say" in found["Redis data"].found


async def test_a_redis_that_is_away_is_said_once(redis_url: str) -> None:
    async with clinic(redis_url) as sick:
        away = Store(connect("redis://127.0.0.1:9/0"))

        async def open_store() -> Store:
            return away

        sick.patient = replace(sick.patient, open_store=open_store)
        ills = await sick.ills()
    assert {name: finding.state for name, finding in ills.items()} == {
        "Redis": State.FAILED,
        "Redis data": State.SKIPPED,
        "Worker": State.SKIPPED,
        "Records": State.SKIPPED,
        "Outbox": State.SKIPPED,
        "Strays": State.SKIPPED,
        "Alarms": State.SKIPPED,
    }


async def test_an_embedded_server_that_does_not_start_is_told_in_its_own_words(redis_url: str) -> None:
    async def refuse() -> Store:
        raise SettingsError("DATA_DIR: /nowhere cannot be used (no such folder); choose another")

    async with clinic(redis_url) as sick:
        sick.patient = replace(sick.patient, open_store=refuse)
        finding = (await sick.findings())["Redis"]
    assert (finding.state, finding.found) == (State.FAILED, "/nowhere cannot be used (no such folder)")
    assert finding.advice == "Choose another."


async def test_no_worker_for_long_is_a_failure_and_none_ever_a_warning(redis_url: str) -> None:
    async with clinic(redis_url) as sick:
        await sick.store.see_worker(datetime.now(UTC) - timedelta(seconds=50))
        [(name, finding)] = (await sick.ills()).items()
        assert (name, finding.state) == ("Worker", State.FAILED)
        assert "no worker for 5" in finding.found
        with redis.Redis.from_url(redis_url) as client:
            client.flushall()
        [(name, finding)] = (await sick.ills()).items()
        assert (name, finding.state) == ("Worker", State.WARNING)


async def test_what_waits_to_be_told_for_more_than_a_minute_is_a_warning(redis_url: str) -> None:
    async with clinic(redis_url) as sick:
        due = datetime.now(UTC) - timedelta(minutes=5)
        with redis.Redis.from_url(redis_url) as client:
            client.zadd("{gpu}:outbox", {"someone": due.timestamp() * 1000})
            client.rpush("{gpu}:timeline:someone", json.dumps({"at": due.isoformat()}))
        [(name, finding)] = (await sick.ills()).items()
    assert (name, finding.state) == ("Outbox", State.WARNING)
    assert "1 waiting, the first of them due for 5 min" in finding.found


# The public address


@asynccontextmanager
async def serving(answer: web.StreamResponse | None) -> AsyncIterator[str]:
    """Something that answers /healthz so; None: never."""

    async def healthz(_: web.Request) -> web.StreamResponse:
        if answer is None:
            await asyncio.Event().wait()
            raise AssertionError
        return answer

    async with served_at("GET", "/healthz", healthz, handler_cancellation=True, shutdown_timeout=0.1) as url:
        yield url


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (lambda: web.Response(status=502), "HTTP 502"),
        (lambda: web.Response(status=302, headers={"Location": "/elsewhere"}), "HTTP 302"),
        (lambda: web.Response(text="<html>welcome</html>"), "something else"),
        (lambda: web.json_response(["alive"]), "something else"),
        (lambda: None, "no answer"),
    ],
)
async def test_a_public_address_at_which_something_else_or_nothing_answers_is_a_failure(
    redis_url: str, answer: Any, said: str
) -> None:
    async with serving(answer()) as url, clinic(redis_url, public_url=url) as sick:
        finding = (await sick.findings())["Public address"]
    assert finding.state is State.FAILED
    assert said in finding.found


async def test_the_bot_itself_answers_at_its_public_address(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        url = f"http://127.0.0.1:{house.port}"
        async with clinic(redis_url, public_url=url) as well:
            assert (await well.findings())["Public address"].state is State.OK


# How it is carried out


async def test_checks_run_side_by_side_and_one_that_hangs_or_breaks_takes_no_other_with_it() -> None:
    async def hang() -> Result:
        await asyncio.Event().wait()
        raise AssertionError

    async def stubborn() -> Result:
        try:
            return await hang()
        finally:
            await asyncio.sleep(2 * SOON_SECONDS)

    async def broken() -> Result:
        raise RuntimeError("xoxb-a-secret")

    async def fine() -> Result:
        return ok("fine")

    began = asyncio.get_running_loop().time()
    runs = {"a": hang, "b": hang, "c": stubborn, "d": broken, "e": fine}
    found = await examine([Check(name, run) for name, run in runs.items()], bound=timedelta(seconds=0.2))
    assert asyncio.get_running_loop().time() - began < SOON_SECONDS
    assert [finding.state for finding in found] == [State.FAILED] * 4 + [State.OK]
    assert "xoxb" not in str(found)


async def test_a_check_that_needs_a_failed_one_or_a_wrong_setting_is_not_tried() -> None:
    async def unwell() -> Result:
        return failed("unwell", "rest")

    async def never() -> Result:
        raise AssertionError("it was tried")

    settled = [CheckResult(State.FAILED, "wrong", "", "SETTING")]
    listed = [Check("a", unwell), Check("b", never, ("a",)), Check("c", never, ("b",)), Check("d", never, ("SETTING",))]
    found = await examine(listed, settled)
    assert [finding.state for finding in found] == [State.FAILED, State.FAILED, *[State.SKIPPED] * 3]
    assert found[-1].found == "not checked: it needs SETTING"


# How it is shown

SOME = [
    CheckResult(State.OK, "fine", "", "Redis"),
    CheckResult(State.WARNING, "low [bold]x[/]", "Top it up. " * 20, "Novita balance"),
    CheckResult(State.FAILED, f"<!here> {'away ' * 40}", "Call *somebody* <!channel>", "SLACK_SIGNING_SECRET"),
    CheckResult(State.SKIPPED, "not checked: it needs Redis", "", "Worker"),
]


def test_the_table_fits_80_columns_and_is_plain_when_it_goes_elsewhere() -> None:
    stream = io.StringIO()
    table.show(SOME, stream)
    lines = stream.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert all(line == line.rstrip() for line in lines)
    assert "\x1b" not in stream.getvalue()
    assert "low [bold]x[/]" in stream.getvalue()
    assert lines[-1] == "1 failed, 1 to look at, 1 not checked, 1 ok."


def test_an_encoding_that_lacks_a_sign_does_not_end_it() -> None:
    stream = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    table.show(SOME, stream)


def test_programs_get_json() -> None:
    told = json.loads(table.as_json(SOME))
    assert told["ok"] is False
    assert told["findings"][0] == {"name": "Redis", "state": "ok", "found": "fine", "advice": ""}


def test_warnings_do_not_fail_it() -> None:
    assert is_well(SOME[:2])
    assert not is_well(SOME)
    assert verdict(SOME[:1]) == "All is well: 1 ok."


words = st.text(max_size=400)


@given(st.lists(st.builds(CheckResult, st.sampled_from(State), words, words, words), max_size=40))
def test_slack_takes_whatever_was_found(findings: list[CheckResult]) -> None:
    assert_slack_takes(doctor_message(findings))


def test_in_slack_what_needs_somebody_comes_first_and_nothing_is_taken_for_markup() -> None:
    text = everything_in(doctor_message(SOME).blocks)
    assert text.index("SLACK_SIGNING_SECRET") < text.index("Novita balance") < text.index("Redis")
    assert "<!" not in text


# /gpu doctor


async def test_an_admin_is_told_in_private_how_the_bot_is(redis_url: str) -> None:
    async with open_house(redis_url, admins="U0CY000001") as house:
        await house.watched()
        answer = await said_to_cy(house)
        assert "All is well" in answer
        for name in ("Redis", "Worker", "Slack scopes", "Novita balance", "Clock"):
            assert name in answer
        assert house.slack.person("ada").messages("gpu") == []


async def test_nobody_else_is_told(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, admins="U0CY000001") as house:
        assert "Only the admins" in await said_to_cy(house, who="ada")
        assert "Only members of the workspace" in await said_to_cy(house, who="guest")
        assert house.novita.calls_of("balance") == []


async def test_a_slow_novita_delays_the_answer_and_not_the_ack(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, admins="U0CY000001") as house:
        house.novita.fail_next("balance", NovitaFault.hang(has_effect=False))
        cy = house.slack.person("cy")
        ack = await cy.command("/gpu doctor", channel="gpu")
        assert ack.ok
        assert ack.seconds < 3.0, "Slack's; what hangs does so until the doctor gives it up, after eight"
        assert cy.ephemerals() == []
        house.novita.clear_faults()
        await house.slack.wait_until(cy.ephemerals)
        assert "Novita balance" in cy.ephemerals()[-1].shown
