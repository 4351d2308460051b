"""People of the make-believe Slack against a small real Bolt app, over HTTP and over Socket Mode."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from aiohttp import web
from slack_bolt.adapter.aiohttp import to_aiohttp_response, to_bolt_request
from slack_bolt.adapter.socket_mode.async_handler import AsyncSocketModeHandler
from slack_bolt.app.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox.slack import Kind
from tests.bot.slack_sandbox import RunningSlack, buttons, modal_view, option, plain, running_slack, text_field
from tests.served import served_at

Json = dict[str, Any]
TEMPLATE = {
    "type": "input",
    "block_id": "template",
    "label": plain("Template"),
    "element": {"type": "external_select", "action_id": "template", "min_query_length": 0},
}


@pytest.fixture
async def slack() -> AsyncIterator[RunningSlack]:
    async with running_slack() as running:
        yield running


def bolt_app(slack: RunningSlack, session: aiohttp.ClientSession) -> AsyncApp:
    """A bot that opens a modal on /gpu, posts a card when it is submitted, and edits it when its button is pressed."""
    client = AsyncWebClient(token=slack.bot_token, base_url=slack.api, session=session)
    app = AsyncApp(client=client, signing_secret=slack.signing_secret, process_before_response=True)

    @app.command("/gpu")
    async def create(ack: Any, body: Json, client: AsyncWebClient) -> None:
        await client.views_open(trigger_id=body["trigger_id"], view=modal_view(text_field(), TEMPLATE))
        await ack("here you are")

    @app.options("template")
    async def templates(ack: Any, payload: Json) -> None:
        await ack(options=[option(payload["value"])])

    @app.view("form")
    async def submitted(ack: Any, view: Json, client: AsyncWebClient) -> None:
        name = view["state"]["values"]["name"]["name"]["value"]
        if name == "bad":
            await ack(response_action="errors", errors={"name": "no"})
            return
        await client.chat_postMessage(channel=slack.channel_id("gpu"), text=name, blocks=buttons("stop"))
        await ack()

    @app.action("stop")
    async def stop(ack: Any, body: Json, client: AsyncWebClient, respond: Any) -> None:
        await ack()
        await client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"], text="stopped")
        await respond("done", replace_original=False)

    return app


async def play(slack: RunningSlack) -> None:
    """A person creates something, mistypes once, and stops it."""
    ada = slack.person("ada")
    await ada.command("/gpu create")
    assert [message.text for message in ada.ephemerals()] == ["here you are"]
    modal = await ada.modal("form")
    await modal.choose("template", "pytorch")
    await modal.fill("name", "bad")
    assert (await modal.submit()).errors == {"name": "no"}
    await modal.fill("name", "train-1")
    assert (await modal.submit()).closed
    (card,) = ada.messages()
    assert card.text == "train-1"
    await ada.click(card, "stop")
    assert (card.text, card.blocks) == ("stopped", [])
    assert [message.text for message in ada.ephemerals()] == ["here you are", "done"]
    assert slack.problems == []
    assert all(call.ok for call in slack.calls)


async def test_the_whole_story_over_signed_http(slack: RunningSlack) -> None:
    async with aiohttp.ClientSession() as session:
        app = bolt_app(slack, session)

        async def receive(request: web.Request) -> web.Response:
            return await to_aiohttp_response(await app.async_dispatch(await to_bolt_request(request)))

        async with served_at("POST", "/slack/events", receive) as slack.bot_url:
            await play(slack)
            forged = await slack.post({"type": "x"}, Kind.INTERACTIVE, headers={"X-Slack-Signature": "v0=00"})
            assert forged.status == 401


async def test_the_whole_story_over_socket_mode(slack: RunningSlack) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = AsyncSocketModeHandler(bolt_app(slack, session), slack.app_token)
        await sockets.connect_async()  # type: ignore[no-untyped-call]
        await slack.wait_until(lambda: slack.sockets.connected)
        await play(slack)
        await sockets.close_async()  # type: ignore[no-untyped-call]
        await slack.wait_until(lambda: not slack.sockets.connected)


async def raw_socket(slack: RunningSlack, session: aiohttp.ClientSession) -> aiohttp.ClientWebSocketResponse:
    answer = await AsyncWebClient(base_url=slack.api).apps_connections_open(app_token=slack.app_token)
    socket = await session.ws_connect(answer["url"])
    assert (await socket.receive_json())["type"] == "hello"
    with pytest.raises(aiohttp.WSServerHandshakeError):
        await session.ws_connect(answer["url"])
    return socket


async def test_an_envelope_carries_the_payload_and_takes_an_answer(slack: RunningSlack) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await raw_socket(slack, session)
        typed = asyncio.create_task(slack.person("ada").command("/gpu help"))
        envelope = await socket.receive_json()
        assert (envelope["type"], envelope["accepts_response_payload"]) == ("slash_commands", True)
        assert envelope["payload"]["command"] == "/gpu"
        await socket.send_json({"envelope_id": envelope["envelope_id"], "payload": {"text": "help"}})
        ack = await typed
        assert ack.ok and json.loads(ack.body) == {"text": "help"}
        await socket.close()


async def test_an_envelope_can_be_repeated_and_each_connection_gets_its_turn(slack: RunningSlack) -> None:
    async with aiohttp.ClientSession() as session:
        sockets = [await raw_socket(slack, session), await raw_socket(slack, session)]
        posts = [asyncio.create_task(slack.post({"type": "x"}, Kind.EVENT, envelope_id="same")) for _ in sockets]
        envelopes = [await socket.receive_json() for socket in sockets]
        assert {envelope["envelope_id"] for envelope in envelopes} == {"same"}
        for socket in sockets:
            await socket.send_json({"envelope_id": "same"})
        assert all(ack.ok for ack in await asyncio.gather(*posts))


async def test_slack_says_goodbye_before_it_closes_a_socket(slack: RunningSlack) -> None:
    async with aiohttp.ClientSession() as session:
        socket = await raw_socket(slack, session)
        goodbye = asyncio.create_task(slack.sockets.disconnect("warning"))
        assert (await socket.receive_json())["reason"] == "warning"
        assert (await socket.receive()).type is aiohttp.WSMsgType.CLOSE
        await goodbye
