"""What does not come up is told of again and again, asked about, and ended with nothing lost that exists."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from core.domain import transitions
from core.domain.base import Cause
from core.domain.events import InstanceSlow, StartQuestioned
from core.domain.instance import Billed, Instance, Origin, Status
from core.domain.order import Order, Verb
from core.domain.transitions import startup
from core.services.lifecycle import can_extend
from tests.core.samples import ADA, NOON, at_novita, instance, record_with, request

MIN, HOUR = timedelta(minutes=1), timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)


def _pulling(**changes: Any) -> Instance:
    known = {
        "novita_id": "n-1",
        "status": Status.STARTING,
        "novita_status": "pulling",
        "launched_at": NOON,
        "starting_since": NOON,
        "billed": (Billed(since=NOON),),
    }
    return instance(**(known | changes))


def test_notices_come_at_growing_distance_and_never_end() -> None:
    hours = [startup.notice_after(notices) / HOUR for notices in range(10)]
    assert hours == [1 / 6, 0.5, 1, 2, 4, 8, 12, 24, 36, 48]


def test_it_is_told_of_for_as_long_as_it_hangs_and_once_for_notices_that_were_missed() -> None:
    record, told = _pulling(), []
    for minute in (*range(130), 13 * 60, 13 * 60 + 1):
        now = NOON + minute * MIN
        changed = transitions.observed(record, at_novita(record, "pulling"), now, now - MIN)
        if changed is not None:
            record = changed[0]
            told += [event.minutes for event in changed[1] if isinstance(event, InstanceSlow)]
    assert told == [10, 30, 60, 120, 780]


@pytest.mark.parametrize(
    ("lease", "patience"), [(None, 2 * HOUR), (8 * HOUR, 2 * HOUR), (90 * MIN, 90 * MIN), (10 * MIN, HOUR)]
)
def test_its_owner_is_asked_after_its_lease_or_two_hours_but_never_before_one(
    lease: timedelta | None, patience: timedelta
) -> None:
    record = _pulling(request=request(lease=lease))
    assert transitions.questioned(record, NOON + patience - MOMENT) is None
    asked = transitions.questioned(record, NOON + patience)
    assert asked is not None
    [event] = asked[1]
    assert isinstance(event, StartQuestioned)
    assert event.ends_at == asked[0].startup.ends_at == NOON + patience + HOUR
    assert transitions.questioned(asked[0], NOON + patience + MIN) is None, "once"


@pytest.mark.parametrize(
    ("changes", "verb"),
    [
        ({}, Verb.DELETE),
        ({"status": Status.FAILED}, Verb.DELETE),
        ({"novita_status": "starting", "running_at": NOON - HOUR}, Verb.STOP),
        ({"novita_status": "resetting", "running_at": NOON - HOUR}, Verb.STOP),
        ({"novita_status": "restarting"}, Verb.STOP),
        ({"origin": Origin.LOST}, Verb.STOP),
        ({"past_in_doubt": True}, Verb.STOP),
    ],
)
def test_what_has_run_is_stopped_and_what_never_has_is_deleted(changes: dict[str, Any], verb: Verb) -> None:
    record = _pulling(start_ends_at=NOON + HOUR, **changes)
    assert not transitions.is_startup_expired(record, NOON + HOUR - MOMENT)
    assert transitions.is_startup_expired(record, NOON + HOUR)
    assert transitions.verb_at_end(record) is verb


@pytest.mark.parametrize(
    "changes",
    [
        {"status": Status.RUNNING},
        {"status": Status.STOPPED},
        {"status": Status.FAILED, "billed": ()},
        {"order": Order(verb=Verb.STOP, cause=Cause.PERSON, actor=ADA, at=NOON)},
        {"order": Order(verb=Verb.DELETE, cause=Cause.PERSON, actor=ADA, at=NOON)},
        {"novita_id": None},
    ],
)
def test_what_costs_nothing_or_has_an_end_already_is_left_alone(changes: dict[str, Any]) -> None:
    record = _pulling(**changes)
    assert transitions.questioned(record, NOON + 9 * HOUR) is None
    ended = record_with(record, start_ends_at=NOON + HOUR)
    assert not transitions.is_startup_expired(ended, NOON + 9 * HOUR)
    assert not transitions.can_wait(ended)


def test_whoever_lets_it_go_on_moves_its_end_and_what_comes_up_has_none() -> None:
    record = _pulling(start_ends_at=NOON + 3 * HOUR)
    assert can_extend(record)
    waits = transitions.waits_longer(record, NOON + 7 * HOUR, ADA, NOON + 2 * HOUR)
    assert waits is not None
    assert waits[0].startup.ends_at == NOON + 7 * HOUR
    up = transitions.observed(waits[0], at_novita(record, "running"), NOON + 4 * HOUR, NOON + 4 * HOUR - MIN)
    assert up is not None
    assert (up[0].startup.ends_at, up[0].startup.since, up[0].startup.notices) == (None, None, 0)
    assert up[0].lease.ends_at == NOON + 12 * HOUR


@pytest.mark.parametrize(
    ("changes", "since"),
    [
        ({}, NOON),
        ({"running_at": NOON - HOUR}, NOON + MIN),
        (
            {
                "running_at": NOON - HOUR,
                "order": Order(verb=Verb.START, cause=Cause.PERSON, actor=ADA, at=NOON + MIN / 2),
            },
            NOON + MIN / 2,
        ),
    ],
)
def test_of_a_start_that_nobody_ordered_only_what_was_seen_of_it_counts(changes: dict[str, Any], since: Any) -> None:
    record = _pulling(starting_since=None, **changes)
    changed = transitions.observed(record, at_novita(record, "starting"), NOON + MIN)
    assert changed is not None
    assert changed[0].startup.since == since
