"""Which run an order is about: what it was to do may be done, and undone again, before anybody looks."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from core.domain import transitions
from core.domain.base import Cause
from core.domain.events import InstanceRunning, InstanceStopped
from core.domain.instance import Instance, Status, StopReason
from core.domain.order import Order, OrderOutcome, Verb
from core.domain.transitions import runs
from tests.core.samples import ADA, NOON, at_novita, instance, record_with

SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
EARLIER, GIVEN = NOON - timedelta(hours=2), NOON + timedelta(milliseconds=700)
LATER = NOON + MINUTE


def order(verb: Verb, **changes: object) -> Order:
    return Order(verb=verb, cause=Cause.PERSON, actor=ADA, at=GIVEN, run=EARLIER).model_copy(update=changes)


def up(verb: Verb, **changes: object) -> Instance:
    up = {"status": Status.RUNNING, "novita_status": "running", "novita_id": "n-1", "running_at": EARLIER}
    return instance(**up, run=EARLIER, order=order(verb), lease_ends_at=LATER, **changes)


def down(verb: Verb) -> Instance:
    return record_with(up(verb, stopped_at=EARLIER), status=Status.STOPPED, novita_status="exited", lease_ends_at=None)


@pytest.mark.parametrize(
    ("started_at", "is_another"),
    [(NOON, True), (NOON - SECOND, False), (EARLIER, False), (None, False), (LATER, True)],
)
def test_another_run_is_one_that_began_in_the_second_of_the_order_or_later(
    started_at: datetime | None, *, is_another: bool
) -> None:
    shown = at_novita(up(Verb.RESTART), "running", started_at=started_at)
    assert runs.is_another(order(Verb.RESTART), shown) is is_another
    assert not runs.is_another(order(Verb.RESTART, run=started_at), shown), "that run was known"
    assert not runs.is_another(None, shown)


@pytest.mark.parametrize(
    ("stopped_at", "started_at", "is_over"),
    [
        (NOON, NOON, True),
        (LATER, LATER, True),
        (LATER, LATER - SECOND, False),
        (NOON - SECOND, LATER, False),
        (EARLIER, EARLIER, False),
        (None, LATER, False),
        (LATER, None, False),
    ],
)
def test_what_was_stopped_and_then_started_by_somebody_is_not_stopped_again(
    stopped_at: datetime | None, started_at: datetime | None, *, is_over: bool
) -> None:
    record = up(Verb.STOP)
    changed = transitions.observed(
        record, at_novita(record, "running", started_at=started_at, stopped_at=stopped_at), LATER
    )
    newest = changed[0] if changed else record
    assert (newest.order is None) is is_over
    if changed is not None and is_over:
        assert [type(event) for event in changed[1]] == [InstanceStopped, InstanceRunning]
        assert newest.last_order is not None
        assert newest.last_order.outcome is OrderOutcome.DONE
        assert (newest.status, newest.lease.ends_at) == (Status.RUNNING, LATER + timedelta(hours=8))
        assert (newest.remote.run, newest.standstill.reason) == (started_at, None)


@pytest.mark.parametrize(
    ("started_at", "stopped_at", "is_over"),
    [(NOON, NOON, True), (NOON, LATER, True), (LATER, LATER - SECOND, False), (EARLIER, LATER, False)],
)
def test_what_was_started_and_then_stopped_by_somebody_is_not_started_again(
    started_at: datetime, stopped_at: datetime, *, is_over: bool
) -> None:
    record = down(Verb.START)
    changed = transitions.observed(
        record, at_novita(record, "exited", started_at=started_at, stopped_at=stopped_at), LATER
    )
    newest = changed[0] if changed else record
    assert (newest.order is None) is is_over
    if changed is not None and is_over:
        assert [type(event) for event in changed[1]] == [InstanceRunning, InstanceStopped]
        assert (newest.status, newest.standstill.reason) == (Status.STOPPED, StopReason.PROBABLY_RECLAIMED)


def test_a_restart_that_nobody_has_seen_is_told_by_the_new_run() -> None:
    record = up(Verb.RESTART)
    same = transitions.observed(record, at_novita(record, "running", started_at=EARLIER), LATER)
    assert same is None
    new = transitions.observed(record, at_novita(record, "running", started_at=LATER), LATER)
    assert new is not None
    assert (new[0].order, [type(event) for event in new[1]]) == (None, [InstanceRunning])


def test_a_delete_stands_whatever_runs() -> None:
    record = up(Verb.DELETE)
    changed = transitions.observed(record, at_novita(record, "running", started_at=LATER, stopped_at=LATER), LATER)
    assert changed is None or changed[0].order == record.order


def test_an_order_remembers_the_run_that_it_is_about() -> None:
    record = up(Verb.STOP).model_copy(update={"order": None})
    changed = transitions.ordered(record, Verb.STOP, ADA, NOON)
    assert changed is not None
    assert changed[0].order is not None
    assert changed[0].order.run == EARLIER


def test_only_one_of_two_who_set_out_with_an_order_sends_it() -> None:
    record = up(Verb.STOP)
    sent = record.order
    assert sent is not None
    first = transitions.order_posted(record, sent, LATER)
    assert first is not None
    assert first[0].order is not None
    assert first[0].order.is_outcome_unknown
    assert transitions.order_posted(first[0], sent, LATER) is None
    assert transitions.order_posted(record.model_copy(update={"order": None}), sent, LATER) is None
    taken = transitions.order_taken(first[0], sent, LATER)
    assert taken is not None
    assert taken[0].order is not None
    assert not taken[0].order.is_outcome_unknown
