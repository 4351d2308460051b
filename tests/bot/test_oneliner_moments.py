"""Until when, as people say it, and which instance is to run on how long, in any order."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.oneliner.extents import Said, read_extent, read_extents
from bot.oneliner.moments import read_moment

BERLIN = timezone(timedelta(hours=1))
NOW = datetime(2026, 11, 25, 14, 30, tzinfo=UTC)
"""A Wednesday, 15:30 in Berlin."""


@pytest.mark.parametrize(
    ("text", "there"),
    [
        ("tonight", "25 20:00"),
        ("this evening", "25 20:00"),
        ("tonight 22:30", "25 22:30"),
        ("today", "25 20:00"),
        ("18:00", "25 18:00"),
        ("18.15", "25 18:15"),
        ("18", "25 18:00"),
        ("6pm", "25 18:00"),
        ("6:30 pm", "25 18:30"),
        ("12am", "26 00:00"),
        ("12pm", "26 12:00"),
        ("15:30", "26 15:30"),
        ("15:31", "25 15:31"),
        ("midnight", "26 00:00"),
        ("24:00", "26 00:00"),
        ("noon", "26 12:00"),
        ("tomorrow", "26 09:00"),
        ("tomorrow evening", "26 20:00"),
        ("tomorrow at 18:00", "26 18:00"),
        ("18:00 tomorrow", "26 18:00"),
        ("Friday", "27 09:00"),
        ("fri 17:00", "27 17:00"),
        ("wed 16:00", "25 16:00"),
        ("wednesday 15:30", "32 15:30"),
    ],
)
def test_a_moment_is_the_next_one_where_the_person_is(text: str, there: str) -> None:
    moment = read_moment(text)
    assert moment is not None
    day, _, clock = there.partition(" ")
    hour, minute = map(int, clock.split(":"))
    assert moment.at(NOW, BERLIN) == datetime(2026, 11, 1, hour, minute, tzinfo=BERLIN) + timedelta(days=int(day) - 1)


@pytest.mark.parametrize(
    "text",
    ["", "soon", "25:00", "18:60", "13pm", "0am", "18:00 19:00", "today tomorrow", "4h", "1 2 3"],
)
def test_what_is_no_moment_is_none(text: str) -> None:
    assert read_moment(text) is None


def test_what_was_today_is_over() -> None:
    moment = read_moment("today 15:00")
    assert moment is not None
    assert moment.at(NOW, BERLIN) < NOW


@pytest.mark.parametrize(
    "line",
    ["train-1 4h", "4h train-1", "train-1 by 4h", "by 4h train-1", "train-1 for 4 hours", "4 more hours for train-1"],
)
def test_a_name_and_a_length_stand_in_any_order(line: str) -> None:
    assert read_extents(line)[0] == Said("train-1", timedelta(hours=4))


@pytest.mark.parametrize(
    ("line", "name", "moment"),
    [
        ("train-1 until 18:00", "train-1", "18:00"),
        ("until 18:00 train-1", "train-1", "18:00"),
        ("until tomorrow 9:00 train-1", "train-1", "tomorrow 9:00"),
        ("train-1 tonight", "train-1", "tonight"),
        ("train-1 until 18", "train-1", "18:00"),
        ("friday until 6pm", "friday", "18:00"),
    ],
)
def test_a_name_and_a_moment_stand_in_any_order(line: str, name: str, moment: str) -> None:
    assert read_extents(line)[0] == Said(name, read_moment(moment))  # type: ignore[arg-type]


@pytest.mark.parametrize("line", ["", "train-1", "train-1 4", "train-1 soon", "4"])
def test_without_a_length_there_is_no_reading(line: str) -> None:
    assert read_extents(line) == []


def test_a_number_alone_is_an_hour_only_behind_until() -> None:
    assert read_extent("18") is None
    assert read_extent("until 18") == read_moment("18:00")
