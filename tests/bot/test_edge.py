"""The HTTP edge: only what Slack signed gets in, nothing from outside causes a 5xx, and no answer is late."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
from collections.abc import AsyncIterator
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.sandbox.slack import SandboxSlack
from tests.bot import wire
from tests.bot.app_fixture import House, open_house
from tests.bot.leaks import everything_logged

FORM = {"Content-Type": "application/x-www-form-urlencoded"}
JSON = {"Content-Type": "application/json"}
HELP = b"command=%2Fgpu&text=help&user_id=U0ADA00001&team_id=T0SANDBOX1&channel_id=C0GPU00001"


@pytest.fixture
async def house(redis_url: str) -> AsyncIterator[House]:
    async with open_house(redis_url, workers=0) as opened:
        yield opened


def forged(slack: SandboxSlack, body: bytes) -> dict[str, dict[str, str | bytes]]:
    """Headers that a forger might send."""
    good = slack.signed(body)
    stamp, signature = good["X-Slack-Request-Timestamp"], good["X-Slack-Signature"]
    other = SandboxSlack(signing_secret="another-secret").signed(body)
    now = int(time.time())
    return {
        "nothing": {},
        "no timestamp": {"X-Slack-Signature": signature},
        "no signature": {"X-Slack-Request-Timestamp": stamp},
        "another secret": {**other},
        "last digit changed": {**good, "X-Slack-Signature": signature[:-1] + ("0" if signature[-1] != "0" else "1")},
        "cut": {**good, "X-Slack-Signature": signature[:-1]},
        "another version": {**good, "X-Slack-Signature": "v1" + signature[2:]},
        "upper case": {**good, "X-Slack-Signature": signature.upper()},
        "signature of another body": {**slack.signed(body + b" ")},
        "signature of an empty body": {**slack.signed(b"")},
        "another timestamp": {**good, "X-Slack-Request-Timestamp": str(int(stamp) + 1)},
        "stale": {**slack.signed(body, now - 301)},
        "from the future": {**slack.signed(body, now + 330)},
        "no number": {**good, "X-Slack-Request-Timestamp": "soon"},
        "negative": {**slack.signed(body, -1)},
        "a fraction": {**good, "X-Slack-Request-Timestamp": stamp + ".0"},
        "huge": {**good, "X-Slack-Request-Timestamp": "9" * 400},
        "Arabic digits": {**good, "X-Slack-Request-Timestamp": "١٧٦٤٥٤٧٣٠٠"},
        "superscript": {**good, "X-Slack-Request-Timestamp": "²" * 10},
        "signature not ASCII": {**good, "X-Slack-Signature": "v0=é"},
        "signature not UTF-8": {**good, "X-Slack-Signature": b"v0=\xff\xfe"},
        "empty ones": {"X-Slack-Signature": "", "X-Slack-Request-Timestamp": ""},
        "Bolt's own header": {"X-Slack-Bolt-Lazy-Only": "1", "X-Slack-Bolt-Lazy-Function-Name": "on_submit"},
    }


async def test_nothing_but_a_fresh_signature_of_this_very_body_gets_in(house: House) -> None:
    sent = house.signed(await house.submission())
    calls = len(house.slack.calls)
    for what, headers in forged(house.slack, sent.body).items():
        assert await wire.request(house.port, sent.body, {**FORM, **headers}) == 401, what
    for body in (b"ssl_check=1&token=x", b'{"type":"url_verification","challenge":"x"}', b""):
        assert await wire.request(house.port, body, FORM) == 401
    assert house.novita.calls_of("create") == []
    assert len(house.slack.calls) == calls
    assert await wire.request(house.port, sent.body, sent.headers) == 200
    await house.novita.wait_until(lambda: bool(house.novita.creates))


async def test_bolts_own_headers_from_outside_do_not_choose_what_runs(house: House) -> None:
    lazy = {"X-Slack-Bolt-Lazy-Only": "1", "x-slack-bolt-lazy-function-name": "on_command"}
    async with aiohttp.ClientSession() as session:
        url, headers = f"http://127.0.0.1:{house.port}/slack/events", {**FORM, **house.slack.signed(HELP), **lazy}
        async with session.post(url, data=HELP, headers=headers) as answer:
            assert answer.status == 200
            assert "GPUs from Slack" in await answer.text()


@pytest.mark.parametrize("signed", [True, False])
async def test_a_body_over_one_megabyte_is_413(house: House, signed: bool) -> None:
    body = b"payload=" + b"x" * (1024 * 1024)
    headers = {**FORM, **(house.slack.signed(body) if signed else {})}
    assert await wire.request(house.port, body, headers) == 413


async def test_a_packed_body_is_not_unpacked_however_large_it_would_be(house: House) -> None:
    body = gzip.compress(b"x" * (20 * 1024 * 1024))
    for headers in ({}, house.slack.signed(body)):
        assert await wire.request(house.port, body, {**FORM, "Content-Encoding": "gzip", **headers}) in {400, 401}


@pytest.mark.parametrize("coding", ["gzip", "deflate", "br", "zstd", "nonsense", "identity"])
async def test_a_body_in_a_broken_encoding_is_the_senders_fault(house: House, coding: str) -> None:
    headers = {**FORM, "Content-Encoding": coding, **house.slack.signed(HELP)}
    assert await wire.request(house.port, HELP, headers) in {0, 200, 400, 401, 415}
    assert await wire.request(house.port, HELP, {**FORM, "Content-Encoding": coding}) in {0, 400, 401, 415}


@pytest.mark.parametrize(
    ("method", "path", "statuses"),
    [
        ("GET", "/slack/events", {405}),
        ("PUT", "/slack/events", {405}),
        ("DELETE", "/slack/events", {405}),
        ("OPTIONS", "/slack/events", {405}),
        ("POST", "/", {404}),
        ("GET", "/slack/events/", {404}),
        ("POST", "/slack/install", {404}),
        ("POST", "/healthz", {405}),
        ("GET", "/api/instances", {404}),
        ("GET", "/%ff%fe/../etc/passwd", {404}),
        ("GET", "/%00", {404}),
        ("GET", "//evil.example/slack/events", {404}),
        ("OPTIONS", "*", {400, 404, 405}),
        ("CONNECT", "evil.example:443", {400, 404, 405}),
        ("GET", "http://evil.example:99999/", {400, 404}),
        ("GET", "http://[::1", {400, 404}),
        ("BREW", "/slack/events", {400, 405}),
        ("GET", "/" + "a" * 20_000, {400, 404, 414}),
    ],
)
async def test_unknown_methods_and_paths_get_a_plain_4xx(
    house: House, method: str, path: str, statuses: set[int]
) -> None:
    assert await wire.request(house.port, b"", method=method, path=path) in statuses


NOT_HTTP = {
    "noise": b"\x00\x01\x02\xff" * 64 + b"\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 64,
    "no version": b"POST /slack/events\r\n\r\n",
    "wrong version": b"POST /slack/events HTTP/9.9\r\nHost: x\r\n\r\n",
    "no host": b"POST /slack/events HTTP/1.1\r\nContent-Length: 0\r\n\r\n",
    "bad host": b"POST /slack/events HTTP/1.1\r\nHost: a b[c\r\nContent-Length: 0\r\n\r\n",
    "bad length": b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: many\r\n\r\n",
    "negative length": b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    "two lengths": b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab",
    "length and chunks": b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n"
    b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "bad chunk": b"POST /slack/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n0\r\n\r\n",
    "cut chunk": b"POST /slack/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc",
    "cut body": b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nabc",
    "bad header": b"POST /slack/events HTTP/1.1\r\nHost: x\r\nno colon here\r\n\r\n",
    "huge header": b"POST /slack/events HTTP/1.1\r\nHost: x\r\nX: " + b"a" * 100_000 + b"\r\n\r\n",
    "bad expectation": b"POST /slack/events HTTP/1.1\r\nHost: x\r\nExpect: miracles\r\nContent-Length: 0\r\n\r\n",
    "upgrade": b"GET /slack/events HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n",
    "bad charset": b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Type: a/b; charset=\xff\xfe\r\n"
    b"Content-Length: 2\r\n\r\n\xff\xfe",
}


@pytest.mark.parametrize("words", NOT_HTTP.values(), ids=NOT_HTTP.keys())
async def test_what_is_hardly_http_gets_no_5xx_and_the_bot_lives_on(house: House, words: bytes) -> None:
    assert wire.status_of(await wire.say(house.port, words, then_leave=words.endswith(b"abc"))) < 500
    assert await wire.request(house.port, HELP, {**FORM, **house.slack.signed(HELP)}) == 200


@pytest.mark.parametrize("expected", [b"\xff\xfe", b"miracles", b"100-continue, miracles"])
async def test_an_expectation_that_cannot_be_met_is_417_wherever_it_is_sent(house: House, expected: bytes) -> None:
    for place in ("GET /healthz", "POST /slack/events", "GET /slack/events", "GET /no", "OPTIONS *"):
        method, path = place.split()
        assert await wire.request(house.port, b"", {"Expect": expected}, method=method, path=path) == 417, place


async def test_who_asks_before_sending_a_body_is_told_to_go_on_wherever_that_is(house: House) -> None:
    for place in (b"GET /healthz", b"POST /healthz", b"GET /no"):
        said = await wire.say(
            house.port, place + b" HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-Continue\r\n\r\n"
        )
        invitation, _, answer = said.partition(b"\r\n\r\n")
        assert invitation == b"HTTP/1.1 100 Continue"
        assert wire.status_of(answer) == {b"GET /healthz": 200, b"POST /healthz": 405}.get(place, 404)


@pytest.mark.parametrize("header", [b"X-Key: my-secret-key\x01", b"my-secret-key", b"my secret-key: x"])
async def test_a_header_that_cannot_be_parsed_is_one_line_in_the_log_without_what_it_held(
    house: House, header: bytes
) -> None:
    with everything_logged("json") as log:
        said = await wire.say(house.port, b"GET /healthz HTTP/1.1\r\nHost: x\r\n" + header + b"\r\n\r\n")
    assert wire.status_of(said) == 400
    [line] = [line for line in map(json.loads, log.getvalue().splitlines()) if line.get("logger") == "aiohttp.server"]
    assert line["level"] == "warning"
    assert line["event"].startswith("Error handling request from 127.0.0.1: ")
    assert line.keys() == {"logger", "level", "event", "timestamp"}
    assert "secret-key" not in log.getvalue()


async def test_a_body_that_stops_half_way_is_not_waited_for_any_longer_than_slack_would(house: House) -> None:
    """The connection stays open: a sender that is stuck, or that only wants to keep the bot busy."""
    head = b"POST /slack/events HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\nExpect: 100-continue\r\n\r\n"
    rests = (b"", b"ff\r\nabc", b"zz\r\nabc\r\n", b"3\r\nabcdef", b"f" * 20 + b"\r\n")
    heard = await asyncio.gather(*(wire.converse(house.port, head, rest) for rest in rests))
    assert [wire.status_of(first) for first, _ in heard] == [100] * len(rests)
    assert {wire.status_of(last) for _, last in heard} <= {400, 408}
    assert await wire.request(house.port, HELP, {**FORM, **house.slack.signed(HELP)}) == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff\xfe\xfd",
        b"payload=",
        b"payload=%00",
        b"payload=null",
        b"payload=[]",
        b"payload=%22text%22",
        b"payload={}",
        b"command=%2Fgpu",
        b"command=%2Fother&text=create",
        b"ssl_check=1",
        b"&&&===",
        b"payload=" + b"[" * 50_000,
        b"payload=" + b'{"a":' * 50_000,
        urlencode({"payload": json.dumps({"type": "view_submission"})}).encode(),
        urlencode({"payload": json.dumps({"type": "block_actions", "actions": []})}).encode(),
        urlencode({"payload": json.dumps({"type": "view_submission", "view": None, "user": None})}).encode(),
    ],
    ids=lambda body: body[:40].decode(errors="replace"),
)
async def test_signed_nonsense_is_answered_without_a_5xx(house: House, body: bytes) -> None:
    for headers in (FORM, JSON, {"Content-Type": "\x7f"}, {}):
        assert 200 <= await wire.request(house.port, body, {**headers, **house.slack.signed(body)}) < 500
    assert house.novita.calls_of("create") == []


async def test_many_slow_senders_do_not_hold_up_the_others(house: House) -> None:
    """Half a request each, on two hundred connections that stay open."""
    connections = [await asyncio.open_connection("127.0.0.1", house.port) for _ in range(200)]
    for _, writer in connections:
        writer.write(b"POST /slack/events HTTP/1.1\r\nHost: x\r\nContent-Length: 5000\r\n\r\nabc")
    assert await wire.request(house.port, HELP, {**FORM, **house.slack.signed(HELP)}) == 200
    for _, writer in connections:
        writer.close()
