"""The HTTP edge under random input: bytes, payloads and Slack's own payloads bent out of shape, signed and not."""

from __future__ import annotations

import copy
import io
import json
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any
from urllib.parse import urlencode

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from bot.sandbox.slack import Outcome
from tests.bot import wire
from tests.bot.app_fixture import House, open_house, payload_of
from tests.bot.leaks import everything_logged
from tests.patience import SOON_SECONDS, examples

Json = dict[str, Any]

FORM = "application/x-www-form-urlencoded"
TYPES = ["", FORM, "application/json", "multipart/form-data; boundary=x", "text/plain; charset=nonsense", "/;;="]
KINDS = ["command", "block_actions", "block_suggestion", "view_submission"]

shared_house = settings(
    max_examples=examples(40), suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=40)
    | st.text("1👩<&\x00\ud800", max_size=9)
)
values = st.recursive(
    scalars, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3)
)
header_text = st.text(st.characters(codec="latin-1", exclude_characters="\r\n\x00"), max_size=60)
bends = st.lists(
    st.tuples(st.sampled_from(["drop", "replace", "wrap"]), st.integers(0, 10_000), values), min_size=1, max_size=3
)


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    with everything_logged("json") as stream:
        yield stream


@pytest.fixture
async def house(redis_url: str, log: io.StringIO) -> AsyncIterator[House]:
    """Everything that Slack sends for a create has been through its front once."""
    async with open_house(redis_url, workers=0) as opened:
        modal = await opened.modal()
        await modal.search("template_id", "comfy")
        await modal.press("reveal_advanced")
        await opened.slack.wait_until(lambda: "envs" in modal.fields())
        await modal.fill("envs", "TOKEN=hush-hush-value")
        await modal.fill("name", "not allowed")
        assert (await modal.submit()).outcome is Outcome.ERRORS
        yield opened


async def answer(house: House, body: bytes, content_type: str, *, signed: bool, **headers: str) -> int:
    """The status, which must not be late."""
    all_headers = {"Content-Type": content_type, **(house.slack.signed(body) if signed else {}), **headers}
    began = time.monotonic()
    status = await wire.request(house.port, body, all_headers)
    assert time.monotonic() - began < SOON_SECONDS
    return status


@shared_house
@given(
    body=st.binary(max_size=300) | values.map(lambda value: json.dumps(value).encode()),
    content_type=st.sampled_from(TYPES),
)
@example(body=b'{"type":"event_callback","event":{"type":"app_home_opened"}}', content_type="application/json")
async def test_random_bodies_never_give_a_5xx_nor_a_create(house: House, body: bytes, content_type: str) -> None:
    assert await answer(house, body, content_type, signed=False) == 401
    assert 200 <= await answer(house, body, content_type, signed=True) < 500
    assert house.novita.calls_of("create") == []


@shared_house
@given(
    fields=st.dictionaries(
        st.sampled_from(["payload", "command", "text", "ssl_check", "user_id", "type"]), values | st.just("/gpu")
    )
)
async def test_random_forms_never_give_a_5xx_nor_a_create(house: House, fields: Json) -> None:
    written = {name: value if isinstance(value, str) else json.dumps(value) for name, value in fields.items()}
    body = urlencode({name: value.encode(errors="surrogatepass") for name, value in written.items()}).encode()
    assert await answer(house, body, FORM, signed=False) == 401
    assert 200 <= await answer(house, body, FORM, signed=True) < 500
    assert house.novita.calls_of("create") == []


@shared_house
@given(
    names=st.dictionaries(st.from_regex(r"\A[A-Za-z0-9!#$%&'*+.^_`|~-]{1,30}\Z"), header_text, max_size=5),
    stamp=header_text,
    signature=header_text,
)
@example(names={}, stamp="nan", signature="v0=é")
@example(names={"X-Slack-Retry-Num": "x", "X-Slack-Bolt-Lazy-Only": "1"}, stamp="1e9", signature="v0=")
async def test_random_headers_never_let_anybody_in(
    house: House, names: dict[str, str], stamp: str, signature: str
) -> None:
    own = {"content-length", "connection", "host", "transfer-encoding", "expect", "upgrade", "content-encoding"}
    headers = {name: value.encode("latin-1") for name, value in names.items() if name.lower() not in own}
    forged = {"X-Slack-Request-Timestamp": stamp.encode("latin-1"), "X-Slack-Signature": signature.encode("latin-1")}
    body = sent(house, "view_submission")
    calls = len(house.slack.calls)
    assert await wire.request(house.port, body, {**headers, **forged}) in {400, 401}
    assert len(house.slack.calls) == calls
    assert house.novita.calls_of("create") == []


@shared_house
@given(kind=st.sampled_from(KINDS), end=st.integers(0, 10_000), start=st.integers(0, 50))
async def test_a_real_payload_cut_anywhere_never_gives_a_5xx(house: House, kind: str, end: int, start: int) -> None:
    whole = sent(house, kind)
    body = whole[start : start + end % len(whole)]
    assert await answer(house, body, FORM, signed=False) == 401
    assert 200 <= await answer(house, body, FORM, signed=True) < 500
    assert house.novita.calls_of("create") == []


@settings(shared_house, max_examples=examples(120))
@given(kind=st.sampled_from(KINDS), bent=bends)
async def test_a_real_payload_bent_out_of_shape_never_gives_a_5xx_and_makes_one_instance_at_most(
    house: House, kind: str, bent: list[tuple[str, int, Any]], log: io.StringIO
) -> None:
    payload = payload_of(sent(house, kind))
    if kind == "view_submission":
        payload["view"]["state"]["values"]["name"]["name"]["value"] = "train-1"
    view_id = payload.get("view", {}).get("id")
    made = len(house.novita.creates)
    for how, where, value in bent:
        bend(payload, how, where, value)
    body = urlencode(
        payload if kind == "command" else {"payload": json.dumps(payload)}, errors="surrogatepass"
    ).encode()
    assert await answer(house, body, FORM, signed=False) == 401
    for _ in range(2):
        assert 200 <= await answer(house, body, FORM, signed=True) < 500
    is_same_view = isinstance(payload.get("view"), dict) and payload["view"].get("id") == view_id
    assert len(house.novita.creates) <= (made or 1) if is_same_view else made + 1
    assert "hush-hush-value" not in log.getvalue()


def sent(house: House, kind: str) -> bytes:
    """The body of the last delivery of a kind."""
    mark = b"command=%2Fgpu" if kind == "command" else b"%22type%22%3A+%22" + kind.encode()
    return next(each.body for each in reversed(house.front.delivered) if mark in each.body)


def bend(payload: Json, how: str, where: int, value: Any) -> None:
    """Drops, replaces or wraps what stands at one place of the payload, however deep."""
    places = list(places_in(payload))
    if not places:
        return
    holder, key = places[where % len(places)]
    if how == "drop":
        del holder[key]
    else:
        holder[key] = value if how == "replace" else [copy.deepcopy(holder[key])]


def places_in(part: Any) -> Iterator[tuple[Any, Any]]:
    for key, value in part.items() if isinstance(part, dict) else enumerate(part):
        yield part, key
        if isinstance(value, dict | list):
            yield from places_in(value)
