"""When a lease ends, where its end moves to, and what is reminded of when: at the edges."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest

from bot.oneliner.moments import TONIGHT
from core.domain import costs, leases
from core.domain.instance import Status
from tests.core.samples import NOON, instance, record_with, request

MIN, HOUR, WEEK = timedelta(minutes=1), timedelta(hours=1), timedelta(weeks=1)
MOMENT = timedelta(milliseconds=1)


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
    found = TONIGHT.at(_utc(now), timezone(timedelta(hours=offset)))
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


@pytest.mark.parametrize(("past", "is_over"), [(-MOMENT, False), (timedelta(), True), (MOMENT, True), (HOUR, True)])
def test_a_lease_is_over_from_its_end_on_and_only_of_what_runs(past: timedelta, is_over: bool) -> None:
    for status in Status:
        record = instance(status=status, lease_ends_at=NOON)
        assert leases.is_over(record, NOON + past) is (is_over and status is Status.RUNNING)
    assert not leases.is_over(instance(status=Status.RUNNING), NOON + past)


@pytest.mark.parametrize(
    ("left", "told", "due"),
    [
        (HOUR + MOMENT, (), None),
        (HOUR, (), 60),
        (HOUR - MOMENT, (), 60),
        (HOUR, (60,), None),
        (15 * MIN + MOMENT, (), 60),
        (15 * MIN + MOMENT, (60,), None),
        (15 * MIN, (60,), 15),
        (15 * MIN, (), 15),
        (15 * MIN, (60, 15), None),
        (MOMENT, (60,), 15),
        (timedelta(), (60,), None),
        (timedelta(), (), None),
        (-HOUR, (), None),
    ],
)
def test_a_reminder_is_due_from_its_minute_on_and_never_once_the_lease_is_over(
    left: timedelta, told: tuple[int, ...], due: int | None
) -> None:
    record = instance(status=Status.RUNNING, lease_ends_at=NOON + left, reminded=told)
    assert leases.reminder_due(record, NOON) == due
    assert leases.reminder_due(record.model_copy(update={"status": Status.STOPPING}), NOON) is None
    assert leases.reminder_due(record_with(record, lease_ends_at=None), NOON) is None


@pytest.mark.parametrize(
    ("stood", "told", "due"),
    [
        (timedelta(), 0, None),
        (WEEK - MOMENT, 0, None),
        (WEEK, 0, 1),
        (WEEK, 1, None),
        (2 * WEEK - MOMENT, 1, None),
        (2 * WEEK, 1, 2),
        (2 * WEEK, 2, None),
        (5 * WEEK, 2, 5),
    ],
)
def test_a_disk_is_reminded_of_once_in_each_whole_week_that_it_stands_still(
    stood: timedelta, told: int, due: int | None
) -> None:
    record = instance(status=Status.STOPPED, stopped_at=NOON, stopped_reminders=told)
    assert leases.disk_reminder_due(record, NOON + stood) == due
    assert leases.disk_reminder_due(record.model_copy(update={"status": Status.RUNNING}), NOON + stood) is None


@pytest.mark.parametrize(
    ("until_the_purge", "told", "due"),
    [
        (24 * HOUR + MOMENT, 0, None),
        (24 * HOUR, 0, 1),
        (MOMENT, 0, 1),
        (24 * HOUR, 1, None),
    ],
)
def test_its_owner_is_warned_a_day_before_the_data_is_purged(
    until_the_purge: timedelta, told: int, due: int | None
) -> None:
    """Novita may keep it for less than the week after which people are reminded anyway."""
    record = instance(
        status=Status.STOPPED, stopped_at=NOON - HOUR, stopped_reminders=told, data_until=NOON + until_the_purge
    )
    assert leases.disk_reminder_due(record, NOON) == due


@pytest.mark.parametrize(
    ("wished", "longest", "then"),
    [
        (8 * HOUR - MOMENT, 8 * HOUR, 8 * HOUR - MOMENT),
        (8 * HOUR, 8 * HOUR, 8 * HOUR),
        (8 * HOUR + MOMENT, 8 * HOUR, 8 * HOUR),
        (80 * HOUR, None, 80 * HOUR),
    ],
)
def test_an_end_lies_no_further_off_than_the_longest_lease(
    wished: timedelta, longest: timedelta | None, then: timedelta
) -> None:
    assert leases.bounded(NOON + wished, longest, NOON) == NOON + then


def test_what_does_not_come_up_is_let_go_on_from_the_end_of_its_start() -> None:
    assert leases.moved(instance(start_ends_at=NOON + 2 * HOUR), HOUR, NOON) == NOON + 3 * HOUR
    assert leases.moved(instance(start_ends_at=NOON - HOUR), HOUR, NOON) == NOON + HOUR


@pytest.mark.parametrize(("lease", "ends_at"), [(None, None), (HOUR, NOON + HOUR)])
def test_a_lease_is_counted_from_running(lease: timedelta | None, ends_at: datetime | None) -> None:
    assert leases.end_when_running(instance(request=request(lease=lease)), NOON) == ends_at


@pytest.mark.parametrize(
    ("minutes", "fitting"),
    [(22, ()), (22.5, (15,)), (60, (15,)), (89, (15,)), (90, (60, 15)), (480, (60, 15))],
)
@pytest.mark.parametrize("is_extended", [False, True])
def test_reminders_that_would_come_in_the_first_third_of_a_lease_are_left_out(
    minutes: float, fitting: tuple[int, ...], *, is_extended: bool
) -> None:
    length = timedelta(minutes=minutes)
    lease, set_at = (9 * HOUR, NOON) if is_extended else (length, None)
    record = instance(request=request(lease=lease), lease_ends_at=NOON + length, lease_set_at=set_at)
    assert leases.reminders(record) == fitting


def test_without_a_lease_nothing_is_reminded_of() -> None:
    assert leases.reminders(instance(lease_ends_at=None)) == ()


def test_a_reminder_that_does_not_fit_is_not_due_and_the_next_one_is() -> None:
    record = instance(status=Status.RUNNING, request=request(lease=HOUR), running_at=NOON, lease_ends_at=NOON + HOUR)
    assert leases.reminder_due(record, NOON) is None
    assert leases.reminder_due(record, NOON + timedelta(minutes=45)) == 15
