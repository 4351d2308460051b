"""Request ids: one id leads from what came in, over every call that it caused, to the thread where it was told."""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Iterator
from datetime import timedelta
from urllib.parse import urlencode

import aiohttp
import pytest
from pydantic import SecretStr

from bot.sandbox.slack import Fault
from bot.slack.ids import Action
from bot.wiring.base import open_base
from bot.wiring.web import as_web
from core.domain.instance import Status
from core.telemetry import request_id
from tests.bot.api import BEARER, TOKEN
from tests.bot.app_fixture import House, open_house
from tests.bot.leaks import everything_logged, found_in, secrets_of
from tests.bot.test_edge import FORM, HELP
from tests.bot.watching import Json, fetched, lines, said, settled
from tests.bot.wire import request
from tests.patience import patience


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with everything_logged("json") as stream:
        yield stream


async def created(house: House) -> Json:
    """A create through the modal, told to its end; the payload of its card's metadata."""
    await house.submitted("train-1")
    await house.outcome("Created")
    card = await house.card("is running")
    await house.replies(card, 2)
    assert card.metadata is not None
    payload: Json = card.metadata["event_payload"]
    return payload


async def test_one_create_is_one_trail_from_the_submission_to_the_thread(redis_url: str, log: io.StringIO) -> None:
    async with open_house(redis_url) as house:
        payload = await created(house)
        record = await house.base.store.get(payload["instance_id"])
    (arrived,) = said(log, "request", kind="view_submission")
    assert arrived["request_id"] == payload["request_id"] == (record and record.intent.request_id)
    assert {"route": "/slack/events", "status": 200, "user": house.slack.person("ada").id}.items() <= arrived.items()
    trail = [line for line in lines(log) if line.get("request_id") == arrived["request_id"]]
    assert [line["event"] for line in trail].count("request") == 1
    (post,) = (line for line in trail if line["event"] == "novita_call" and line["method"] == "POST")
    assert post["path"].endswith("/gpu/instance/create")
    told = [line["method"] for line in trail if line["event"] == "slack_call"]
    assert told.count("chat.postMessage") == 3, "the card, that it is created, and that it runs"
    assert "chat.update" in told
    assert [line["event"] for line in trail].count("instance_create") == 1
    assert {line["level"] for line in trail} == {"info"}
    assert found_in(log.getvalue(), secrets_of(house.slack, house.novita)) == set()


async def test_a_worker_that_goes_on_with_the_telling_goes_on_under_the_same_id(
    redis_url: str, log: io.StringIO
) -> None:
    async with open_house(redis_url, webs=1, workers=0) as house:
        house.slack.faults.always("chat.postMessage", Fault.server_error(503))
        await house.submitted("train-1")
        await house.novita.wait_until(lambda: bool(house.novita.instances))
        await house.base.dispatcher.drain(timedelta(seconds=10))
        (arrived,) = said(log, "request", kind="view_submission")
        (made,) = await house.base.store.live()
        house.slack.faults.clear()
        before = len(lines(log))
        async with open_base(house.settings) as core:
            async with patience():
                while not await core.dispatcher.sweep():  # noqa: ASYNC110
                    await asyncio.sleep(0.01)  # It is due when its time has come: nobody says so.
            await core.dispatcher.drain(timedelta(seconds=10))
        posts = [line for line in lines(log)[before:] if line.get("method") == "chat.postMessage"]
        assert posts
        for post in posts:
            assert (post["request_id"], post["instance_id"]) == (arrived["request_id"], made.id)


async def test_what_a_person_asks_later_has_an_id_of_its_own(redis_url: str, log: io.StringIO) -> None:
    async with open_house(redis_url) as house:
        payload = await created(house)
        await house.slack.person("ada").command("/gpu stop train-1")
        (asked,) = said(log, "request", kind="command")[-1:]
        assert asked["request_id"] != payload["request_id"]


async def test_over_socket_mode_each_payload_has_an_id_too(redis_url: str, log: io.StringIO) -> None:
    async with open_house(redis_url, workers=0) as house:
        changes = {"slack_app_token": SecretStr(house.slack.app_token), "slack_signing_secret": None}
        settings = house.settings.model_copy(update=changes)
        house.slack.bot_url = ""
        async with open_base(settings) as core, as_web(core):
            await house.slack.wait_until(lambda: house.slack.sockets.connected == 1)
            assert (await house.slack.person("ada").command("/gpu help")).ok
            await house.submitted("train-1")
            await house.outcome("Created")
    helped, opened, submitted = (
        said(log, "request", route="socket_mode", kind=kind)[place]
        for kind, place in (("command", 0), ("command", 1), ("view_submission", 0))
    )
    assert len({helped["request_id"], opened["request_id"], submitted["request_id"]}) == 3
    (post,) = said(log, "novita_call", method="POST")
    assert post["request_id"] == submitted["request_id"]
    assert said(log, "slack_call", method="views.open")[0]["request_id"] == opened["request_id"]


async def test_the_answer_names_the_id_and_requests_on_one_connection_do_not_share_it(
    redis_url: str, log: io.StringIO
) -> None:
    async with open_house(redis_url, workers=0) as house, aiohttp.ClientSession() as session:
        ids = []
        for _ in range(3):
            headers = {**FORM, **house.slack.signed(HELP)}
            url = f"http://127.0.0.1:{house.port}/slack/events"
            async with session.post(url, data=HELP, headers=headers) as answer:
                assert answer.status == 200
                ids.append(answer.headers["X-Request-Id"])
    assert len(set(ids)) == 3
    assert [line["request_id"] for line in said(log, "request", kind="command")] == ids


@pytest.mark.parametrize("path", ["/nowhere", "/healthz", "/readyz", "/metrics", "/api/offers", "/slack/events"])
async def test_every_answer_names_an_id_whatever_it_is(redis_url: str, path: str) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house:
        _, _, headers = await fetched(house.port, path)
        assert request_id.is_sane(headers["X-Request-Id"])


@pytest.mark.parametrize(
    ("given", "is_taken"),
    [
        ("run-42.build_7", True),
        ("A" * 64, True),
        ("A" * 65, False),
        ("", False),
        ("two words", False),
        ("-flag", False),
        ('"}', False),
        ("é", False),
        ("a\tb", False),
    ],
)
async def test_a_programs_own_id_is_taken_when_it_is_sane(
    redis_url: str, log: io.StringIO, given: str, is_taken: bool
) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house:
        status, _, headers = await fetched(house.port, "/api/offers", {**BEARER, "X-Request-Id": given})
        assert status == 200
        assert (headers["X-Request-Id"] == given) is is_taken
        assert request_id.is_sane(headers["X-Request-Id"])
    (line,) = said(log, "request", route="/api/offers")
    assert line["request_id"] == headers["X-Request-Id"]


async def test_nobody_but_a_program_at_the_api_chooses_an_id(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        _, _, headers = await fetched(house.port, "/nowhere", {"X-Request-Id": "mine"})
        assert headers["X-Request-Id"] != "mine"


async def test_a_line_has_the_routes_pattern_and_never_the_path(redis_url: str, log: io.StringIO) -> None:
    async with open_house(redis_url, workers=0, public_url="https://bot.example.com") as house:
        for method, path in [
            ("POST", "/hooks/4h2k9xw0ab/HIDDEN-token"),
            ("DELETE", "/hooks/4h2k9xw0ab/HIDDEN-token"),
            ("POST", "/hooks/4h2k9xw0ab/HIDDEN-token/"),
            ("GET", "/HIDDEN?token=HIDDEN"),
        ]:
            assert await request(house.port, b"text", method=method, path=path) in {404, 405}
        (reported, *others) = said(log, "request")
    assert (reported["route"], reported["status"]) == ("/hooks/{id}/{token}", 404)
    assert [line["route"] for line in others] == ["unknown"] * 3
    assert "HIDDEN" not in log.getvalue()


async def test_a_reference_that_a_person_sees_stands_in_the_log_beside_the_request(
    redis_url: str, log: io.StringIO
) -> None:
    """A click as Slack never sends it: without the person."""
    click = {"type": "block_actions", "actions": [{"type": "button", "action_id": Action.STOP.value, "block_id": "b"}]}
    body = urlencode({"payload": json.dumps(click)}).encode()
    async with open_house(redis_url, workers=0) as house:
        assert await request(house.port, body, {**FORM, **house.slack.signed(body)}) == 200
    (broke,) = said(log, "listener_broke")
    (arrived,) = said(log, "request")
    assert broke["reference"]
    assert broke["request_id"] == arrived["request_id"]


async def test_a_bot_that_nobody_asks_for_anything_says_nothing(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        await created(house)
        await settled(house)
        with everything_logged("json", "info") as log:
            looks = len(house.novita.calls_of("instances"))
            await house.novita.wait_until(lambda: len(house.novita.calls_of("instances")) > looks + 3)
            for path in ("/healthz", "/readyz", "/metrics"):
                assert (await fetched(house.port, path))[0] == 200
            assert lines(log) == []
        (record,) = await house.base.store.live()
        assert record.status is Status.RUNNING


async def test_bolt_says_nothing_of_what_slack_sends_however_much_is_logged(redis_url: str, log: io.StringIO) -> None:
    async with open_house(redis_url) as house:
        await created(house)
        (delivered, *_) = house.front.delivered
    theirs = [line for line in lines(log) if str(line.get("logger", "")).startswith(("slack_bolt", "slack_sdk"))]
    assert theirs == []
    assert delivered.headers["X-Slack-Signature"] not in log.getvalue()
    assert "trigger_id" not in log.getvalue()
