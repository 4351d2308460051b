"""The instance's state machine."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.domain import transitions
from core.domain.attempt import Failure, FailureKind
from core.domain.base import Cause
from core.domain.events import (
    InstanceBack,
    InstanceCreated,
    InstanceDeleted,
    InstanceFailed,
    InstanceRunning,
    InstanceSlow,
    PhaseChanged,
)
from core.domain.instance import Billed, Instance, Status
from core.domain.novita import Endpoint, NovitaInstance
from core.domain.order import Order, Verb
from tests.core.samples import NOON, at_novita, instance, record_with

LATER = NOON + timedelta(minutes=1)


def _seen(record: Instance, status: str, **more: object) -> transitions.TransitionResult:
    changed = transitions.observed(record, at_novita(record, status, **more), LATER)
    assert changed is not None
    return changed


def _launched(**changes: object) -> Instance:
    return instance(novita_id="n-1", status=Status.STARTING, launched_at=NOON, **changes)


def test_an_instance_found_by_name_is_adopted_and_its_state_taken_over_in_one_step() -> None:
    record, events = _seen(
        instance(in_doubt_since=NOON), "running", endpoints=[Endpoint(port=80, type="http", url="u")]
    )
    assert (record.remote.id, record.status, record.launch.in_doubt_since) == ("n-1", Status.RUNNING, None)
    assert [type(event) for event in events] == [InstanceCreated, InstanceRunning]


def test_a_launch_that_was_given_up_is_taken_back_when_its_instance_appears() -> None:
    changed = transitions.presumed_lost(instance(), NOON)
    assert changed is not None
    assert changed[0].has_ended
    record, _ = _seen(changed[0], "pulling")
    assert (record.status, record.failure, record.ended_at) == (Status.STARTING, None, None)


def test_an_error_beside_an_ordinary_status_is_a_failure_with_novitas_own_words() -> None:
    record, events = _seen(_launched(), "pulling", error_state="pullFailed", error_message="unauthorized")
    assert record.status is Status.FAILED
    assert record.failure == Failure(kind=FailureKind.INSTANCE, reason="pullFailed", message="unauthorized")
    assert [type(event) for event in events] == [InstanceFailed]
    assert not record.has_ended, "it is still at Novita, where it may cost money"


def test_each_new_phase_on_the_way_up_is_news_once() -> None:
    record, events = _seen(_launched(), "pulling")
    assert [type(event) for event in events] == [PhaseChanged]
    assert transitions.observed(record, at_novita(record, "pulling"), LATER) is None


def test_a_slow_start_is_told_at_ten_and_at_thirty_minutes_and_never_again() -> None:
    record, told = _launched(novita_status="pulling"), []
    for minute in range(60):
        changed = transitions.observed(record, at_novita(record, "pulling"), NOON + timedelta(minutes=minute))
        if changed is not None:
            record = changed[0]
            told += [event.minutes for event in changed[1] if isinstance(event, InstanceSlow)]
    assert told == [10, 30]


@pytest.mark.parametrize("word", ["hibernating", "", "MIGRATING?"])
def test_a_word_we_do_not_know_changes_nothing_but_is_kept(word: str) -> None:
    changed = transitions.observed(_launched(novita_status="pulling"), at_novita(instance(), word), LATER)
    assert changed is not None
    assert (changed[0].status, changed[0].remote.status) == (Status.STARTING, word)


def _missed(record: Instance, *seconds: float, believed_after: float = 30) -> Instance:
    """The record after looks at these seconds have not seen it; told is only the end."""
    for second in seconds:
        at = NOON + timedelta(seconds=second)
        changed = transitions.not_found(record, at, believed_after=timedelta(seconds=believed_after))
        assert changed is not None
        assert [type(event) for event in changed[1]] == ([InstanceDeleted] if changed[0].has_ended else [])
        record = changed[0]
    return record


@pytest.mark.parametrize(
    ("seconds", "is_gone"),
    [
        ((0,), False),
        ((0, 1), False),
        ((0, 10, 20, 29.9), False),
        ((0, 10, 20, 30), True),
        ((0, 15), False),
        ((0, 15, 30), True),
        ((0, 3600), False),
        ((0, 3600, 3601), False),
        ((0, 3600, 3614.9), False),
        ((0, 3600, 3615), True),
        ((0, 10, -3600, -3590), False),
        ((0, 10, -3600, -3590, -3580), True),
    ],
)
def test_an_instance_is_deleted_when_looks_have_missed_it_for_long_enough(
    seconds: tuple[float, ...], *, is_gone: bool
) -> None:
    """A clock that jumps adds no more than one look can see."""
    assert _missed(_launched(), *seconds).has_ended is is_gone


def test_what_was_seen_leaving_needs_a_second_look_and_no_time() -> None:
    assert not _missed(_launched(), 0, believed_after=0).has_ended
    assert _missed(_launched(), 0, 1, believed_after=0).has_ended


def test_an_absence_that_was_interrupted_begins_anew() -> None:
    seen_again, _ = _seen(_missed(_launched(), 0, 15), "running")
    assert (seen_again.absence.since, seen_again.absence.missed_at, seen_again.absence.missed_for) == (
        None,
        None,
        timedelta(),
    )
    assert not _missed(seen_again, 20, 35).has_ended


@pytest.mark.parametrize("verb", [None, Verb.STOP, Verb.DELETE])
def test_what_is_seen_after_it_was_called_deleted_has_its_order_and_lease_again(verb: Verb | None) -> None:
    order = Order(verb=verb, cause=Cause.LEASE, at=NOON, failures=3) if verb else None
    billed, ends_at = (Billed(since=NOON),), NOON + timedelta(hours=1)
    record = record_with(
        _launched(order=order, lease_ends_at=ends_at, reminded=(60,), billed=billed),
        status=Status.RUNNING,
        novita_status="running",
    )
    ended = _missed(record, 0, 15, 30)
    assert (ended.order, ended.lease.ends_at, ended.billed[0].until) == (None, None, NOON + timedelta(seconds=30))
    again, events = _seen(ended, "running")
    assert (again.order and again.order.verb, again.lease.ends_at, again.lease.reminded) == (verb, ends_at, (60,))
    assert (again.status, again.billed, again.ended_at) == (Status.RUNNING, billed, None)
    assert [type(event) for event in events] == [InstanceBack]
    assert transitions.observed(again, at_novita(again, "running"), LATER) is None


def test_a_deleted_record_stays_deleted_while_novita_is_still_removing_it() -> None:
    record, _ = _seen(_launched(), "removed")
    assert transitions.observed(record, at_novita(record, "removing"), LATER) is None


_novita = st.builds(
    NovitaInstance,
    id=st.sampled_from(["n-1", "n-2"]),
    name=st.just("x"),
    status=st.sampled_from([*transitions.STATUSES, "freezing", ""]),
    error_state=st.sampled_from(["", "pullFailed"]),
)


@given(st.lists(st.one_of(_novita, st.none(), st.just("lost")), max_size=30))
def test_no_sequence_of_looks_tells_the_same_news_twice_in_a_row(looks: list[NovitaInstance | str | None]) -> None:
    record, now = instance(), NOON
    for look in looks:
        now += timedelta(seconds=10)
        for again in range(2):
            if isinstance(look, NovitaInstance):
                changed = transitions.observed(record, look, now)
            else:
                changed = (
                    transitions.presumed_lost(record, now)
                    if look
                    else transitions.not_found(record, now, believed_after=timedelta(seconds=30))
                )
            if changed is not None:
                assert again == 0 or not changed[1] or look is None
                record = changed[0]
        assert record.remote.id in (None, "n-1", "n-2")
        assert record.has_ended == (record.ended_at is not None)


@pytest.mark.parametrize(
    ("verb", "is_ordered_still"), [(Verb.STOP, True), (Verb.DELETE, True), (Verb.START, False), (Verb.RESTART, False)]
)
def test_of_what_is_back_only_an_order_that_ends_its_bill_stands_again(verb: Verb, is_ordered_still: bool) -> None:
    order = Order(verb=verb, cause=Cause.LEASE, at=NOON, failures=3, failed=3)
    gone = transitions.deleted(_launched(order=order).model_copy(update={"status": Status.RUNNING}), NOON)
    assert gone is not None
    assert gone[0].last_order is not None
    record, _ = _seen(gone[0], "running")
    assert (record.order is not None) is is_ordered_still
    assert (record.last_order is None) is is_ordered_still, "what is under way again is not over"


def test_who_was_asked_about_an_earlier_lease_is_asked_about_the_next_one_too() -> None:
    asked = instance(
        novita_id="n-1",
        status=Status.RUNNING,
        novita_status="running",
        launched_at=NOON,
        past_in_doubt=True,
        asked_at=NOON,
    )
    stopped, _ = _seen(asked, "exited")
    assert (stopped.status, stopped.lease.asked_at, stopped.past_in_doubt) == (Status.STOPPED, None, True)


def test_a_doubt_about_the_past_is_also_about_what_was_said_of_a_start() -> None:
    hanging = _launched(starting_since=NOON, start_ends_at=LATER, past_in_doubt=True)
    changed = transitions.doubted(hanging)
    assert changed is not None
    assert changed[0].startup.ends_at is None
    assert transitions.doubted(changed[0]) is None
