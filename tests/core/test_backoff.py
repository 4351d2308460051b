"""Pauses between tries grow to their longest and stay there, however long something fails."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.backoff import pause

FIRST, LONGEST = timedelta(seconds=15), timedelta(minutes=5)


@pytest.mark.parametrize(
    ("failures", "seconds"),
    [(0, 15), (1, 15), (2, 30), (3, 60), (4, 120), (5, 240), (6, 300), (43, 300), (10_000, 300), (10**9, 300)],
)
def test_a_pause_doubles_with_each_failure_up_to_the_longest(failures: int, seconds: int) -> None:
    assert pause(failures, FIRST, LONGEST) == timedelta(seconds=seconds)
