"""The clock that all processes share, and what is made of stamps that it does not reach."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.domain.clock import CLOSE_ENOUGH, Sample, SharedClock, is_ahead, is_within, steady
from tests.core.samples import NOON

MOMENT = timedelta(milliseconds=1)
PATIENCE = timedelta(seconds=30)
"""What a busy machine may take between two lines of a test."""


def _shows(clock: SharedClock, instant: datetime) -> bool:
    return instant <= clock.now() <= instant + PATIENCE


def _sample(said: datetime, took: float = 0.0) -> Sample:
    heard = steady()
    return Sample(said, heard - took, heard)


def test_before_redis_has_spoken_the_machine_itself_says_what_time_it_is() -> None:
    assert abs(SharedClock().now() - datetime.now(UTC)) < PATIENCE


@pytest.mark.parametrize("off", [timedelta(hours=2), timedelta(hours=-2), timedelta(days=400)])
def test_what_redis_says_counts_and_not_what_the_machine_thinks(off: timedelta) -> None:
    clock, said = SharedClock(), datetime.now(UTC) + off
    clock.set_by(_sample(said))
    assert _shows(clock, said)
    again = said - timedelta(days=3)
    clock.set_by(_sample(again))
    assert _shows(clock, again), "a failover to a server with another clock"


def test_half_the_round_trip_has_passed_since_the_server_looked_at_its_clock() -> None:
    clock = SharedClock()
    clock.set_by(_sample(NOON, took=60.0))
    assert _shows(clock, NOON + timedelta(seconds=30)), "the first is believed, however long it took"


def test_an_answer_that_took_long_is_only_believed_when_it_differs_by_more_than_that() -> None:
    clock = SharedClock()
    clock.set_by(_sample(NOON))
    clock.set_by(_sample(NOON - timedelta(minutes=30), took=7200.0))
    assert _shows(clock, NOON), "an hour after half an hour before is not far enough away"
    clock.set_by(_sample(NOON + timedelta(hours=2), took=7200.0))
    assert _shows(clock, NOON + timedelta(hours=3))


def test_it_goes_on_by_itself_while_redis_is_away() -> None:
    clock = SharedClock()
    clock.set_by(Sample(NOON, steady() - 100, steady() - 100))
    assert _shows(clock, NOON + timedelta(seconds=100))


@pytest.mark.parametrize(
    ("age", "is_in"),
    [
        (timedelta(), True),
        (timedelta(seconds=20) - MOMENT, True),
        (timedelta(seconds=20), False),
        (-CLOSE_ENOUGH, True),
        (-CLOSE_ENOUGH - MOMENT, False),
        (timedelta(hours=-2), False),
    ],
)
def test_a_stamp_is_recent_for_so_long_and_one_from_the_future_is_not(age: timedelta, is_in: bool) -> None:
    assert is_within(NOON - age, timedelta(seconds=20), NOON) is is_in


@pytest.mark.parametrize(
    ("left", "is_to_come"),
    [
        (-MOMENT, False),
        (timedelta(), False),
        (MOMENT, True),
        (timedelta(hours=1) + CLOSE_ENOUGH, True),
        (timedelta(hours=1) + CLOSE_ENOUGH + MOMENT, False),
    ],
)
def test_what_is_due_is_ahead_for_no_longer_than_anything_is_put_off(left: timedelta, is_to_come: bool) -> None:
    assert is_ahead(NOON + left, timedelta(hours=1), NOON) is is_to_come
