"""Where the end of a lease moves to."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from core import costs, leases
from tests.core.samples import NOON, instance, request

HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("now", "offset", "evening"),
    [
        ("2026-11-23 12:00", 0, "2026-11-23 20:00"),
        ("2026-11-23 12:00", 8, "2026-11-23 12:00"),
        ("2026-11-23 12:00", -8, "2026-11-24 04:00"),
        ("2026-11-23 23:30", 2, "2026-11-24 18:00"),
        ("2026-11-23 02:00", -5, "2026-11-23 01:00"),
    ],
)
def test_the_evening_is_that_of_the_day_it_is_for_the_person(now: str, offset: int, evening: str) -> None:
    found = leases.evening_of(_utc(now), timezone(timedelta(hours=offset)))
    assert found == _utc(evening)


@pytest.mark.parametrize(("left", "moved"), [(2 * HOUR, 3 * HOUR), (-2 * HOUR, HOUR), (None, HOUR)])
def test_an_end_moves_on_from_where_it_is_or_from_now_when_it_is_over(left: timedelta | None, moved: timedelta) -> None:
    record = instance(lease_ends_at=None if left is None else NOON + left)
    assert leases.moved(record, HOUR, NOON) == NOON + moved


def test_an_end_never_leaves_the_calendar() -> None:
    assert leases.moved(instance(), timedelta.max, NOON) < NOON + timedelta(days=4000)


def test_the_month_begins_in_utc_wherever_the_clock_stands() -> None:
    new_year = datetime(2027, 1, 1, 1, 0, tzinfo=timezone(timedelta(hours=8)))
    assert costs.month_start(new_year) == _utc("2026-12-01 00:00")


def _utc(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "moved"),
    [
        (4 * HOUR + timedelta(seconds=1), None),
        (4 * HOUR, None),
        (4 * HOUR - timedelta(seconds=1), 8 * HOUR),
        (timedelta(), 8 * HOUR),
        (-HOUR, 8 * HOUR),
        (30 * HOUR, None),
        (None, None),
    ],
)
def test_a_sign_of_use_renews_a_lease_of_which_less_than_half_is_left(
    left: timedelta | None, moved: timedelta | None
) -> None:
    record = instance(request=request(lease=8 * HOUR), lease_ends_at=None if left is None else NOON + left)
    assert leases.end_after_use(record, NOON) == (None if moved is None else NOON + moved)


def test_a_sign_of_use_leaves_a_lease_without_an_end_alone() -> None:
    assert leases.end_after_use(instance(request=request(lease=None), lease_ends_at=NOON), NOON) is None
