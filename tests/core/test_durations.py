"""Lengths of time as people type and read them: at the edges."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain.durations import duration_words, read_duration, write_duration

MOMENT = timedelta(milliseconds=1)
MIN, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


@pytest.mark.parametrize(
    ("span", "words"),
    [
        (-HOUR, "0 s"),
        (timedelta(), "0 s"),
        (MIN - MOMENT, "59 s"),
        (MIN, "1 min"),
        (HOUR - MOMENT, "59 min"),
        (HOUR, "1 h"),
        (HOUR + MIN, "1 h 1 min"),
        (2 * DAY - MOMENT, "47 h 59 min"),
        (2 * DAY, "2 days"),
        (2 * DAY + 59 * MIN, "2 days"),
        (2 * DAY + HOUR, "2 days 1 h"),
    ],
)
def test_a_length_reads_as_its_two_largest_units(span: timedelta, words: str) -> None:
    assert duration_words(span) == words


@pytest.mark.parametrize(
    ("span", "text"),
    [
        (4 * HOUR, "4h"),
        (DAY, "1d"),
        (7 * DAY, "7d"),
        (36 * HOUR, "1d12h"),
        (90 * MIN, "1h30m"),
        (1.5 * MIN, "1m30s"),
        (MOMENT, "0.001s"),
        (10 * MIN / 60, "10s"),
    ],
)
def test_a_length_is_written_as_short_as_it_can_be(span: timedelta, text: str) -> None:
    assert write_duration(span) == text


@given(st.timedeltas(timedelta(microseconds=1), 100 * DAY))
def test_what_was_written_reads_back(span: timedelta) -> None:
    assert read_duration(write_duration(span)) == span


@pytest.mark.parametrize(
    "text", ["", " ", "0", "0h", "0.0000001s", "4", "h", "-4h", "4h 1d", "4h4h", "1e3h", "4 hourses"]
)
def test_what_says_no_length_is_none(text: str) -> None:
    assert read_duration(text) is None


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("1 WEEK 2 days", 9 * DAY),
        ("0.5h", 30 * MIN),
        ("1d12h", 36 * HOUR),
        (" 90 mins ", 90 * MIN),
        ("0.000001s", timedelta(microseconds=1)),
    ],
)
def test_a_length_is_read_in_any_usual_spelling(text: str, span: timedelta) -> None:
    assert read_duration(text) == span
