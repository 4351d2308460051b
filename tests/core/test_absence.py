"""What an absence means, at the edges."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.absence import (
    ABSENT_FOR,
    ALONE_ABSENT_FOR,
    UNLISTED_FOR,
    believed_after,
    is_all_absent,
    should_be_listed,
)
from core.domain.base import Cause
from core.domain.instance import Instance, Status
from core.domain.order import Order, Verb
from tests.core.samples import NOON, instance

SHORT = timedelta(milliseconds=1)
OLD = NOON - timedelta(hours=1)


def there(**changes: object) -> Instance:
    known: dict[str, object] = {"novita_id": "n-1", "status": Status.RUNNING, "launched_at": OLD}
    return instance(**(known | changes))


def to(verb: Verb) -> Order:
    return Order(verb=verb, cause=Cause.LEASE, at=NOON)


@pytest.mark.parametrize(
    ("changes", "is_due"),
    [
        ({"launched_at": NOON - UNLISTED_FOR}, False),
        ({"launched_at": NOON - UNLISTED_FOR - SHORT}, True),
        ({"launched_at": NOON}, False),
        ({"launched_at": NOON + SHORT}, True),
        ({"launched_at": None}, True),
        ({"novita_id": None}, False),
        ({"launched_at": NOON, "order": to(Verb.DELETE)}, False),
        ({"launched_at": NOON, "novita_status": "removing"}, True),
    ],
)
def test_a_new_one_may_be_unlisted_for_a_while_also_when_it_is_to_be_deleted(
    changes: dict[str, object], *, is_due: bool
) -> None:
    assert should_be_listed(there(**changes), NOON) is is_due


@pytest.mark.parametrize(
    ("changes", "others", "expected"),
    [
        ({}, True, ABSENT_FOR),
        ({}, False, ALONE_ABSENT_FOR),
        ({"order": to(Verb.STOP)}, False, ALONE_ABSENT_FOR),
        ({"order": to(Verb.DELETE)}, False, ABSENT_FOR),
        ({"novita_status": "toRemove"}, False, timedelta()),
        ({"novita_status": "removing"}, True, timedelta()),
    ],
)
def test_how_long_an_absence_must_last(changes: dict[str, object], others: bool, expected: timedelta) -> None:
    assert believed_after(there(**changes), are_others_shown=others) == expected
    assert ABSENT_FOR >= UNLISTED_FOR


FRESH = {"launched_at": NOON}
LEAVING = ({"order": to(Verb.DELETE)}, {"novita_status": "removing"}, {"status": Status.STOPPED, "data_until": NOON})


@pytest.mark.parametrize(
    ("records", "shown", "is_all"),
    [
        ([{}], 0, False),
        ([{}, {}], 0, True),
        ([{}, {}], 1, False),
        ([{}, FRESH], 0, False),
        ([{}, {}, FRESH], 0, True),
        ([FRESH, {}, {}], 1, False),
        *(([{}, each], 0, False) for each in LEAVING),
        *(([each, {}, {}], 1, False) for each in LEAVING),
        ([{}, {"status": Status.STOPPED, "data_until": NOON + SHORT}], 0, True),
        ([{}, {"order": to(Verb.STOP)}], 0, True),
        ([{}, {"novita_id": None}], 0, False),
    ],
)
def test_all_are_absent_when_none_of_several_is_shown(
    records: list[dict[str, object]], shown: int, *, is_all: bool
) -> None:
    live = [there(**changes) for changes in records]
    assert is_all_absent(live, {each.id for each in live[:shown]}, NOON) is is_all
