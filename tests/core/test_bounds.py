"""Every number from outside has a bound before it is reckoned with."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from core.adapters.novita import parse
from core.adapters.settings import Settings
from core.domain import leases, validation
from core.domain.backoff import read_retry_after
from core.domain.durations import LONGEST, read_duration
from core.domain.instance import Instance
from core.domain.request import draft_of
from core.domain.validation import LONGEST_LEASE, Limits
from tests.core.samples import NOON, instance, market, request

EVER = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("36525d", LONGEST),
        ("36524d", LONGEST - DAY),
        ("36526d", LONGEST),
        ("3000000d", LONGEST),
        ("999999999d", LONGEST),
        ("99999999999999h", None),
        ("9" * 5000 + "h", None),
    ],
)
def test_a_length_of_time_is_a_hundred_years_at_most(text: str, span: timedelta | None) -> None:
    assert read_duration(text) == span


@pytest.mark.parametrize(
    ("lease", "is_fine"), [(LONGEST_LEASE, True), (LONGEST_LEASE + timedelta(seconds=1), False), (LONGEST, False)]
)
def test_a_lease_has_a_bound_where_the_installation_sets_none(lease: timedelta, is_fine: bool) -> None:
    limits = Limits(default_lease=None, max_lease=None)
    draft = draft_of(request(lease=lease))
    found = validation.check(draft, market(), limits)
    problems = found if isinstance(found, dict) else {}
    assert ("lease" not in problems) == is_fine


@pytest.mark.parametrize(("count", "is_fine"), [(0, True), (1, True), (99, True), (100, False), (101, False)])
def test_novita_takes_a_hundred_variables_of_which_the_bot_needs_one(count: int, *, is_fine: bool) -> None:
    draft = replace(draft_of(request()), envs={f"V{number}": "x" for number in range(count)})
    found = validation.check(draft, market(), Limits(default_lease=None, max_lease=None))
    problems = found if isinstance(found, dict) else {}
    assert ("envs" not in problems) is is_fine


def ending(at: datetime | None) -> Instance:
    return instance(lease_ends_at=at)


@pytest.mark.parametrize("ends_at", [None, NOON, NOON + DAY, EVER])
@pytest.mark.parametrize("by", [timedelta(hours=1), LONGEST, timedelta.max])
@pytest.mark.parametrize("max_lease", [None, DAY, LONGEST, timedelta.max])
def test_no_extension_leaves_the_calendar(ends_at: datetime | None, by: timedelta, max_lease: timedelta | None) -> None:
    moved = leases.extended(ending(ends_at), by, max_lease, NOON)
    assert NOON < moved <= NOON + timedelta(days=3660)
    assert leases.bounded(EVER, max_lease, NOON) <= NOON + timedelta(days=3660)


@pytest.mark.parametrize(
    ("value", "number"),
    [
        (10**15, 10**15),
        (10**15 + 1, 0),
        (-(10**15) - 1, 0),
        ("9" * 4000, 0),
        ("9" * 5000, 0),
        (1e308, 0),
        (float("inf"), 0),
        (float("-inf"), 0),
        (float("nan"), 0),
        ("Infinity", 0),
        ("12", 12),
    ],
)
def test_a_number_of_novitas_is_one_that_can_be(value: object, number: int) -> None:
    assert parse.integer(value) == number


@pytest.mark.parametrize(
    ("value", "instant"),
    [
        (4102444800, datetime(2100, 1, 1, tzinfo=UTC)),
        (4102444801, None),
        (253402300799, None),
        (10**14, None),
        (0, None),
        (-1, None),
        ("NaN", None),
        (float("inf"), None),
        (1, datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)),
    ],
)
def test_an_instant_of_novitas_is_within_this_century(value: object, instant: datetime | None) -> None:
    assert parse.instant(value) == instant


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("3600", 3600),
        ("3601", 3600),
        ("1e300", 3600),
        ("86400", 3600),
        ("-5", 0),
        ("nan", None),
        ("inf", None),
        ("7", 7),
    ],
)
def test_no_retry_after_is_longer_than_an_hour(header: str, seconds: float | None) -> None:
    wait = read_retry_after(header, NOON)
    assert wait == (None if seconds is None else timedelta(seconds=seconds)) or (header == "1e300" and wait is None)


@pytest.mark.parametrize(
    ("name", "value", "is_fine"),
    [
        ("DEFAULT_LEASE", "3650d", True),
        ("DEFAULT_LEASE", "3650d1m", False),
        ("MAX_LEASE", "9999d", False),
        ("MAX_LEASE", "99999999999999h", False),
        ("OBSERVE_INTERVAL", "0.001", True),
        ("OBSERVE_INTERVAL", "0.0009", False),
        ("OBSERVE_INTERVAL", "1e-300", False),
        ("OBSERVE_INTERVAL", "inf", False),
        ("OBSERVE_INTERVAL", "nan", False),
        ("CATALOG_TTL", "86400", True),
        ("CATALOG_TTL", "86401", False),
        ("METRICS_PORT", "65536", False),
        ("METRICS_PORT", "9" * 5000, False),
    ],
)
def test_a_setting_has_a_bound(name: str, value: str, is_fine: bool) -> None:
    if is_fine:
        Settings.model_validate({name: value})
        return
    with pytest.raises(ValueError, match=name):
        Settings.model_validate({name: value})
