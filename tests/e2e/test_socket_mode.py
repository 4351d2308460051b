"""Socket Mode: the same story over a websocket, with envelopes that come twice and connections that end."""

from __future__ import annotations

import asyncio
from pathlib import Path

import aiohttp
import pytest

from bot.sandbox.slack import Kind, payloads
from tests.e2e.stage import BotProcess, Stage, open_stage


async def connected(stage: Stage) -> BotProcess:
    """A web on a socket; Slack knows no address of it."""
    web = await stage.web(SLACK_APP_TOKEN=stage.slack.app_token, SLACK_SIGNING_SECRET="")
    await stage.slack.wait_until(lambda: stage.slack.sockets.connected)
    return web


async def test_a_person_creates_a_gpu_over_the_socket_and_watches_it_run(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        web = await connected(stage)
        await stage.worker()
        modal = await stage.modal()
        await modal.fill("name", "two words")
        assert "A name has" in (await modal.submit()).errors["name"]
        await modal.fill("name", "train-1")
        assert (await modal.submit()).updated
        await stage.outcome("Created")
        card = await stage.card("is running")
        assert len(await stage.replies(card, 2)) == 2
        assert await web.stop() == 0


async def test_without_a_signing_secret_nothing_comes_in_by_http(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        await connected(stage)
        body = b"command=%2Fgpu&text=help"
        async with aiohttp.ClientSession() as session:
            url, headers = f"{stage.slack.bot_url}/slack/events", stage.slack.signed(body)
            async with session.post(url, data=body, headers=headers) as answer:
                assert answer.status == 404


async def test_an_envelope_that_comes_twice_makes_one_instance(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        await connected(stage)
        await stage.worker()
        modal = await stage.modal()
        submission = payloads.submission(stage.slack.workspace, stage.slack.person("ada").member, modal.view)
        twice = (stage.slack.post(submission, Kind.INTERACTIVE, envelope_id="the-same") for _ in range(2))
        assert all(ack.ok for ack in await asyncio.gather(*twice))
        card = await stage.card("is running")
        assert len(await stage.replies(card, 2)) == 2
        assert len(stage.novita.calls_of("create")) == 1
        assert stage.slack.person("bo").messages("gpu") == [card]


@pytest.mark.parametrize("reason", ["warning", "refresh_requested"])
async def test_a_connection_that_slack_ends_is_made_again_and_the_story_goes_on(tmp_path: Path, reason: str) -> None:
    async with open_stage(tmp_path) as stage:
        await connected(stage)
        await stage.worker()
        modal = await stage.modal()
        asked = len(stage.slack.calls_of("apps.connections.open"))
        await stage.slack.sockets.disconnect(reason)
        await stage.slack.wait_until(
            lambda: stage.slack.sockets.connected and len(stage.slack.calls_of("apps.connections.open")) > asked, 20
        )
        assert (await modal.submit()).updated
        card = await stage.card("is running")
        assert len(await stage.replies(card, 2)) == 2
        assert len(stage.novita.calls_of("create")) == 1


async def test_a_connection_gone_deaf_is_replaced_and_the_next_command_is_answered_once(tmp_path: Path) -> None:
    async with open_stage(tmp_path) as stage:
        web = await connected(stage)
        stage.slack.sockets.go_deaf()
        rebuilt = await web.says("socket_rebuilt")
        assert rebuilt["why"] == "no pong"
        ada = stage.slack.person("ada")
        assert (await ada.command("/gpu help")).ok
        assert len(ada.ephemerals()) == 1
        assert await web.stop() == 0
