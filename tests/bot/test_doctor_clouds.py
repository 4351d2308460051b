"""The doctor: what is found at Slack and at Novita, each ill once and with what to do."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.doctor import State
from bot.doctor.slack import MAY_STAND
from bot.sandbox.novita import Fault as NovitaFault
from bot.sandbox.slack import ANY_METHOD, Fault
from bot.sandbox.slack.sockets import Manner
from bot.slack.manifest import SCOPES
from core.adapters.outbound import Outbound
from tests.bot.app_fixture import open_house
from tests.bot.doctor_fixture import HANGING, clinic, said_to_cy
from tests.bot.redis_line import RedisLine
from tests.patience import until
from tests.tls import Authority

# Slack


async def test_scopes_that_are_missing_are_named_and_the_app_has_to_be_reinstalled(redis_url: str) -> None:
    async with clinic(redis_url) as sick:
        sick.slack.scopes -= {"im:write", "users:read"}
        [(name, finding)] = (await sick.ills()).items()
    assert (name, finding.state) == ("Slack scopes", State.FAILED)
    assert "im:write, users:read" in finding.found
    assert "reinstall" in finding.advice


async def test_an_app_of_an_older_manifest_works_and_is_told_what_it_goes_without(redis_url: str) -> None:
    async with clinic(redis_url) as well:
        well.slack.scopes -= {"app_mentions:read", "im:history"}
        finding = (await well.findings())["Slack scopes"]
        assert finding.state is State.WARNING
        assert "app_mentions:read, im:history" in finding.found
        assert "whoever mentions the bot gets no answer" in finding.found
        assert "gpu-bot manifest" in finding.advice and "reinstall" in finding.advice
        well.slack.scopes -= {"im:write"}
        finding = (await well.findings())["Slack scopes"]
        assert finding.state is State.FAILED
        assert "im:write, app_mentions:read, im:history" in finding.found


async def test_more_scopes_than_asked_for_are_no_ill(redis_url: str) -> None:
    async with clinic(redis_url) as well:
        well.slack.scopes |= {"channels:read"}
        assert str(len(SCOPES)) in (await well.findings())["Slack scopes"].found


SLACK_ILLS = {
    "refused": (Fault.error("invalid_auth"), "Slack refuses it (invalid_auth)"),
    "reset": (Fault.reset_before_effect(), "does not answer"),
    "broken": (Fault.server_error(), "does not answer"),
    "not JSON": (Fault.not_json(), "does not answer"),
    "hanging": (Fault.hang(), "no answer within 5 s"),
}


@pytest.mark.parametrize(("fault", "said"), SLACK_ILLS.values(), ids=SLACK_ILLS)
async def test_a_slack_that_does_not_answer_as_it_should_is_said_once_and_the_rest_goes_on(
    redis_url: str, fault: Fault, said: str
) -> None:
    channel = "C0GPU00001"
    async with clinic(redis_url, channel=channel, allowed_channels=channel) as sick:
        sick.slack.faults.always(ANY_METHOD, fault)
        ills = {name: finding for name, finding in (await sick.ills(HANGING)).items() if name != "Slack's way in"}
    assert {name for name, finding in ills.items() if finding.state is State.FAILED} == {"Slack token"}
    assert said in ills["Slack token"].found
    assert {"Slack scopes", "Slack channel", "Allowed channels"} == ills.keys() - {"Slack token"}


SOCKET: dict[str, Any] = {"slack_app_token": "xapp-sandbox", "slack_signing_secret": None}


async def test_in_socket_mode_the_app_token_is_tried_and_the_websocket_opened_and_closed(redis_url: str) -> None:
    async with clinic(redis_url, **SOCKET) as well:
        assert "127.0.0.1 says hello" in (await well.findings())["Slack's way in"].found
        assert len(well.slack.calls_of("apps.connections.open")) == 1
        assert (well.slack.sockets.met, well.slack.sockets.connected) == ([Manner.PROPER], 0)
    async with clinic(redis_url, **SOCKET | {"slack_app_token": "xapp-of-another-app"}) as sick:
        [(name, finding)] = (await sick.ills()).items()
    assert (name, finding.state) == ("Slack's way in", State.FAILED)
    assert "SLACK_APP_TOKEN" in finding.advice


@pytest.mark.parametrize(
    ("manner", "found", "advice"),
    [
        (Manner.WORDLESS, "127.0.0.1 says nothing", "websockets (wss)"),
        (Manner.TURNED_OFF, "turned off for the app", "Turn it on"),
    ],
)
async def test_a_websocket_without_a_greeting_is_a_failure_with_its_cure(
    redis_url: str, manner: Manner, found: str, advice: str
) -> None:
    async with clinic(redis_url, **SOCKET) as sick:
        sick.slack.sockets.meet_next(manner)
        [(name, finding)] = (await sick.ills()).items()
    assert (name, finding.state) == ("Slack's way in", State.FAILED)
    assert found in finding.found
    assert advice in finding.advice


async def test_a_websocket_that_is_refused_is_told_without_its_address_which_is_a_key(redis_url: str) -> None:
    async with clinic(redis_url, **SOCKET) as sick:
        sick.slack.sockets.base += "/nowhere"
        finding = (await sick.ills())["Slack's way in"]
    assert (finding.state, "no websocket to 127.0.0.1" in finding.found) == (State.FAILED, True)
    assert "ticket" not in finding.found + finding.advice


async def test_a_process_that_runs_opens_no_second_way_for_what_people_do(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, admins="U0CY000001", **SOCKET) as house:
        house.slack.bot_url = None
        await house.slack.wait_until(lambda: house.slack.sockets.connected == 1)
        assert "Slack gives an address" in await said_to_cy(house)
        assert len(house.slack.sockets.met) == 1


async def test_a_proxy_that_stands_only_in_the_settings_file_is_named_as_not_read(
    redis_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    (tmp_path / ".env").write_text("HTTPS_PROXY=http://ada:hush@proxy.example:3128\nLOG_LEVEL=info\n")
    async with clinic(redis_url) as sick:
        finding = (await sick.ills())["Way out"]
        assert (finding.state, "HTTPS_PROXY in .env is not read" in finding.found) == (State.WARNING, True)
        assert "hush" not in finding.found + finding.advice
        monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
        assert (await sick.findings())["Way out"].state is State.OK


# The installation's webhook


@asynccontextmanager
async def receiver(context: ssl.SSLContext | None = None) -> AsyncIterator[tuple[str, list[bytes]]]:
    """The place of a server that takes connections, and what each of them brought until its end."""
    brought: list[bytes] = []

    async def take(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        said = b""
        with suppress(ConnectionError):
            while more := await reader.read(1024):
                said += more
        brought.append(said)
        writer.close()

    server = await asyncio.start_server(take, "127.0.0.1", 0, ssl=context)
    try:
        yield f"127.0.0.1:{server.sockets[0].getsockname()[1]}", brought
    finally:
        server.close()


def _webhook(place: str, scheme: str = "https") -> dict[str, Any]:
    secret = SecretStr("a-secret-of-the-receivers")
    return {"webhook_url": f"{scheme}://{place}/hook", "webhook_secret": secret, "webhook_allow_private": True}


@pytest.mark.parametrize("scheme", ["http", "https"])
async def test_the_receiver_of_webhooks_is_connected_to_and_told_nothing(
    redis_url: str, tmp_path: Path, scheme: str
) -> None:
    authority = Authority(tmp_path)
    async with receiver(authority.server() if scheme == "https" else None) as (place, brought):
        async with clinic(redis_url, outbound=trusting(authority), **_webhook(place, scheme)) as well:
            assert "takes connections" in (await well.findings())["Webhook"].found
        await until(lambda: _holds(len(brought) == 1))
    assert brought == [b""]


async def test_a_receiver_that_cannot_be_reached_is_told_with_why(redis_url: str, tmp_path: Path) -> None:
    outbound = trusting(Authority(tmp_path))
    async with receiver(Authority(tmp_path).server()) as (strange, _), receiver() as (plain, _):
        for place, said in ((strange, "certificate is not trusted"), (plain, ""), ("127.0.0.1:1", "")):
            async with clinic(redis_url, outbound=outbound, **_webhook(place)) as sick:
                [(name, finding)] = (await sick.ills()).items()
                assert (name, finding.state) == ("Webhook", State.FAILED)
                assert said in finding.found
                assert finding.advice
        settings = _webhook(plain) | {"webhook_allow_private": False}
        async with clinic(redis_url, **settings) as sick:
            finding = (await sick.ills())["Webhook"]
    assert "private network" in finding.found
    assert "WEBHOOK_ALLOW_PRIVATE" in finding.advice


async def test_without_a_webhook_none_is_looked_at(redis_url: str) -> None:
    async with clinic(redis_url) as well:
        assert "Webhook" not in await well.findings()


async def _holds(condition: bool) -> bool:
    return condition


def trusting(authority: Authority) -> Outbound:
    return Outbound({"SSL_CERT_FILE": str(authority.file)})


async def test_a_post_is_tried_only_when_asked_and_leaves_no_line(redis_url: str) -> None:
    async with clinic(redis_url) as well:
        assert "Slack channel" not in await well.findings()
        assert well.slack.calls_of("chat.postMessage") == []
    async with clinic(redis_url, channel="C0GPU00001") as well:
        assert (await well.findings())["Slack channel"].state is State.OK
        assert len(well.slack.calls_of("chat.postMessage")) == 1
        assert well.slack.person("ada").messages("gpu") == []


@pytest.mark.parametrize(
    ("channel", "word", "then"),
    [
        ("C0GENERAL1", "not_in_channel", "/invite @gpu-bot"),
        ("C0PRIVATE1", "channel_not_found", "/invite @gpu-bot"),
        ("C0NOWHERE1", "channel_not_found", "Check the id"),
        ("C0ARCHIVE1", "is_archived", "another channel"),
    ],
)
async def test_a_channel_that_cannot_be_written_in_comes_with_what_to_do(
    redis_url: str, channel: str, word: str, then: str
) -> None:
    async with clinic(redis_url, channel=channel) as sick:
        if word == "not_in_channel":
            sick.slack.scopes.discard("chat:write.public")
        finding = (await sick.ills())["Slack channel"]
    assert finding.state is State.FAILED
    assert word in finding.found
    assert then in finding.advice


async def test_a_line_that_may_have_stayed_is_said(redis_url: str) -> None:
    async with clinic(redis_url, channel="C0GPU00001") as sick:
        sick.slack.faults.next("chat.delete", Fault.error("fatal_error"))
        finding = (await sick.findings())["Slack channel"]
        assert (finding.state, finding.advice) == (State.WARNING, "Delete it by hand.")
        sick.slack.faults.next("chat.postMessage", Fault.reset_after_effect())
        finding = (await sick.findings())["Slack channel"]
        assert finding.state is State.FAILED
        assert "delete it by hand" in finding.advice


@pytest.mark.parametrize("method", ["chat.postMessage", "chat.delete"])
async def test_a_line_that_may_have_stayed_is_said_too_when_slack_is_too_slow(redis_url: str, method: str) -> None:
    async with clinic(redis_url, channel="C0GPU00001") as sick:
        sick.slack.faults.next(method, Fault.hang())
        finding = (await sick.findings(timedelta(seconds=1)))["Slack channel"]
        assert (finding.state, finding.advice) == (State.FAILED, MAY_STAND)


async def test_allowed_channels_that_slack_does_not_know_are_named(redis_url: str) -> None:
    async with clinic(redis_url, allowed_channels="C0GPU00001,C0GENERAL1") as well:
        assert (await well.findings())["Allowed channels"].found == "2 channels"
    async with clinic(redis_url, allowed_channels="C0GPU00001,C0NOWHERE1") as sick:
        [(name, finding)] = (await sick.ills()).items()
    assert (name, finding.state) == ("Allowed channels", State.WARNING)
    assert "C0NOWHERE1" in finding.found
    assert "C0GPU00001" not in finding.found


# Novita

NOVITA_ILLS = {
    "key": (NovitaFault.refused(401, "UNAUTHORIZED"), "refuses (UNAUTHORIZED)"),
    "gateway": (NovitaFault.gateway(), "something in front of Novita refuses (403): error code: 1010"),
    "path": (NovitaFault.gateway(404, "404 page not found"), "does not answer"),
    "reset": (NovitaFault.reset(has_effect=False), "does not answer"),
    "broken": (NovitaFault.server_error(), "does not answer"),
    "not JSON": (NovitaFault.not_json(), "does not answer"),
    "hanging": (NovitaFault.hang(has_effect=False), "no answer within 5 s"),
}


@pytest.mark.parametrize(("fault", "said"), NOVITA_ILLS.values(), ids=NOVITA_ILLS)
async def test_a_novita_that_does_not_answer_as_it_should_is_said_once(
    redis_url: str, fault: NovitaFault, said: str
) -> None:
    async with clinic(redis_url) as sick:
        sick.novita.fail_all(fault)
        ills = await sick.ills(HANGING)
        ills.pop("Clock", None)
    assert {name for name, finding in ills.items() if finding.state is State.FAILED} == {"Novita key"}
    assert said in ills["Novita key"].found
    assert ills.keys() == {"Novita key", "Novita products", "Novita regions", "Novita balance"}


async def test_a_key_that_is_refused_still_tells_the_time(redis_url: str) -> None:
    async with clinic(redis_url, novita_api_key=SecretStr("sk_of_somebody_else")) as sick:
        found = await sick.findings()
    assert found["Novita key"].state is State.FAILED
    assert "NOVITA_API_KEY" in found["Novita key"].advice
    assert found["Clock"].state is State.OK


@pytest.mark.parametrize(
    ("balance", "state", "said"),
    [
        ("250", State.OK, "$250.00 left"),
        ("4.99", State.WARNING, "$4.99 left"),
        ("0", State.FAILED, "$0.00 left"),
        ("-12.5", State.FAILED, "-$12.50 left"),
    ],
)
async def test_a_low_balance_is_a_warning_and_none_a_failure(
    redis_url: str, balance: str, state: State, said: str
) -> None:
    async with clinic(redis_url) as sick:
        sick.novita.balance = Decimal(balance)
        finding = (await sick.findings())["Novita balance"]
    assert finding.state is state
    assert finding.found.startswith(said)


async def test_a_balance_that_what_runs_uses_up_within_a_day_is_a_warning(redis_url: str) -> None:
    async with house_with_a_gpu(redis_url) as (house, hourly):
        house.novita.balance = hourly * 30
        assert (await said_to_cy(house)).count("🟡") == 0
        house.novita.balance = hourly * 10
        answer = await said_to_cy(house)
        assert "ends it in 10 h" in answer or "ends it in 9 h 59 min" in answer


@asynccontextmanager
async def house_with_a_gpu(redis_url: str) -> AsyncIterator[tuple[Any, Decimal]]:
    """A bot with one running instance that costs enough to matter."""
    async with open_house(redis_url, admins="U0CY000001") as house:
        for region in house.novita.clusters:
            house.novita.set_price(region.name, "RTX 4090 24GB", price=500_000, spot_price=500_000)
        await house.base.catalog.refresh()
        await house.submitted()
        card = await house.card("is running")
        record = await house.record(card)
        assert record.hourly_price is not None
        yield house, record.hourly_price


@pytest.mark.parametrize(
    ("seconds", "state"), [(0, State.OK), (20, State.OK), (45, State.WARNING), (-45, State.WARNING)]
)
async def test_a_clock_that_is_off_is_a_warning(redis_url: str, seconds: int, state: State) -> None:
    async with clinic(redis_url) as sick:
        sick.novita.clock_ahead = -seconds
        finding = (await sick.findings())["Clock"]
    assert finding.state is state
    if state is State.WARNING:
        assert ("ahead of" if seconds > 0 else "behind") in finding.found


async def test_redis_with_another_time_than_everybody_else_is_a_failure_that_says_what_follows(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, clinic(line.url) as sick:
        line.clock_ahead = 7230  # Told in minutes, and a call takes its time.
        findings = await sick.findings()
    assert findings["Clock"].state is State.FAILED
    assert "Redis's is 2 h ahead of Novita's: no lease ends by itself" in findings["Clock"].found
    assert findings["Worker"].state is State.FAILED


async def test_without_novita_redis_and_the_machine_are_compared(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, clinic(line.url) as sick:
        line.clock_ahead = -7230
        await sick.novita.stop()
        findings = await sick.findings()
    assert "Redis's is 2 h behind this machine's" in findings["Clock"].found
    assert "ahead: a clock was wrong" in findings["Worker"].found


async def test_a_clock_so_far_off_that_slack_is_refused_is_a_failure_over_http_alone(redis_url: str) -> None:
    over_socket: dict[str, Any] = {"slack_app_token": "xapp-sandbox"}
    for settings, state in (({}, State.FAILED), (over_socket, State.WARNING)):
        async with clinic(redis_url, **settings) as sick:
            sick.novita.clock_ahead = 400
            assert (await sick.findings())["Clock"].state is state


@pytest.mark.parametrize(
    ("settings", "said"),
    [({"default_region": "CN-HK-99"}, "CN-HK-99"), ({"region_priority": "AS-SGP-02,ATLANTIS"}, "ATLANTIS")],
)
async def test_a_region_in_the_settings_that_novita_does_not_have_is_a_warning(
    redis_url: str, settings: dict[str, Any], said: str
) -> None:
    async with clinic(redis_url, **settings) as sick:
        [(name, finding)] = (await sick.ills()).items()
    assert (name, finding.state) == ("Novita regions", State.WARNING)
    assert said in finding.found
    assert "AS-SGP-02" in finding.advice


async def test_a_novita_without_stock_is_a_warning(redis_url: str) -> None:
    async with clinic(redis_url) as sick:
        for region in sick.novita.clusters:
            sick.novita.out_of_stock_in_listing(region.name)
        [(name, finding)] = (await sick.ills()).items()
    assert (name, finding.state) == ("Novita products", State.WARNING)
