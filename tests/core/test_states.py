"""All states of Novita's, with and without a fault, under every order: what a record becomes, and what is offered."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain import transitions
from core.domain.attempt import Failure, FailureKind
from core.domain.base import Cause
from core.domain.events import InstanceFailed, InstanceFault, InstanceRunning, InstanceStopped, PhaseChanged
from core.domain.instance import Billed, Instance, Status
from core.domain.order import Order, Verb
from core.domain.transitions.statuses import BEING_MADE, GONE_WORDS, STATUSES
from core.services.lifecycle import can_connect, possible
from tests.core.samples import ADA, NOON, at_novita, instance

LATER = NOON + timedelta(hours=1)
FAULT = {"error_state": "nodeFault", "error_message": "the node is lost"}
SHOWN = Failure(kind=FailureKind.INSTANCE, reason="nodeFault", message="the node is lost")
UP = ["pending", "toCreate", "creating", "pulling", "toStart", "starting"]
AGAIN = ["toRestart", "restarting", "toReset", "resetting"]


def _has_run(status: Status = Status.RUNNING, word: str = "running", **changes: object) -> Instance:
    known: dict[str, object] = {
        "novita_id": "n-1",
        "status": status,
        "novita_status": word,
        "launched_at": NOON,
        "running_at": NOON,
        "endpoints_known": True,
        "billed": (Billed(since=NOON, until=NOON if status is Status.STOPPED else None),),
    }
    return instance(**(known | changes))


def _new(**changes: object) -> Instance:
    known: dict[str, object] = {"novita_id": "n-1", "status": Status.STARTING, "launched_at": NOON}
    return instance(**(known | changes))


def _after(record: Instance, word: str, **more: object) -> tuple[Instance, list[type]]:
    changed = transitions.observed(record, at_novita(record, word, **more), LATER)
    return (record, []) if changed is None else (changed[0], [type(event) for event in changed[1]])


@pytest.mark.parametrize(
    ("word", "new", "has_run"),
    [
        *((word, Status.FAILED, Status.STARTING) for word in (*UP, *AGAIN)),
        ("running", Status.RUNNING, Status.RUNNING),
        ("exited", Status.FAILED, Status.STOPPED),
        *((word, Status.STOPPING, Status.STOPPING) for word in ("toStop", "stopping")),
        *((word, Status.DELETING, Status.DELETING) for word in ("toRemove", "removing")),
        ("removed", Status.DELETED, Status.DELETED),
        *((word, Status.STARTING, Status.RUNNING) for word in ("migrating", "freezing", "hibernating")),
    ],
)
def test_a_fault_makes_failed_only_what_has_never_come_up(word: str, new: Status, has_run: Status) -> None:
    assert _after(_new(), word, **FAULT)[0].status is new
    assert _after(_has_run(), word, **FAULT)[0].status is has_run


@pytest.mark.parametrize("verb", [None, *Verb])
@pytest.mark.parametrize("word", ["running", "exited", "starting", "migrating"])
def test_whatever_is_ordered_what_has_run_never_becomes_failed(word: str, verb: Verb | None) -> None:
    order = Order(verb=verb, cause=Cause.PERSON, actor=ADA, at=NOON) if verb else None
    for status in (Status.RUNNING, Status.STOPPED, Status.STARTING, Status.STOPPING, Status.FAILED):
        record, _ = _after(_has_run(status, order=order), word, **FAULT)
        assert record.status is not Status.FAILED or (status is Status.FAILED and word in ("running", "migrating"))


def test_a_stopped_one_with_a_fault_stays_stopped_with_its_data_and_can_be_started() -> None:
    record, told = _after(_has_run(Status.STOPPED, "exited"), "exited", **FAULT)
    assert (record.status, record.faults.present, told) == (Status.STOPPED, SHOWN, [InstanceFault])
    assert possible(record) == (Verb.START, Verb.DELETE)
    assert _after(record, "exited", **FAULT) == (record, [])
    cleared, told = _after(record, "exited")
    assert (cleared.status, cleared.faults.present, told) == (Status.STOPPED, None, [PhaseChanged])


def test_one_that_became_failed_while_it_stood_still_is_stopped_again() -> None:
    record = _has_run(Status.FAILED, "exited", failure=SHOWN)
    still, told = _after(record, "exited", **FAULT)
    assert (still.status, still.failure, still.faults.present) == (Status.STOPPED, None, SHOWN)
    assert told == [PhaseChanged, InstanceFault]


@pytest.mark.parametrize("word", ["pulling", "exited"])
@pytest.mark.parametrize(
    ("then", "status", "told"),
    [("running", Status.RUNNING, [InstanceRunning]), ("exited", Status.STOPPED, [PhaseChanged])],
)
def test_failed_is_left_when_novita_shows_it_well(word: str, then: str, status: Status, told: list[type]) -> None:
    failed, _ = _after(_new(), word, **FAULT)
    well, events = _after(failed, then)
    assert (well.status, well.failure, well.faults.present) == (status, None, None)
    assert events == told


def test_a_running_one_with_a_fault_is_told_of_once_for_each_message_and_runs_on() -> None:
    record = _has_run()
    first, told = _after(record, "running", **FAULT)
    assert (first.status, first.faults.present, told) == (Status.RUNNING, SHOWN, [InstanceFault])
    assert _after(first, "running", **FAULT) == (first, [])
    cleared, told = _after(first, "running")
    assert (cleared.faults.present, told) == (None, [PhaseChanged]), "the card is drawn anew, and nobody is called"
    back, told = _after(cleared, "running", **FAULT)
    assert (back.faults.present, told) == (SHOWN, [PhaseChanged]), "it has been told"
    other, told = _after(back, "running", error_state="maintenance", error_message="in 59 minutes")
    assert told == [InstanceFault]
    counted, told = _after(other, "running", error_state="maintenance", error_message="in 58 minutes")
    assert (counted.faults.present and counted.faults.present.message, told) == ("in 58 minutes", [PhaseChanged]), (
        "a countdown is one fault"
    )
    restarted, _ = _after(_after(counted, "restarting")[0], "running", **FAULT)
    assert restarted.faults.told == ("nodeFault: the node is lost",), "it came up anew, and is told anew"


def test_a_stop_with_a_fault_is_told_as_both() -> None:
    record, told = _after(_has_run(), "exited", **FAULT)
    assert (record.status, record.faults.present, told) == (Status.STOPPED, SHOWN, [InstanceStopped, InstanceFault])


@pytest.mark.parametrize("word", ["migrating", "freezing", "hibernating"])
def test_a_state_beside_the_usual_ones_is_told_once_and_takes_only_a_delete(word: str) -> None:
    record, told = _after(_has_run(), word)
    assert (record.status, record.remote.status, told) == (Status.RUNNING, word, [PhaseChanged, InstanceFault])
    assert possible(record) == (Verb.DELETE,)
    assert not can_connect(record)
    assert _after(record, word) == (record, [])
    back, told = _after(record, "running")
    assert (back.remote.status, told) == ("running", [PhaseChanged])
    assert possible(back) == (Verb.STOP, Verb.RESTART, Verb.DELETE)
    assert can_connect(back)
    assert _after(back, word)[1] == [PhaseChanged], "told before"


def test_a_stopped_one_that_is_moved_costs_compute_only_until_it_stands_still_again() -> None:
    moving, _ = _after(_has_run(Status.STOPPED, "exited"), "migrating")
    assert moving.billed[-1].until is None
    assert possible(moving) == (Verb.DELETE,)
    still, told = _after(moving, "exited")
    assert (still.remote.status, still.billed[-1].until, told) == ("exited", LATER, [PhaseChanged])
    assert possible(still) == (Verb.START, Verb.DELETE)


@pytest.mark.parametrize(
    ("status", "word", "verbs"),
    [
        (Status.STARTING, "pulling", (Verb.DELETE,)),
        (Status.RUNNING, "running", (Verb.STOP, Verb.RESTART, Verb.DELETE)),
        (Status.STOPPING, "stopping", (Verb.DELETE,)),
        (Status.STOPPED, "exited", (Verb.START, Verb.DELETE)),
        (Status.FAILED, "pulling", (Verb.DELETE,)),
        (Status.FAILED, "exited", (Verb.START, Verb.DELETE)),
        (Status.DELETING, "removing", ()),
        (Status.DELETED, "", ()),
        (Status.UNKNOWN, "running", (Verb.STOP, Verb.DELETE)),
        (Status.UNKNOWN, "freezing", (Verb.DELETE,)),
        (Status.UNKNOWN, "", (Verb.DELETE,)),
        *((status, "migrating", (Verb.DELETE,)) for status in (Status.STARTING, Status.RUNNING, Status.STOPPED)),
    ],
)
def test_only_what_novita_takes_in_a_state_is_offered(status: Status, word: str, verbs: tuple[Verb, ...]) -> None:
    assert possible(_has_run(status, word)) == verbs


@pytest.mark.parametrize(("word", "is_billed"), [("pulling", True), ("exited", False), ("creating", None)])
def test_what_failed_is_billed_while_novita_pulls_and_no_longer_than_that(word: str, is_billed: bool | None) -> None:
    pulling, _ = _after(_new(), "pulling")
    failed, told = _after(pulling, word, **FAULT)
    assert told == [InstanceFailed]
    assert (failed.billed[-1].until is None) is (is_billed is not False)
    if word == "pulling":
        over, told = _after(failed, "exited", **FAULT)
        assert (over.remote.status, over.billed[-1].until, told) == ("exited", LATER, [PhaseChanged])


@pytest.mark.parametrize(("ago", "is_believed"), [(timedelta(seconds=59), False), (timedelta(seconds=60), True)])
def test_a_start_of_what_failed_is_not_undone_by_the_state_before_it(ago: timedelta, is_believed: bool) -> None:
    order = Order(verb=Verb.START, cause=Cause.PERSON, actor=ADA, at=NOON, last_try_at=LATER - ago)
    record = _new(novita_status="exited", order=order)
    assert (_after(record, "exited", **FAULT)[0].status is Status.FAILED) is is_believed


def test_what_the_words_mean_is_written_once() -> None:
    assert {"toRemove", "removing", "removed"} == GONE_WORDS
    assert {STATUSES[word] for word in BEING_MADE} == {Status.STARTING}
