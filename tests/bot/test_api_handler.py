"""Who gets in to /api, and the one form of every error there."""

from __future__ import annotations

import asyncio
import io
import json
import re
import time
from collections.abc import AsyncIterator
from typing import cast

import httpx
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from jsonschema_rs import ValidationError
from openapi_spec_validator import validate

from bot.http import application
from bot.http.api import openapi
from bot.http.api.context import Answer, Context
from bot.http.api.handler import ApiGuard
from bot.http.api.services import Services
from bot.http.application import BODY_LIMIT
from tests.bot import wire
from tests.bot.api import BEARER, BODY, SECRET, TOKEN, Contract, api, code_of
from tests.bot.app_fixture import House, open_house
from tests.bot.leaks import everything_logged
from tests.patience import SOON_SECONDS, patience

JSON = {"Content-Type": "application/json", **BEARER}
LINES = f"Authorization: Bearer {TOKEN}\r\nConnection: close\r\n"
PATHS = [
    ("GET", "/api/instances"),
    ("POST", "/api/instances"),
    ("GET", "/api/instances/x"),
    ("DELETE", "/api/instances/x"),
    ("POST", "/api/instances/x/stop"),
    ("GET", "/api/offers"),
    ("GET", "/api/templates"),
    ("GET", "/api/nowhere"),
    ("PATCH", "/api"),
]


@pytest.fixture
async def house(redis_url: str) -> AsyncIterator[House]:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as opened:
        yield opened
        assert opened.novita.calls_of("create") == []


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer wrong",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN} {TOKEN}",
        f"Basic {TOKEN}",
        TOKEN,
        "Bearer schlüssel",
        "Bearer \udcff",
    ],
    ids=str,
)
async def test_nobody_gets_in_without_the_token(house: House, authorization: str | None) -> None:
    sent = {} if authorization is None else {"Authorization": authorization.encode(errors="surrogateescape")}
    async with api(house) as client:
        del client.headers["Authorization"]
        for method, path in PATHS:
            answer = await client.request(method, path, headers=sent, json=BODY)  # type: ignore[arg-type]
            assert code_of(answer) == (401, "unauthorized")
            assert answer.headers["WWW-Authenticate"].startswith("Bearer ")


async def test_the_token_given_twice_is_given_wrongly(house: House) -> None:
    line = f"Authorization: Bearer {TOKEN}\r\n"
    head = f"GET /api/offers HTTP/1.1\r\nHost: bot\r\nConnection: close\r\n{line}{line}\r\n"
    assert wire.status_of(await wire.say(house.port, head.encode())) in {400, 401}


async def test_the_scheme_may_be_written_in_any_case(house: House) -> None:
    async with api(house, Authorization=f"bearer  {TOKEN}") as client:
        assert (await client.get("/api/offers")).status_code == 200


async def test_no_body_is_read_before_the_token(house: House) -> None:
    """The answer comes although the body never does, and nothing invites the sender to begin with it."""
    head = "POST /api/instances HTTP/1.1\r\nHost: bot\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"
    for more in ("", "Expect: 100-continue\r\n"):
        answer = await first_line(house.port, f"{head}{more}\r\n")
        assert answer.startswith(b"HTTP/1.1 401")


async def test_a_body_is_asked_for_once_the_token_is_right(house: House) -> None:
    authorized = f"POST /api/instances HTTP/1.1\r\nHost: bot\r\nAuthorization: Bearer {TOKEN}\r\nContent-Length: 2\r\n"
    head = f"{authorized}Content-Type: application/json\r\nExpect: 100-continue\r\n\r\n"
    invited, answer = await wire.converse(house.port, head.encode(), b"{}")
    assert invited == b"HTTP/1.1 100 Continue\r\n\r\n"
    assert wire.status_of(answer) == 400
    strange = f"{authorized}Expect: a miracle\r\n\r\n"
    assert (await first_line(house.port, strange)).startswith(b"HTTP/1.1 417")


async def test_without_a_token_set_there_is_no_api(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        for method, path in [*PATHS, ("GET", "/api/openapi.json")]:
            assert await wire.request(house.port, method=method, path=path, headers=JSON) == 404


async def test_the_description_is_open_to_all_and_valid(house: House) -> None:
    async with api(house) as client:
        del client.headers["Authorization"]
        answer = await client.get("/api/openapi.json")
        document = answer.json()
        validate(document)
        assert TOKEN not in answer.text
        described = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
        assert {
            ("POST", "/api/instances"),
            ("GET", "/api/instances"),
            ("GET", "/api/instances/{id}"),
            ("DELETE", "/api/instances/{id}"),
            *(("POST", f"/api/instances/{{id}}/{verb}") for verb in ("start", "stop", "restart", "extend")),
            ("GET", "/api/offers"),
            ("GET", "/api/templates"),
            ("GET", "/api/openapi.json"),
        } <= described


async def test_an_unknown_path_and_a_wrong_method_are_told_apart(house: House) -> None:
    async with api(house) as client:
        for path in ("/api", "/api/", "/api/nowhere", "/api/instances/x/explode", "/api/instances//stop"):
            assert code_of(await client.get(path)) == (404, "not_found")
        wrong = {
            ("PUT", "/api/instances"): "GET, HEAD, POST",
            ("PATCH", "/api/instances/x"): "DELETE, GET, HEAD",
            ("GET", "/api/instances/x/stop"): "POST",
            ("POST", "/api/openapi.json"): "GET, HEAD",
        }
        for (method, path), allowed in wrong.items():
            answer = await client.request(method, path)
            assert code_of(answer) == (405, "method_not_allowed")
            assert answer.headers["Allow"] == allowed


async def test_head_is_answered_like_get_without_the_body(house: House) -> None:
    async with api(house) as client:
        answer = await client.head("/api/instances")
        assert (answer.status_code, answer.content) == (200, b"")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"name"',
        b'{"name": NaN}',
        b'{"name": "\\ud800"}',
        b"\xff\xfe{}",
        b'{"a":' * 100_000,
        b"[" * 500_000,
        b'{"gpuNum": 1' + b"0" * 9000 + b"}",
    ],
    ids=lambda body: repr(body[:14]),
)
async def test_what_is_no_json_object_is_400(house: House, body: bytes) -> None:
    async with api(house) as client:
        answer = await client.post("/api/instances", content=body, headers={"Content-Type": "application/json"})
        assert answer.status_code == 400
        assert answer.json()["error"]["code"] in {"invalid_json", "invalid_request"}


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Type": "text/plain"},
        {"Content-Type": ""},
        {"Content-Type": "/;;="},
        {"Content-Type": "application/json", "Content-Encoding": "gzip"},
    ],
    ids=str,
)
async def test_what_is_not_sent_as_json_is_415(house: House, headers: dict[str, str]) -> None:
    async with api(house) as client:
        answer = await client.post("/api/instances", content=json.dumps(BODY), headers=headers)
        assert code_of(answer) == (415, "unsupported_media_type")


async def test_a_body_that_is_too_large_is_413(house: House) -> None:
    async with api(house) as client:
        body = json.dumps({**BODY, "padding": "x" * BODY_LIMIT})
        answer = await client.post("/api/instances", content=body, headers={"Content-Type": "application/json"})
        assert code_of(answer) == (413, "body_too_large")


async def test_a_body_that_stops_half_way_is_408(house: House) -> None:
    head = "POST /api/instances HTTP/1.1\r\nHost: bot\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"
    began = time.monotonic()
    answer = await first_line(house.port, f'{head}Authorization: Bearer {TOKEN}\r\n\r\n{{"name":')
    assert answer.startswith(b"HTTP/1.1 408")
    assert time.monotonic() - began < 10 + SOON_SECONDS


async def test_a_sender_who_leaves_half_way_does_no_harm(house: House) -> None:
    head = "POST /api/instances HTTP/1.1\r\nHost: bot\r\nContent-Type: application/json\r\nContent-Length: 99\r\n"
    await wire.say(house.port, f"{head}Authorization: Bearer {TOKEN}\r\n\r\n{{".encode(), then_leave=True)
    async with api(house) as client:
        assert (await client.get("/api/instances")).status_code == 200


async def test_no_answer_is_kept_by_a_cache(house: House) -> None:
    async with api(house) as client:
        assert (await client.get("/api/instances")).headers["Cache-Control"] == "no-store"


async def test_neither_the_token_nor_a_body_is_logged(redis_url: str) -> None:
    with everything_logged("json") as log:
        await _talk(redis_url, log)


async def _talk(redis_url: str, log: io.StringIO) -> None:
    async with open_house(redis_url, workers=0, api_token=TOKEN) as house, api(house) as client:
        body = {**BODY, "envs": {"A": SECRET}, "webhookUrl": "https://example.invalid/hook-path-secret"}
        assert (await client.post("/api/instances", json=body, headers={"Idempotency-Key": "k"})).status_code == 201
        await client.post("/api/instances", json={**body, "envs": {"1": SECRET}})
        await client.get("/api/instances", headers={"Authorization": "Bearer almost-the-token"})
    for secret in (TOKEN, SECRET, "hook-path-secret", "almost-the-token"):
        assert secret not in log.getvalue()


async def test_a_defect_is_told_with_a_reference_and_without_what_it_says() -> None:
    async def broken(_: Context) -> Answer:
        raise ZeroDivisionError(SECRET)

    door = ApiGuard(cast(Services, None), TOKEN)
    async with TestServer(application.build([web.get("/api/broken", door.to(broken))])) as server:
        answer = await wire.say(server.port or 0, f"GET /api/broken HTTP/1.1\r\nHost: bot\r\n{LINES}\r\n".encode())
    assert wire.status_of(answer) == 500
    assert re.search(rb'"code":"unexpected".*this reference: [0-9A-F]{6}"', answer)
    assert SECRET.encode() not in answer


def test_a_contract_that_is_broken_is_noticed() -> None:
    contract = Contract(openapi.document())
    kind = {"Content-Type": "application/json"}
    with pytest.raises(AssertionError):
        contract.check("GET", "/api/offers", httpx.Response(418, json={}, headers=kind))
    with pytest.raises(ValidationError):
        contract.check("GET", "/api/offers", httpx.Response(200, json={"offers": []}, headers=kind))


async def first_line(port: int, words: str) -> bytes:
    """The first line of the answer to what is said, while the connection is kept open."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        writer.write(words.encode())
        async with patience():
            return await reader.readline()
    finally:
        writer.close()
