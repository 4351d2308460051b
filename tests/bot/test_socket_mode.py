"""Socket Mode: whatever becomes of a connection, a new one takes its place, and each command is answered once."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from functools import partial
from typing import Any

import aiohttp
import pytest
import structlog
from slack_bolt.app.async_app import AsyncApp
from slack_bolt.authorization import AuthorizeResult
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import Ack, Fault, Kind, Manner, SandboxSlack, payloads
from bot.slack.socket_mode import SocketConnection, Timings
from bot.wiring.base import open_base
from bot.wiring.web import as_web
from core.domain.errors import SettingsError
from tests.bot.app_fixture import settings_for
from tests.bot.slack_sandbox import RunningSlack, running_slack
from tests.bot.watching import readiness
from tests.patience import SOON_SECONDS, patience

QUICK = Timings(connect=1, hello=1, heartbeat=0.6, quiet=60, steady=60, pause=0.01, longest_pause=0.05, goodbye=0.1)


@asynccontextmanager
async def bot_on_a_socket(redis_url: str, slack: SandboxSlack, pace: Timings = QUICK) -> AsyncIterator[int]:
    """The real bot, connected to Slack by a socket and no other way; the port that the rest of the world has."""
    novita = SandboxNovita()
    await novita.start()
    api = await slack.start()
    socket = {"slack_signing_secret": None, "slack_app_token": slack.app_token}
    try:
        settings = settings_for(slack, api, novita, redis_url, **socket)
        async with open_base(settings) as core, as_web(core, socket_pace=pace) as port:
            yield port
    finally:
        await slack.stop()
        await novita.stop()


async def answered(slack: SandboxSlack) -> Ack:
    """How a command fares now."""
    return await slack.person("ada").command("/gpu help")


def is_back(slack: SandboxSlack, after: int) -> bool:
    """Whether exactly one proper connection is open, made after so many others."""
    return len(slack.sockets.met) > after and slack.sockets.met[-1] is Manner.PROPER and slack.sockets.connected == 1


MISHAPS = {
    "never says hello": [Manner.WORDLESS],
    "is accepted and goes silent": [Manner.DEAF],
    "closes at once, ten times": [Manner.CLOSING] * 10,
    "never answers the request to connect": [Manner.HANGING],
    "all of that": [Manner.HANGING, Manner.WORDLESS, Manner.CLOSING, Manner.DEAF],
}


@pytest.mark.parametrize("manners", MISHAPS.values(), ids=MISHAPS)
async def test_a_connection_that_comes_to_nothing_is_replaced_and_a_command_is_answered_once(
    redis_url: str, manners: list[Manner]
) -> None:
    slack = SandboxSlack(rate_limits=None)
    for manner in manners:
        slack.sockets.meet_next(manner)
    async with bot_on_a_socket(redis_url, slack):
        await slack.wait_until(lambda: is_back(slack, len(manners)))
        assert (await answered(slack)).ok
        assert len(slack.person("ada").ephemerals()) == 1
    assert slack.problems == []


async def test_a_connection_on_which_pings_stop_being_answered_is_replaced(redis_url: str) -> None:
    slack = SandboxSlack(rate_limits=None)
    with structlog.testing.capture_logs() as logs:
        async with bot_on_a_socket(redis_url, slack):
            await slack.wait_until(lambda: is_back(slack, 0))
            assert (await answered(slack)).ok
            slack.sockets.go_deaf()
            await slack.wait_until(lambda: is_back(slack, 1))
            assert (await answered(slack)).ok
            assert len(slack.person("ada").ephemerals()) == 2
    assert [line["why"] for line in logs if line["event"] == "socket_rebuilt"] == ["no pong"]


async def test_a_connection_that_answers_pings_stays(redis_url: str) -> None:
    slack = SandboxSlack(rate_limits=None)
    async with bot_on_a_socket(redis_url, slack, QUICK):
        await slack.wait_until(lambda: is_back(slack, 0))
        await slack.wait_until(lambda: slack.sockets.pings >= 3)
        assert slack.sockets.met == [Manner.PROPER]


async def test_a_connection_that_brings_nothing_for_long_is_renewed_although_its_pings_are_answered(
    redis_url: str,
) -> None:
    slack = SandboxSlack(rate_limits=None)
    async with bot_on_a_socket(redis_url, slack, replace(QUICK, quiet=0.3)):
        await slack.wait_until(lambda: is_back(slack, 2))
        assert (await answered(slack)).ok


async def test_the_old_connection_is_closed_before_the_new_one_is_opened(redis_url: str) -> None:
    slack = SandboxSlack(rate_limits=None)
    most = 0

    def count(_: object) -> None:
        nonlocal most
        most = max(most, slack.sockets.connected)

    slack.subscribe(count)
    async with bot_on_a_socket(redis_url, slack):
        for reason in ("warning", "refresh_requested"):
            await slack.wait_until(lambda: slack.sockets.connected)
            before = len(slack.sockets.met)
            await slack.sockets.announce_end(reason)
            await slack.wait_until(partial(is_back, slack, before))
        slack.sockets.go_deaf()
        await slack.wait_until(lambda: is_back(slack, 3))
    assert most == 1


async def test_slack_is_asked_to_wait_no_less_than_it_said(redis_url: str) -> None:
    slack = SandboxSlack(rate_limits=None)
    async with bot_on_a_socket(redis_url, slack):
        await slack.wait_until(lambda: is_back(slack, 0))
        slack.faults.next("apps.connections.open", Fault.rate_limited(1))
        await slack.sockets.disconnect()
        await slack.wait_until(lambda: is_back(slack, 1))
        *_, refused, allowed = slack.calls_of("apps.connections.open")
        assert allowed.at - refused.at >= 1
        assert (await answered(slack)).ok


# A smaller bot, whose one command can be kept waiting.


class Patience:
    """A bot whose one command ends when it is let go."""

    def __init__(self) -> None:
        self.begun: list[str] = []
        self.done: list[str] = []
        self.go = asyncio.Event()
        self._news = asyncio.Event()

    async def command(self, ack: Any, body: dict[str, Any]) -> None:
        self.begun.append(body["text"])
        self._news.set()
        await self.go.wait()
        await ack("at last")
        self.done.append(body["text"])

    async def has_begun(self) -> None:
        async with patience():
            await self._news.wait()


@asynccontextmanager
async def small_bot(slack: RunningSlack, patience: Patience, pace: Timings = QUICK) -> AsyncIterator[SocketConnection]:
    async def authorize() -> AuthorizeResult:
        return AuthorizeResult(enterprise_id=None, team_id="T0SANDBOX1", bot_token=slack.bot_token)

    async with aiohttp.ClientSession() as session:
        client = AsyncWebClient(token=slack.bot_token, base_url=slack.api, session=session)
        app = AsyncApp(client=client, authorize=authorize, process_before_response=True)
        app.command("/gpu")(patience.command)
        line = SocketConnection(app, slack.app_token, pace)
        async with line.held():
            await slack.wait_until(lambda: slack.sockets.connected)
            yield line


async def test_what_came_before_the_connection_was_lost_is_carried_out_and_answered_over_the_next() -> None:
    patience = Patience()
    async with running_slack() as slack, small_bot(slack, patience):
        command = asyncio.create_task(slack.person("ada").command("/gpu once"))
        await patience.has_begun()
        slack.sockets.go_deaf()
        await slack.wait_until(lambda: is_back(slack, 1))
        patience.go.set()
        assert (await command).body == '{"text": "at last"}'
        assert (patience.begun, patience.done) == (["once"], ["once"])


async def test_at_the_end_what_has_come_is_answered_before_the_connection_closes() -> None:
    patience = Patience()
    async with running_slack() as slack:
        async with small_bot(slack, patience):
            command = asyncio.create_task(slack.person("ada").command("/gpu last"))
            await patience.has_begun()
            asyncio.get_running_loop().call_later(0.1, patience.go.set)
        assert (await command).ok
        assert slack.sockets.connected == 0


async def test_the_end_is_quick_although_a_listener_never_ends() -> None:
    patience = Patience()
    clock = asyncio.get_running_loop().time
    async with running_slack() as slack:
        async with small_bot(slack, patience, replace(QUICK, answer=0.1)):
            command = asyncio.create_task(slack.person("ada").command("/gpu forever"))
            await patience.has_begun()
            began = clock()
        assert clock() - began < SOON_SECONDS
        command.cancel()
        patience.go.set()


@pytest.mark.parametrize("manner", [Manner.DEAF, Manner.WORDLESS, Manner.HANGING])
async def test_the_end_is_quick_although_the_connection_is_dead(manner: Manner) -> None:
    clock = asyncio.get_running_loop().time
    patient = Timings(connect=100, hello=100, heartbeat=100, goodbye=0.1)
    async with running_slack() as slack, aiohttp.ClientSession() as session:
        slack.sockets.meet_next(manner)
        app = AsyncApp(client=AsyncWebClient(token=slack.bot_token, base_url=slack.api, session=session))
        async with SocketConnection(app, slack.app_token, patient).held():
            await slack.wait_until(lambda: slack.sockets.met)
            began = clock()
        assert clock() - began < SOON_SECONDS


async def is_connected(line: SocketConnection) -> bool:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.01):
            await line.connected()
            return True
    return False


async def test_whether_it_is_connected_can_be_asked() -> None:
    patience = Patience()
    patience.go.set()
    async with running_slack() as slack:
        async with small_bot(slack, patience) as line:
            assert (await slack.person("ada").command("/gpu anything")).ok
            assert await is_connected(line)
            slack.sockets.meet_next(Manner.HANGING)
            slack.sockets.go_deaf()
            await slack.wait_until(lambda: len(slack.sockets.met) == 2)
            assert not await is_connected(line)
        assert not await is_connected(line)


async def test_a_web_without_its_connection_is_not_ready_and_names_it(redis_url: str) -> None:
    slack = SandboxSlack(rate_limits=None)
    for _ in range(30):
        slack.sockets.meet_next(Manner.WORDLESS)
    async with bot_on_a_socket(redis_url, slack) as port:
        status, states = await readiness(port)
        assert (status, states["slack"]["ok"]) == (503, True)
        assert (states["socket"]["ok"], states["socket"]["error"]) == (False, "no answer within 3 s")


async def test_a_connection_that_is_just_being_renewed_is_waited_for_before_the_web_is_called_unready(
    redis_url: str,
) -> None:
    slack = SandboxSlack(rate_limits=None)
    slack.sockets.meet_next(Manner.WORDLESS)
    async with bot_on_a_socket(redis_url, slack) as port:
        status, states = await readiness(port)
        assert (status, states["socket"]["ok"]) == (200, True)


@pytest.mark.parametrize("frame", ["", "no JSON", "[]", '"hello"', '{"type": 7}', '{"type": "slash_commands"}', "{}"])
async def test_a_message_that_is_none_of_slacks_does_no_harm(frame: str) -> None:
    patience = Patience()
    patience.go.set()
    async with running_slack() as slack, small_bot(slack, patience):
        await slack.sockets.say(frame)
        assert (await slack.person("ada").command("/gpu still")).ok
        assert slack.sockets.met == [Manner.PROPER]


async def test_a_payload_that_makes_no_sense_is_not_answered_and_the_next_one_is() -> None:
    patience = Patience()
    patience.go.set()
    async with running_slack() as slack, small_bot(slack, patience):
        nonsense = await slack.post({"type": "view_submission"}, Kind.INTERACTIVE)
        assert nonsense.status == 0
        assert (await slack.person("ada").command("/gpu still")).ok


async def test_an_envelope_that_no_listener_knows_is_not_acknowledged() -> None:
    patience = Patience()
    async with running_slack() as slack, small_bot(slack, patience):
        ada = slack.person("ada").member
        unknown = payloads.command(slack.workspace, ada, slack.workspace.channel("gpu"), "/other")
        assert (await slack.post(unknown, Kind.COMMAND)).status == 0


async def test_a_token_that_slack_refuses_is_a_wrong_setting() -> None:
    async with running_slack() as slack, aiohttp.ClientSession() as session:
        app = AsyncApp(client=AsyncWebClient(token=slack.bot_token, base_url=slack.api, session=session))
        with pytest.raises(SettingsError, match="SLACK_APP_TOKEN: Slack refuses it"):
            async with SocketConnection(app, "xapp-of-another-app", QUICK).held():
                pass
