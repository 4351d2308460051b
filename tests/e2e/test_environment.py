"""The environment that a process finds: proxies, certificates, quotes, a home that is missing, orders to end."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from core.adapters.redis_server import ensure_server
from tests.bot.watching import listening_program
from tests.e2e.proxy import SmallProxy
from tests.e2e.stage import BotProcess, Stage, open_stage
from tests.patience import patience, until
from tests.tls import Authority, line_to


def elsewhere(url: str) -> str:
    """The same under a name that only the proxy knows."""
    parts = urlsplit(url)
    return url.replace(parts.hostname or "", f"bot-{parts.port}.test", 1)


async def test_slack_novita_socket_mode_and_webhooks_go_through_the_proxy(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage, SmallProxy().open() as proxy, listening_program() as webhook:
        away = {
            "SLACK_API_URL": elsewhere(stage.api),
            "NOVITA_API_URL": elsewhere(stage.novita.base_url),
            "WEBHOOK_URL": elsewhere(webhook),
            "WEBHOOK_ALLOW_PRIVATE": "true",
            "HTTP_PROXY": proxy.url.replace("http://", "http://me:hushhush@"),
            "SLACK_APP_TOKEN": stage.slack.app_token,
        }
        web = await stage.start("up", **away)
        await web.says("socket_connected")
        await web.says("novita_call", lambda call: call["outcome"] == "ok")
        await web.says("slack_call", lambda call: call["outcome"] == "ok")
        await stage.submitted("train-1")
        await web.says("webhook_call", lambda call: call["status"] is not None)
        targets = {urlsplit(line.split(" ")[1]).netloc or line.split(" ")[1] for line in proxy.asked}
        assert {urlsplit(away[name]).netloc for name in ("SLACK_API_URL", "NOVITA_API_URL", "WEBHOOK_URL")} <= targets
        assert any("proxy-authorization: basic" in head.lower() for head in proxy.heads)
        assert "hushhush" not in "\n".join(web.lines)
        assert await web.stop() == 0


async def doctors(stage: Stage, **settings: str) -> tuple[int, dict[str, dict[str, str]], str]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bot", "doctor", "--json"),
        env=stage.environment(**settings),
        cwd=stage.folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, err = await process.communicate()
    assert "Traceback" not in err.decode()
    return process.returncode or 0, {found["name"]: found for found in json.loads(out)["findings"]}, err.decode()


async def test_the_doctor_says_the_way_out_and_what_a_proxy_refuses(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage, SmallProxy().open() as proxy:
        away = {"NOVITA_API_URL": elsewhere(stage.novita.base_url), "HTTP_PROXY": proxy.url}
        _, found, _ = await doctors(stage, **away)
        assert f"Novita through {proxy.url} (HTTP_PROXY)" in found["Way out"]["found"]
        assert found["Novita key"]["state"] == "ok"
        assert any(urlsplit(away["NOVITA_API_URL"]).netloc in line for line in proxy.asked)


WRONG = {
    "ALL_PROXY": "socks5://127.0.0.1:1080",
    "SSL_CERT_FILE": "/no/such/file",
    "REQUESTS_CA_BUNDLE": "/no/such/file",
    "HOST": "203.0.113.7",
    "SLACK_SIGNING_SECRET": "xoxb-1-2",
}
REDIS = {
    "redis://127.0.0.1:1?ssl_cert_reqs=none": "ssl_cert_reqs is an option of rediss://",
    "redis://127.0.0.1:1?colour=red": "colour is no option",
    "rediss://127.0.0.1:1?ssl_cert_reqs=perhaps": "ssl_cert_reqs has a value",
    "redis://127.0.0.1:1?socket_timeout=99": "socket_timeout is this program's own choice",
    "rediss://127.0.0.1:1?ssl_ca_certs=/no/such/file": "ssl_ca_certs is /no/such/file, which is not there",
}


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [*((name, value, "") for name, value in WRONG.items()), *(("REDIS_URL", url, said) for url, said in REDIS.items())],
)
async def test_what_is_wrong_is_one_line_at_the_start_and_a_finding_of_the_doctor(
    tmp_path: Path, name: str, value: str, said: str
) -> None:
    async with open_stage(tmp_path) as stage:
        process = await stage.start("web", **{name: value})
        assert await process.ended() == 1
        [line] = [line for line in process.lines if not line.startswith("{")]
        assert line.startswith(f"{name}: {said}")
        if name != "HOST":
            code, found, _ = await doctors(stage, **{name: value})
            assert code == 1
            assert found["Redis" if name == "REDIS_URL" else name]["state"] == "failed"


async def test_exceptions_in_brackets_and_quotes_of_docker_are_no_fault(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        quoted = {
            "SLACK_BOT_TOKEN": f'"{stage.slack.bot_token}"',
            "SLACK_SIGNING_SECRET": f" '{stage.slack.signing_secret}'\r\n",
            "NOVITA_API_KEY": f"\ufeff{stage.novita.api_key} ",
        }
        web = await stage.web(NO_PROXY="[::1]", HTTPS_PROXY="http://127.0.0.1:9", **quoted)
        assert (await stage.slack.person("ada").command("/gpu help")).ok
        assert await web.stop() == 0


async def test_a_signing_secret_of_another_form_is_found_by_the_doctor(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        code, found, _ = await doctors(stage, SLACK_SIGNING_SECRET="not-a-secret-of-slacks")
        assert code == 1
        assert found["Slack's way in"]["state"] == "failed"


_WITHOUT_A_HOME = """
import os
from core.adapters import settings
from core.domain.errors import SettingsError
os.environ.pop("HOME", None)
os.setuid(54321)
try:
    settings.for_worker()
except SettingsError as error:
    print(error)
"""


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody whom no list knows")
async def test_a_home_that_is_missing_is_one_line(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", _WITHOUT_A_HOME),
            env=stage.environment(DATA_DIR=""),
            cwd="/",
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        assert said.decode().startswith("DATA_DIR: not set, and this user has no home folder")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_an_order_to_end_during_the_wait_for_redis_ends_it_at_once_with_0(
    tmp_path: Path, number: signal.Signals
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        async with open_stage(tmp_path) as stage:
            for role in ("web", "worker", "up"):
                process = await stage.start(role, REDIS_URL=f"redis://127.0.0.1:{port}")
                silent.settimeout(30)
                connection, _ = await asyncio.to_thread(silent.accept)
                with connection:
                    process.signal(number)
                    async with patience():
                        assert await process.ended() == 0
                assert not any("Traceback" in line for line in process.lines)


async def hears(process: BotProcess, number: signal.Signals) -> bool:
    """Whether it has said by now what is to be done on a signal."""
    status = Path(f"/proc/{process.pid}/status").read_text()  # noqa: ASYNC240 - no file on a disk
    caught = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigCgt"))
    return bool(caught >> (number - 1) & 1)


@pytest.mark.skipif(sys.platform != "linux", reason="Linux alone tells")
async def test_an_order_to_end_while_it_loads_is_no_fault(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        for milliseconds in (0, 100, 300, 700):
            process = await stage.start("up", REDIS_URL="redis://127.0.0.1:1")
            await until(lambda process=process: hears(process, signal.SIGTERM))  # type: ignore[misc]
            await asyncio.sleep(milliseconds / 1000)  # The moment is the point, wherever it falls.
            process.signal(signal.SIGTERM)
            assert await process.ended() == 0, milliseconds


async def test_a_redis_whose_certificate_nobody_vouches_for_is_one_line_with_its_cure(tmp_path: Path) -> None:
    """At the start and in the doctor; and with the authority named it works."""
    authority = Authority(tmp_path)
    async with open_stage(tmp_path) as stage, redis_of(tmp_path) as own, line_to(own, authority.server()) as place:
        url = f"rediss://{place}"
        process = await stage.start("web", REDIS_URL=url)
        assert await process.ended() == 1
        [line] = [line for line in process.lines if not line.startswith("{")]
        assert line.startswith("REDIS_URL: its certificate is not trusted: ")
        assert "SSL_CERT_FILE" in line
        _, found, _ = await doctors(stage, REDIS_URL=url)
        assert found["Redis"]["found"].startswith("its certificate is not trusted: ")
        _, found, _ = await doctors(stage, REDIS_URL=url, SSL_CERT_FILE=str(authority.file))
        assert found["Redis"]["state"] == "ok"


@contextlib.asynccontextmanager
async def redis_of(folder: Path) -> AsyncIterator[str]:
    """The address of one for this test alone."""
    server = await ensure_server(folder / "own")
    try:
        yield server.url
    finally:
        await server.close()
