"""Under which request the log tells of what is done."""

from __future__ import annotations

import contextvars

import pytest
from structlog.contextvars import get_contextvars

from core.telemetry import request_id


@pytest.mark.parametrize(
    ("at_hand", "of_the_record", "told_under"),
    [("", "record", "record"), ("hand", "record", "hand"), ("hand", "", "hand"), ("", "", "")],
)
def test_what_is_done_for_a_request_stays_under_it_and_what_nobody_asked_for_goes_under_the_records(
    at_hand: str, of_the_record: str, told_under: str
) -> None:
    def resumed() -> tuple[str, object]:
        with request_id.bound(at_hand):
            request_id.resume("i-1", of_the_record)
            return request_id.current(), get_contextvars().get("instance_id")

    assert contextvars.Context().run(resumed) == (told_under, "i-1")


@pytest.mark.parametrize(
    ("text", "is_sane"),
    [("a", True), ("a" * 64, True), ("a" * 65, False), ("", False), ("-a", False), ("a b", False), ("a\n", False)],
)
def test_an_id_from_outside_is_short_and_plain(text: str, *, is_sane: bool) -> None:
    assert request_id.is_sane(text) is is_sane
