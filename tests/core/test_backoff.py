"""Pauses between tries grow to their longest and stay there, however long something fails."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.domain.backoff import pause, read_retry_after

FIRST, LONGEST = timedelta(seconds=15), timedelta(minutes=5)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 15), (1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (6, 300), (43, 300), (10_000, 300), (10**9, 300)],
)
def test_a_pause_doubles_with_each_failure_up_to_the_longest(failures: int, seconds: int) -> None:
    assert pause(failures, FIRST, LONGEST) == timedelta(seconds=seconds)


NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("0", 0),
        ("1", 1),
        ("1.5", 1.5),
        ("299", 299),
        ("300", 300),
        ("301", 300),
        ("999999999", 300),
        ("1000000000", 300),
        ("9" * 5000, 300),
        ("-1", 0),
        ("Sun, 01 Mar 2026 12:04:59 GMT", 299),
        ("Sun, 01 Mar 2026 12:05:01 GMT", 300),
        ("Sun, 01 Mar 2026 11:59:59 GMT", 0),
        ("Sun, 01 Mar 2026 13:04:59 +0100", 299),
        ("Sun, 01 Mar 2026 12:00:01", 1),
        ("Sun, 99 Mar 2026 12:00:01 GMT", None),
        ("nan", None),
        ("inf", None),
        ("soon", None),
        ("", None),
        ("٣", None),
        ("²", None),
        (None, None),
    ],
)
def test_what_anybody_asks_to_wait_is_read_in_one_way(header: str | None, seconds: float | None) -> None:
    wait = read_retry_after(header, NOW, LONGEST)
    assert wait == (None if seconds is None else timedelta(seconds=seconds))
