"""The edges of the transitions: what is over leaves nothing behind, and each number counts from where it is said to."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from core.domain import transitions
from core.domain.attempt import Attempt, AttemptOutcome, Failure, FailureKind
from core.domain.base import NOBODY, BillingMode, Cause
from core.domain.events import InstanceStopped, LeaseExtended, OrderFailed, OrderStuck, SpotNotice
from core.domain.instance import Billed, Instance, Status, StopReason
from core.domain.order import Order, Verb
from tests.core.samples import ADA, NOON, at_novita, instance, offer, request

LATER = NOON + timedelta(minutes=1)
MOMENT = timedelta(milliseconds=1)
HOUR = timedelta(hours=1)
ATTEMPT = Attempt(
    region="CN-HK-01", product_id="4090", price=Decimal("0.18"), outcome=AttemptOutcome.REFUSED, reason="NODE_STATUS"
)
WHY = Failure(kind=FailureKind.UNREACHABLE, message="no answer")


def _seen(record: Instance, status: str, **more: object) -> transitions.TransitionResult:
    changed = transitions.observed(record, at_novita(record, status, **more), LATER)
    assert changed is not None
    return changed


def _coming(**changes: Any) -> Instance:
    return instance(**({"novita_id": "n-1", "status": Status.STARTING, "launched_at": NOON} | changes))


def _up(**changes: Any) -> Instance:
    known = {"status": Status.RUNNING, "novita_status": "running", "running_at": NOON, "endpoints_known": True}
    return _coming(**(known | {"lease_ends_at": NOON + 8 * HOUR} | changes))


def _down(**changes: Any) -> Instance:
    known = {"status": Status.STOPPED, "novita_status": "exited", "lease_ends_at": None, "stopped_at": NOON}
    return _up(**(known | changes))


def _given(verb: Verb, **changes: Any) -> Order:
    return Order.model_validate({"verb": verb, "cause": Cause.PERSON, "actor": ADA, "at": NOON} | changes)


def test_what_comes_up_begins_a_new_life() -> None:
    before = _down(
        stopped_reminders=2,
        data_until=LATER,
        spot_noticed=True,
        spot_reclaim_at=NOON,
        faults_told=("x",),
        failure=WHY,
        order=_given(Verb.START),
    )
    record, _ = _seen(before, "running")
    assert record.standstill.reminders == 0, "the next stop is reminded of anew"
    assert (record.spot.noticed, record.spot.reclaim_at) == (False, None), "the next reclaim is announced"
    assert (record.standstill.since, record.standstill.data_until, record.failure, record.order) == (
        None,
        None,
        None,
        None,
    )
    assert record.faults.told == ()
    assert record.lease.ends_at == LATER + 8 * HOUR


def test_each_reclaim_is_announced_once() -> None:
    record, told = _up(), []
    for word in ("running", "running", "exited", "starting", "running", "running"):
        spot = {"spot_status": "reclaiming"} if word == "running" else {}
        changed = transitions.observed(record, at_novita(record, word, **spot), LATER)
        if changed is not None:
            record = changed[0]
            told += [type(event) for event in changed[1] if isinstance(event, SpotNotice)]
    assert len(told) == 2


def test_a_stop_ends_the_lease_with_its_reminders_and_what_was_billed() -> None:
    record, _ = _seen(_up(reminded=(60, 15), billed=(Billed(since=NOON),)), "exited")
    assert (record.lease.ends_at, record.lease.reminded, record.remote.endpoints) == (None, (), ())
    assert record.billed == (Billed(since=NOON, until=LATER),)


def test_the_end_of_an_instance_ends_its_lease_and_its_bill() -> None:
    changed = transitions.deleted(_up(billed=(Billed(since=NOON),)), LATER)
    assert changed is not None
    assert (changed[0].lease.ends_at, changed[0].ended_at) == (None, LATER)
    assert changed[0].billed == (Billed(since=NOON, until=LATER),)
    assert transitions.deleted(changed[0], LATER) is None


def test_a_restart_keeps_the_end_of_the_lease() -> None:
    record, _ = _seen(_up(status=Status.STARTING, novita_status="restarting", order=_given(Verb.RESTART)), "running")
    assert record.lease.ends_at == NOON + 8 * HOUR


@pytest.mark.parametrize(
    ("ago", "taken", "is_believed"),
    [(6 - 0.001, 1, False), (6, 1, True), (59, 1, True), (59, 0, False), (-1, 1, False), (-3600, 1, True)],
)
def test_running_after_a_restart_is_distrusted_for_six_seconds(ago: float, taken: int, *, is_believed: bool) -> None:
    """And for as long as Novita has not said yes to it. A stamp that lies ahead is a mistaken clock's."""
    order = _given(Verb.RESTART, last_try_at=LATER - timedelta(seconds=ago), sent=1, taken=taken)
    record = _up(status=Status.STARTING, order=order, starting_since=NOON)
    changed = transitions.observed(record, at_novita(record, "running"), LATER)
    assert (changed is not None and changed[0].status is Status.RUNNING) is is_believed


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"order": _given(Verb.STOP)}, StopReason.ASKED),
        ({"order": _given(Verb.STOP), "spot_noticed": True}, StopReason.ASKED),
        ({"order": _given(Verb.STOP, cause=Cause.LEASE, actor=None)}, StopReason.LEASE),
        ({"order": _given(Verb.STOP, cause=Cause.HUNG, actor=None)}, StopReason.HUNG),
        ({"order": _given(Verb.DELETE), "spot_noticed": True}, StopReason.RECLAIMED),
        ({"spot_noticed": True}, StopReason.RECLAIMED),
        ({"request": request(billing_mode=BillingMode.SPOT)}, StopReason.PROBABLY_RECLAIMED),
        ({"request": request(billing_mode=BillingMode.SPOT), "running_at": None}, StopReason.ELSEWHERE),
        ({"request": request(billing_mode=BillingMode.ON_DEMAND)}, StopReason.ELSEWHERE),
    ],
)
def test_why_an_instance_was_stopped(changes: dict[str, Any], reason: StopReason) -> None:
    _, events = _seen(_up(**changes), "exited")
    assert [event.reason for event in events if isinstance(event, InstanceStopped)] == [reason]


@pytest.mark.parametrize(
    ("more", "is_told"),
    [
        ({}, False),
        ({"spot_status": "none"}, False),
        ({"spot_status": "notified"}, True),
        ({"spot_status": "reclaiming"}, True),
        ({"spot_reclaim_at": LATER - MOMENT}, False),
        ({"spot_reclaim_at": LATER}, False),
        ({"spot_reclaim_at": LATER + MOMENT}, True),
    ],
)
def test_a_reclaim_is_announced_by_its_word_or_by_a_time_that_lies_ahead(
    more: dict[str, Any], *, is_told: bool
) -> None:
    for record, word in ((_up(), "running"), (_coming(novita_status="pulling"), "pulling"), (_down(), "exited")):
        changed = transitions.observed(record, at_novita(record, word, **more), LATER)
        told = [event for event in changed[1] if isinstance(event, SpotNotice)] if changed else []
        assert bool(told) is (is_told and word != "exited"), word


def test_of_endless_faults_the_newest_twenty_are_remembered() -> None:
    record = _up()
    for number in range(25):
        record, _ = _seen(record, "running", error_state="x" * (number + 1))
    assert record.faults.told == tuple(f"{'x' * (number + 1)}: " for number in range(5, 25))


# A launch in doubt.


def test_doubt_is_counted_from_the_first_answer_that_was_lost_and_is_over_with_the_next_word() -> None:
    lost = transitions.answer_lost(instance(), ATTEMPT, NOON)
    assert lost is not None
    again = transitions.answer_lost(lost[0], ATTEMPT, LATER)
    assert again is not None
    assert again[0].launch.in_doubt_since == NOON, "or it would never be given up"
    assert len(again[0].launch.attempts) == 2
    assert transitions.interrupted(again[0], LATER) is None
    nexts = (
        transitions.refused(again[0], ATTEMPT, offer(), LATER),
        transitions.created(again[0], "n-1", LATER, found=False),
        transitions.launch_failed(again[0], WHY, LATER),
        transitions.presumed_lost(again[0], LATER),
    )
    assert [changed and changed[0].launch.in_doubt_since for changed in nexts] == [None] * 4


def test_a_launch_that_was_interrupted_is_in_doubt_from_then_on() -> None:
    interrupted = transitions.interrupted(instance(), LATER)
    assert interrupted is not None
    assert interrupted[0].launch.in_doubt_since == LATER


def test_how_a_create_went_is_on_the_record_once_although_a_worker_saw_it_first() -> None:
    seen, _ = _seen(instance(), "pulling")
    late = transitions.created(seen, "n-1", LATER, ATTEMPT, found=False)
    assert late is not None
    assert (late[0].launch.attempts, list(late[1])) == ((ATTEMPT,), [])
    assert transitions.created(late[0], "n-1", LATER, ATTEMPT, found=False) is None
    assert transitions.created(seen, "n-2", LATER, ATTEMPT, found=False) is None, "of another instance"
    assert transitions.created(seen, "n-1", LATER, found=False) is None


def test_what_is_no_launch_any_more_is_changed_by_none() -> None:
    for record in (_coming(), instance(status=Status.FAILED)):
        assert transitions.refused(record, ATTEMPT, offer(), LATER) is None
        assert transitions.answer_lost(record, ATTEMPT, LATER) is None
        assert transitions.interrupted(record, LATER) is None
        assert transitions.launch_failed(record, WHY, LATER) is None


# Orders and leases.


def of(record: Instance) -> Order:
    """The order that is on a record."""
    assert record.order is not None
    return record.order


def test_people_hear_of_the_first_the_second_the_fourth_the_eighth_failure_and_of_the_last() -> None:
    record, told = _up(order=_given(Verb.STOP)), []
    for number in range(1, 21):
        changed = transitions.order_failed(record, of(record), WHY, LATER, is_final=number == 20)
        assert changed is not None
        record = changed[0]
        told += [event.tries for event in changed[1] if isinstance(event, OrderFailed)]
    assert told == [1, 2, 4, 8, 16, 20]
    assert record.order is None


@pytest.mark.parametrize(("told_from", "told"), [(1, [1, 2, 4, 8]), (2, [2, 4, 8]), (8, [8])])
def test_of_what_may_pass_by_itself_people_hear_later(told_from: int, told: list[int]) -> None:
    record, heard = _up(order=_given(Verb.STOP)), []
    for _ in range(10):
        changed = transitions.order_failed(record, of(record), WHY, LATER, is_final=False, told_from=told_from)
        assert changed is not None
        record = changed[0]
        heard += [event.tries for event in changed[1] if isinstance(event, OrderFailed)]
    assert heard == told


def test_only_what_stays_without_an_answer_in_a_row_counts_as_that() -> None:
    record, counted = _up(order=_given(Verb.START)), []
    for is_answered in (False, False, True, False):
        changed = transitions.order_failed(record, of(record), WHY, LATER, is_final=False, is_answered=is_answered)
        assert changed is not None
        record = changed[0]
        assert record.order is not None
        counted.append(record.order.unanswered)
    assert counted == [1, 2, 0, 1]


def test_of_an_order_that_lasts_people_hear_once_and_anew_when_it_was_taken_for_done() -> None:
    record = _up(order=_given(Verb.DELETE, failures=5, again_at=LATER))
    stuck = transitions.order_stuck(record, LATER)
    assert stuck is not None
    assert [type(event) for event in stuck[1]] == [OrderStuck]
    assert transitions.order_stuck(stuck[0], LATER) is None
    assert transitions.order_stuck(_up(), LATER) is None
    gone = transitions.deleted(stuck[0], LATER)
    assert gone is not None
    back, _ = _seen(gone[0], "running")
    assert back.order is not None
    assert (back.order.is_stuck, back.order.failures, back.order.again_at) == (False, 0, None)


def test_a_yes_ends_the_trouble_before_it() -> None:
    failed = transitions.order_failed(
        _up(order=_given(Verb.STOP)), _given(Verb.STOP), WHY, LATER, is_final=False, again_at=LATER, is_answered=False
    )
    assert failed is not None
    taken = transitions.order_taken(failed[0], of(failed[0]), LATER + HOUR)
    assert taken is not None
    order = taken[0].order
    assert order is not None
    assert (order.trouble, order.failures, order.unanswered, order.again_at) == ("", 0, 0, None)
    assert (order.sent, order.taken, order.last_try_at) == (2, 1, LATER + HOUR)
    assert taken[0].status is Status.STOPPING
    for other in (_given(Verb.DELETE), _given(Verb.START), _given(Verb.STOP, at=LATER)):
        assert transitions.order_taken(taken[0], other, LATER) is None
        assert transitions.order_failed(taken[0], other, WHY, LATER, is_final=True) is None


def test_who_moves_the_end_is_reminded_anew_and_has_settled_every_question() -> None:
    record = _up(reminded=(60, 15), past_in_doubt=True, asked_at=NOON)
    changed = transitions.extended(record, NOON + 9 * HOUR, ADA, LATER)
    assert changed is not None
    assert [type(event) for event in changed[1]] == [LeaseExtended]
    assert changed[0].lease.ends_at == NOON + 9 * HOUR
    assert (changed[0].lease.reminded, changed[0].past_in_doubt, changed[0].lease.asked_at) == ((), False, None)
    assert transitions.extended(changed[0], NOON + 9 * HOUR, ADA, LATER) is None


def test_who_is_given_an_instance_is_asked_nothing_of_its_past() -> None:
    stray = _up(owner=NOBODY, past_in_doubt=True, asked_at=NOON, is_left_alone=True)
    changed = transitions.assigned(stray, ADA, ADA, LATER)
    assert changed is not None
    record = changed[0]
    assert (record.owner, record.past_in_doubt, record.lease.asked_at, record.is_left_alone) == (
        ADA,
        False,
        None,
        False,
    )
    assert transitions.assigned(record, ADA, ADA, LATER) is None


def test_a_lease_with_a_past_in_doubt_ends_a_day_after_the_question_and_is_reminded_of_again() -> None:
    asked = transitions.asked_or_stopped(_up(past_in_doubt=True, reminded=(60, 15)), LATER)
    assert asked is not None
    record = asked[0]
    assert (record.lease.asked_at, record.lease.ends_at, record.lease.reminded) == (LATER, LATER + 24 * HOUR, ())
    assert record.order is None
    stopped = transitions.asked_or_stopped(record, LATER + 24 * HOUR)
    assert stopped is not None
    assert stopped[0].order == Order(verb=Verb.STOP, cause=Cause.LEASE, at=LATER + 24 * HOUR)


@pytest.mark.parametrize(("left_out", "told"), [(2, []), (3, []), (4, [1]), (13, [10])])
def test_reports_that_were_left_out_are_summed_up_when_there_are_more(left_out: int, told: list[int]) -> None:
    changed = transitions.summed_up(_up(reports_left_out=3), left_out, LATER)
    assert [getattr(event, "count", None) for event in (changed[1] if changed else ())] == told
    assert (changed[0].hook.left_out if changed else 3) == max(left_out, 3)
