"""Lines that repeat: the first at once, the rest once a second with a count, and nothing lost in silence."""

from __future__ import annotations

from typing import Any

import pytest
import structlog

from bot.process.log_repeats import Repeats


class Told:
    """The lines that got through, at a time of one's choosing."""

    def __init__(self) -> None:
        self.now = 100.0
        self.repeats = Repeats(lambda: self.now)

    def say(self, at: float, **fields: Any) -> int | None:
        """How many were held back before this one; None when it is held back itself."""
        self.now = 100.0 + at
        try:
            line = self.repeats(None, "", {"event": "broke", "level": "error", "timestamp": str(at), **fields})
        except structlog.DropEvent:
            return None
        return int(line.get("repeated", 0))

    def overdue(self, at: float) -> list[int]:
        self.now = 100.0 + at
        return [line["repeated"] for line in self.repeats.overdue()]


def test_the_first_is_written_and_the_next_after_a_second_tells_of_those_between() -> None:
    told = Told()
    assert [told.say(at) for at in (0, 0.1, 0.999, 1.0, 1.5, 2.5)] == [0, None, None, 2, None, 1]


def test_what_stays_away_for_a_second_is_written_as_it_comes() -> None:
    told = Told()
    assert [told.say(at) for at in (0, 1.0, 2.0, 3.0)] == [0, 0, 0, 0]


def test_a_count_that_no_line_comes_to_tell_of_is_told_by_itself_once() -> None:
    told = Told()
    told.say(0)
    told.say(0.5)
    told.say(0.6)
    assert told.overdue(0.999) == []
    assert told.overdue(1.0) == [2]
    assert told.overdue(5.0) == []
    assert told.say(5.0) == 0


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [
        ({}, {"ms": 3}, True),
        ({"event": "fd=6 of Task-1 at 0x7fab"}, {"event": "fd=77 of Task-22 at 0x8"}, True),
        ({"status": 400}, {"status": 401}, False),
        ({"request_id": "a"}, {"request_id": "b"}, False),
        ({"reference": "A1B2C3"}, {"reference": "D4E5F6"}, False),
        ({"level": "warning"}, {"level": "warning"}, True),
        ({"level": "info"}, {"level": "info"}, False),
        ({"level": "debug"}, {"level": "debug"}, False),
        ({"exception": "at 0x1"}, {"exception": "at 0x2"}, True),
        ({"exception": "KeyError"}, {"exception": "ValueError"}, False),
    ],
)
def test_lines_are_the_same_when_they_say_the_same(one: dict[str, Any], other: dict[str, Any], is_same: bool) -> None:
    told = Told()
    assert told.say(0, **one) == 0
    assert (told.say(0.1, **other) is None) is is_same


def test_a_great_many_different_lines_take_no_room_for_ever() -> None:
    told = Told()
    for number in range(5000):
        assert told.say(0, code=f"c{number}") == 0
    assert told.say(2.0, code="later") == 0
    assert told.say(2.1, code="later") is None
