"""What stands in the way of a start is said in one clear line, with exit code 1 and without a traceback."""

from __future__ import annotations

import socket
from functools import partial
from pathlib import Path

import pytest
from redis.asyncio import Redis

from bot.sandbox.slack import ANY_METHOD, Fault
from tests.e2e.stage import Stage, open_stage
from tests.patience import until

HELP = "GPUs from Slack"
STARTING = "I am just starting, try again in a moment."


async def lines_of_failed_start(stage: Stage, role: str = "web", **settings: str) -> list[str]:
    """What a process says that cannot start, its log apart."""
    process = await stage.start(role, **settings)
    assert await process.ended() == 1
    return [line for line in process.lines if not line.startswith("{")]


MISSING = {
    ("web", "SLACK_BOT_TOKEN"): "",
    ("web", "SLACK_SIGNING_SECRET"): "",
    ("web", "NOVITA_API_KEY"): "",
    ("worker", "SLACK_BOT_TOKEN"): "",
    ("worker", "NOVITA_API_KEY"): "",
    ("up", "SLACK_SIGNING_SECRET"): "",
}
WRONG = {
    ("web", "SLACK_BOT_TOKEN"): "xoxp-hush-hush",
    ("web", "NOVITA_API_URL"): "not an address",
    ("web", "PORT"): "http",
    ("web", "OBSERVE_INTERVAL"): "soon",
    ("web", "REDIS_URL"): "http://hush:hush@example.com",
    ("web", "LOG_FORMAT"): "pretty",
    ("web", "API_TOKEN"): "hush-hush",
    ("web", "SLACK_APP_TOKEN"): "xoxb-hush-hush",
    ("worker", "WEBHOOK_SECRET"): "hush",
    ("up", "PUBLIC_URL"): "http://gpu-bot.example.com",
    ("worker", "DEFAULT_LEASE"): "100h",
    ("web", "DATA_DIR"): "/proc/nowhere",
}


@pytest.mark.parametrize(
    ("role", "name", "value"), [(*key, value) for key, value in [*MISSING.items(), *WRONG.items()]]
)
async def test_a_setting_that_is_missing_or_wrong_is_named_in_one_line(
    tmp_path: Path, role: str, name: str, value: str
) -> None:
    async with open_stage(tmp_path) as stage:
        [line] = await lines_of_failed_start(stage, role, **{name: value})
        assert line.startswith(f"{name}: ")
        assert "hush" not in line


async def test_each_missing_setting_has_its_line(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        missing = {"SLACK_BOT_TOKEN": "", "SLACK_SIGNING_SECRET": "", "NOVITA_API_KEY": ""}
        lines = await lines_of_failed_start(stage, **missing)
        assert [line.partition(":")[0] for line in lines] == sorted(missing)


async def test_a_token_that_slack_refuses_ends_the_start(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        for role in ("web", "worker"):
            [line] = await lines_of_failed_start(stage, role, SLACK_BOT_TOKEN="xoxb-of-another-workspace")
            assert line.startswith("SLACK_BOT_TOKEN: Slack refuses it")
        [line] = await lines_of_failed_start(stage, SLACK_APP_TOKEN="xapp-of-another-app")
        assert line.startswith("SLACK_APP_TOKEN: Slack refuses it")


@pytest.mark.parametrize("role", ["web", "worker", "up"])
async def test_a_user_of_redis_with_too_few_rights_ends_the_start_and_what_it_lacks_is_named(
    tmp_path: Path, role: str
) -> None:
    async with open_stage(tmp_path) as stage, Redis.from_url(stage.redis.url) as admin:
        rules = ("on", ">hush-hush", "~{gpu}:*", "+@all", "-@scripting")
        await admin.execute_command("ACL", "SETUSER", "bot", *rules)  # type: ignore[no-untyped-call]
        url = stage.redis.url.replace("unix://", "unix://bot:hush-hush@")
        [line] = await lines_of_failed_start(stage, role, REDIS_URL=url)
        assert line.startswith("REDIS_URL: its user may not run EVAL, EVALSHA; give it ~{gpu}:*")
        assert "hush" not in line


async def test_a_port_that_is_taken_is_named(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with open_stage(tmp_path) as stage:
            [line] = await lines_of_failed_start(stage, PORT=port)
            assert line.startswith("PORT: ")
            assert port in line


@pytest.mark.parametrize("role", ["up", "worker"])
async def test_a_start_that_fails_leaves_nothing_behind_that_would_break_afterwards(tmp_path: Path, role: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        async with open_stage(tmp_path) as stage:
            away = {"NOVITA_API_URL": "http://127.0.0.1:9"}
            process = await stage.start(role, METRICS_PORT=port, **away)
            assert await process.ended() == 1
            [line] = [line for line in process.lines if not line.startswith("{")]
            assert line.startswith("METRICS_PORT: cannot listen on")
            assert [line for line in process.lines if "unhandled" in line or "Traceback" in line] == []


async def test_a_host_that_is_none_is_not_told_as_a_port(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        [line] = await lines_of_failed_start(stage, HOST="999.1.1.1")
        assert line.startswith("HOST: 999.1.1.1 is no address")


async def test_regions_that_novita_does_not_list_are_named_in_the_log_and_end_nothing(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        web = await stage.web(DEFAULT_REGION="XX-YY-01", REGION_PRIORITY="AS-SGP-2,AS-SGP-02")
        for setting, names in (("DEFAULT_REGION", ["XX-YY-01"]), ("REGION_PRIORITY", ["AS-SGP-2"])):
            line = await web.says("region_unknown", lambda line, setting=setting: line["setting"] == setting)  # type: ignore[misc]
            assert line["level"] == "warning"
            assert line["regions"] == names
            assert "AS-SGP-02" in line["known"]


@pytest.mark.parametrize("mode", ["HTTP", "Socket Mode"])
async def test_an_absent_slack_does_not_end_the_start_and_is_met_when_it_is_back(tmp_path: Path, mode: str) -> None:
    """Nobody is let in before it is known whose people they are; the next start knows without Slack."""
    async with open_stage(tmp_path) as stage:
        is_socket_mode = mode == "Socket Mode"
        settings = {"SLACK_APP_TOKEN": stage.slack.app_token} if is_socket_mode else {}
        away = Fault.reset_before_effect() if is_socket_mode else Fault.server_error()

        stage.slack.faults.always(ANY_METHOD, away)
        web = await stage.web(**settings)
        if not is_socket_mode:
            assert STARTING in await asked_for_help(stage)
        stage.slack.faults.clear()
        if is_socket_mode:
            await stage.slack.wait_until(lambda: stage.slack.sockets.connected)
        await until(partial(is_helped, stage))
        assert await web.stop() == 0

        stage.slack.faults.always(ANY_METHOD, away)
        web = await stage.web(**settings)
        if is_socket_mode:
            stage.slack.faults.clear()
            await stage.slack.wait_until(lambda: stage.slack.sockets.connected)
        assert HELP in await asked_for_help(stage)
        assert await web.stop() == 0
        stage.slack.faults.clear()


async def asked_for_help(stage: Stage) -> str:
    """What only the person who asked is shown."""
    return (await stage.slack.person("ada").command("/gpu help")).body


async def is_helped(stage: Stage) -> bool:
    """Anything but the help, and the request to wait, is a fault."""
    shown = await asked_for_help(stage)
    assert HELP in shown or STARTING in shown
    return HELP in shown
