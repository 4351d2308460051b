"""What Novita's error replies mean: sorted by reason, never by luck, whatever the body looks like."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.adapters.novita.errors import GONE, KIND_OF, MESSAGE_LIMIT, NEXT_REGION, NO_ANSWER, error_reply, refusal
from core.domain.attempt import FailureKind
from core.domain.backoff import read_retry_after
from core.domain.errors import NoCapacity, NotFound, NovitaError, NovitaRefused, NovitaUnclear, RateLimited

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


def error(status: int, reason: str = "", message: str = "text") -> NovitaError:
    return refusal(status, json.dumps({"code": status, "reason": reason, "message": message}).encode())


def kind(status: int, reason: str = "", message: str = "text") -> FailureKind:
    refused = error(status, reason, message)
    assert isinstance(refused, NovitaRefused)
    return refused.kind


@pytest.mark.parametrize("reason", sorted(NEXT_REGION))
def test_what_another_region_may_cure_is_no_capacity(reason: str) -> None:
    assert type(error(400, reason)) is NoCapacity


@pytest.mark.parametrize("reason", sorted(GONE))
def test_what_is_gone_is_not_found(reason: str) -> None:
    assert type(error(400, reason)) is NotFound
    assert type(error(404, reason)) is NotFound


@pytest.mark.parametrize(
    "content",
    [b"", b"404 page not found", b"<html>not found</html>", b"{}", b'{"message": "not found"}', b'{"code": 404}'],
)
def test_a_404_without_a_reason_says_nothing_of_what_was_asked_about(content: bytes) -> None:
    assert type(refusal(404, content)) is NovitaUnclear


@pytest.mark.parametrize("status", [400, 403, 404, 503])
@pytest.mark.parametrize("reason", sorted(NO_ANSWER))
def test_an_api_that_is_not_there_has_not_answered(status: int, reason: str) -> None:
    assert type(error(status, reason)) is NovitaUnclear


@pytest.mark.parametrize("reason", ["IMAGE_NOT_FOUND", "JOB_NOT_FOUND", "USER_NOT_FOUND", "NETWORK_STORAGE_NOT_FOUND"])
def test_something_else_that_is_not_found_is_not_the_instance(reason: str) -> None:
    assert type(error(404, reason)) is NovitaRefused


PAGES = [
    b"error code: 1010",
    b"",
    b"<!DOCTYPE html><html><head><title>x</title></head><body>Access denied</body></html>",
    b"{}",
    b'{"code": 403}',
    b'{"message": "Forbidden"}',
    b'["no"]',
]


@pytest.mark.parametrize("content", PAGES)
def test_a_403_that_gives_no_reason_comes_from_what_stands_before_novita(content: bytes) -> None:
    refused = refusal(403, content)
    assert isinstance(refused, NovitaRefused)
    assert refused.kind is FailureKind.GATEWAY


@pytest.mark.parametrize("status", [400, 401, 405, 407, 413, 451])
def test_a_page_is_no_answer_of_novitas_whatever_its_status(status: int) -> None:
    refused = refusal(status, b"<h1>Blocked</h1> by the proxy")
    assert isinstance(refused, NovitaRefused)
    assert (refused.kind, refused.message) == (FailureKind.GATEWAY, "Blocked by the proxy")


@pytest.mark.parametrize("reason", [r for r, k in sorted(KIND_OF.items()) if k is FailureKind.ACCOUNT])
def test_key_trouble_is_what_says_so(reason: str) -> None:
    assert kind(403, reason) is kind(401, reason) is FailureKind.ACCOUNT


@pytest.mark.parametrize(
    ("reason", "expected"),
    [
        ("BILLING_AUTH_FAILED", FailureKind.MONEY),
        ("ACCESS_DENY", FailureKind.ACCOUNT),
        ("NETWORK_MAX_LIMIT", FailureKind.QUOTA),
        ("NETWORK_STORAGE_TOO_LARGE", FailureKind.BAD_INPUT),
        ("INVALID_REQUEST_BODY", FailureKind.BAD_INPUT),
        ("CONFLICT", FailureKind.OTHER),
        ("LIST_BILL_TOO_FAST", FailureKind.PACE),
    ],
)
def test_reasons_that_are_published_mean_what_they_say(reason: str, expected: FailureKind) -> None:
    assert kind(400, reason) is kind(403, reason) is expected


@pytest.mark.parametrize(("reason", "expected"), sorted(KIND_OF.items()))
def test_a_published_reason_keeps_its_kind_under_any_status(reason: str, expected: FailureKind) -> None:
    assert {kind(status, reason) for status in (400, 401, 403, 422)} == {expected}


@pytest.mark.parametrize("status", [500, 502, 503, 504, 302, 408])
def test_a_server_error_leaves_the_effect_unclear_whatever_its_reason(status: int) -> None:
    assert type(error(status, "INSUFFICIENT_RESOURCE")) is NovitaUnclear


def test_a_missing_wallet_is_certain_despite_its_500() -> None:
    assert kind(500, "WALLET_NOT_FOUND") is FailureKind.MONEY


@pytest.mark.parametrize("reason", ["RATE_LIMIT_EXCEEDED", "", "ANYTHING"])
def test_429_is_a_rate_limit_whatever_its_reason(reason: str) -> None:
    assert type(error(429, reason)) is RateLimited


@pytest.mark.parametrize(
    ("status", "message", "expected"),
    [
        (403, "quota used up", FailureKind.QUOTA),
        (403, "insufficient resources for team", FailureKind.QUOTA),
        (403, "limit reached", FailureKind.QUOTA),
        (403, "insufficient permissions", FailureKind.ACCOUNT),
        (403, "your API key has expired", FailureKind.ACCOUNT),
        (401, "quota", FailureKind.ACCOUNT),
        (400, "quota", FailureKind.OTHER),
    ],
)
def test_an_unknown_403_is_a_quota_when_its_text_says_so(status: int, message: str, expected: FailureKind) -> None:
    assert kind(status, "", message) is expected
    assert kind(status, "NEW_REASON", message) is expected


@pytest.mark.parametrize(
    ("status", "reason", "message", "expected"),
    [
        (403, "FORBIDDEN", "quota exceeded", FailureKind.QUOTA),
        (403, "PERMISSION_DENIED", "instance limit reached", FailureKind.QUOTA),
        (403, "PERMISSION_DENIED", "insufficient permissions", FailureKind.ACCOUNT),
        (401, "FORBIDDEN", "quota exceeded", FailureKind.ACCOUNT),
        (403, "BALANCE_NOT_ENOUGH", "insufficient balance", FailureKind.MONEY),
        (403, "INVALID_REQUEST_BODY", "limit must be at most 100", FailureKind.BAD_INPUT),
        (403, "FORBIDDEN", "invalid state change: quota", FailureKind.OTHER),
        (401, "NEW_REASON", "go away", FailureKind.ACCOUNT),
    ],
)
def test_a_403_that_blames_the_account_is_a_quota_when_its_text_says_so(
    status: int, reason: str, message: str, expected: FailureKind
) -> None:
    assert kind(status, reason, message) is expected


def test_a_new_reason_is_no_key_trouble_by_its_status_alone() -> None:
    assert kind(403, "NEW_REASON", "go away") is FailureKind.OTHER
    assert kind(403, "", "go away") is FailureKind.GATEWAY


def test_network_reasons_are_bad_input() -> None:
    assert kind(400, "NETWORK_STORAGE_NOT_IN_CLUSTER") is FailureKind.BAD_INPUT


def test_a_wrong_state_is_not_taken_for_bad_input() -> None:
    assert kind(400, "REQUEST", "Invalid state change") is FailureKind.OTHER


@pytest.mark.parametrize(
    ("body", "reason", "message"),
    [
        ({"reason": "A_REASON", "message": "m"}, "A_REASON", "m"),
        ({"code": "A_REASON", "message": "m"}, "A_REASON", "m"),
        ({"code": "400", "message": "INSUFFICIENT_RESOURCE: none left"}, "INSUFFICIENT_RESOURCE", None),
        ({"error": {"code": "A_REASON", "message": "m"}}, "A_REASON", "m"),
        ({"error": "no such thing"}, "", "no such thing"),
        ({"details": "d", "message": ""}, "", "d"),
        ({"reason": None, "message": 7}, "", ""),
        ([1, 2], "", ""),
        (None, "", ""),
    ],
)
def test_error_bodies_of_every_known_shape_are_understood(body: object, reason: str, message: str | None) -> None:
    said = error_reply(json.dumps(body).encode())
    assert said.reason == reason
    assert message is None or said.message == message


@pytest.mark.parametrize("content", [b"", b"<html>", b"\xff\xfe", b"[" * 100_000, b'{"a":'])
def test_a_body_that_is_no_json_explains_nothing(content: bytes) -> None:
    assert error_reply(content) == ("", "")
    assert "502" in str(refusal(502, content))


@given(st.integers(300, 599), st.binary(), st.none() | st.text())
def test_no_reply_raises_anything_but_a_novita_error(status: int, content: bytes, header: str | None) -> None:
    assert isinstance(refusal(status, content, header), NovitaError)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


@given(
    st.integers(300, 599),
    st.dictionaries(st.sampled_from(["code", "reason", "message", "error", "details"]), json_values),
)
def test_no_error_body_breaks_the_sorting(status: int, body: dict[str, object]) -> None:
    assert isinstance(refusal(status, json.dumps(body).encode()), NovitaError)


@given(st.text(min_size=4, max_size=60, alphabet="abcdefgh "), st.integers(0, 400))
def test_a_hidden_string_never_shows_wherever_the_message_is_cut(secret: str, padding: int) -> None:
    body = {"reason": secret, "message": "#" * padding + secret + "#"}
    refused = refusal(400, json.dumps(body).encode(), hide=[secret])
    assert isinstance(refused, NovitaRefused)
    assert len(refused.message) <= MESSAGE_LIMIT
    assert set(refused.reason + refused.message) <= set("#*…")


SEVERAL = 'a"SECRET-ü/1\nSECRET-2\r\n  SECRET-3'


@pytest.mark.parametrize(
    "echoed",
    [
        json.dumps(SEVERAL),
        json.dumps(SEVERAL, ensure_ascii=False),
        repr(SEVERAL),
        quote(SEVERAL, safe=""),
        " ".join(SEVERAL.split()),
        "line 3: SECRET-3",
        json.dumps(SEVERAL.splitlines()[0]),
    ],
)
def test_a_hidden_string_does_not_show_quoted_nor_line_by_line_either(echoed: str) -> None:
    refused = refusal(400, json.dumps({"message": f"bad value: {echoed}"}).encode(), hide=[SEVERAL])
    assert isinstance(refused, NovitaRefused)
    assert "SECRET" not in str(refused) and "***" in refused.message


@pytest.mark.parametrize(
    ("header", "wait"),
    [
        ("5", timedelta(seconds=5)),
        ("0.5", timedelta(seconds=0.5)),
        ("-3", timedelta()),
        ("Sun, 01 Mar 2026 12:00:30 GMT", timedelta(seconds=30)),
        ("Sun, 01 Mar 2026 11:00:00 GMT", timedelta()),
        ("Sun, 01 Mar 2026 12:00:30 -0000", timedelta(seconds=30)),
        ("soon", None),
        ("nan", None),
        ("1e400", None),
        ("", None),
        (None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(header: str | None, wait: timedelta | None) -> None:
    assert read_retry_after(header, NOW) == wait


def test_a_message_is_one_line() -> None:
    refused = error(400, "REQUEST", "first\n  second")
    assert isinstance(refused, NovitaRefused) and refused.message == "first second"
    assert not re.search(r"\s\s|\n", str(refused))
