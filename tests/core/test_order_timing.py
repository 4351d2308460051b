"""When an order is sent again, given up, or has stood for too long: at the edges."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest

from core.adapters.redis.migrations import upgraded_order
from core.domain import order_timing
from core.domain.base import Actor, Cause
from core.domain.clock import CLOSE_ENOUGH
from core.domain.order import Order, Verb
from tests.core.samples import ADA, NOON

SHORT = timedelta(milliseconds=1)


def order(verb: Verb = Verb.STOP, actor: Actor | None = ADA, *, ago: float | None = None, **changes: Any) -> Order:
    """An order that was sent so many seconds ago."""
    tried = NOON - timedelta(seconds=ago) if ago is not None else None
    cause = actor.cause if actor else Cause.LEASE
    return Order.model_validate(
        {"verb": verb, "cause": cause, "actor": actor, "at": NOON, "last_try_at": tried} | changes
    )


@pytest.mark.parametrize(
    ("wait", "changes"),
    [
        (15, {"failures": 1}),
        (30, {"failures": 2}),
        (240, {"failures": 5}),
        (300, {"failures": 6}),
        (300, {"failures": 43}),
        (300, {"failures": 100_000}),
        (60, {}),
        (60, {"trouble": "of a record from before failures were counted"}),
    ],
)
def test_it_is_sent_again_after_its_pause_however_often_it_failed(wait: float, changes: dict[str, Any]) -> None:
    assert not order_timing.is_due(order(ago=wait - 0.001, **changes), NOON, is_on_the_way=False)
    assert order_timing.is_due(order(ago=wait, **changes), NOON, is_on_the_way=False)


def test_what_novita_is_at_is_left_to_it_for_longer() -> None:
    assert not order_timing.is_due(order(ago=299.999), NOON, is_on_the_way=True)
    assert order_timing.is_due(order(ago=300), NOON, is_on_the_way=True)


@pytest.mark.parametrize(
    ("actor", "ago", "is_due"),
    [(ADA, 14.999, False), (ADA, 15, True), (ADA, -2, False), (ADA, -2.001, True), (None, 0, True)],
)
def test_one_that_nobody_sent_is_taken_up_by_a_worker(actor: Actor | None, ago: float, *, is_due: bool) -> None:
    given = order(actor=actor, at=NOON - timedelta(seconds=ago))
    assert order_timing.is_due(given, NOON, is_on_the_way=False) is is_due


def test_a_stamp_from_the_future_holds_up_nothing() -> None:
    assert order_timing.is_due(order(ago=-3600, failures=1), NOON, is_on_the_way=False)
    far = NOON + order_timing.LONGEST_PAUSE + CLOSE_ENOUGH
    assert order_timing.is_due(order(ago=60, failures=1, again_at=far + SHORT), NOON, is_on_the_way=False)
    assert not order_timing.is_due(order(ago=60, failures=1, again_at=far), NOON, is_on_the_way=False)


def test_what_another_process_has_just_sent_is_not_sent_again_for_its_clock_reads_a_little_later() -> None:
    assert not order_timing.is_due(order(ago=-0.005), NOON, is_on_the_way=False)
    assert not order_timing.is_due(order(ago=-2, failures=1), NOON, is_on_the_way=False)
    assert order_timing.is_due(order(ago=-2.001, failures=1), NOON, is_on_the_way=False)


def test_novitas_own_time_is_kept() -> None:
    asked = order(ago=2, failures=1, again_at=NOON)
    assert not order_timing.is_due(asked, NOON - SHORT, is_on_the_way=False)
    assert order_timing.is_due(asked, NOON, is_on_the_way=False)


@pytest.mark.parametrize(
    ("asked", "failures", "seconds"),
    [(None, 0, 15), (0, 0, 1), (7, 0, 7), (0, 4, 8), (7, 5, 16), (300, 0, 300), (86_400, 0, 300), (1, 10_000, 300)],
)
def test_how_long_novita_is_left_alone_when_it_asks_for_that(asked: int | None, failures: int, seconds: int) -> None:
    retry_after = timedelta(seconds=asked) if asked is not None else None
    assert order_timing.asked_pause(retry_after, failures) == timedelta(seconds=seconds)


@pytest.mark.parametrize("verb", [Verb.STOP, Verb.DELETE])
def test_what_ends_a_bill_is_never_given_up(verb: Verb) -> None:
    endless = order(verb, unanswered=10_000, taken=10_000, at=NOON - timedelta(days=300))
    assert not order_timing.is_given_up(endless, NOON, is_answered=False)
    assert not order_timing.is_given_up(endless, NOON, is_answered=True)
    assert not order_timing.is_without_effect(endless, is_on_the_way=False)


@pytest.mark.parametrize("verb", [Verb.START, Verb.RESTART])
def test_what_begins_a_bill_has_an_end(verb: Verb) -> None:
    assert not order_timing.is_given_up(order(verb, unanswered=1), NOON, is_answered=False)
    assert order_timing.is_given_up(order(verb, unanswered=2), NOON, is_answered=False)
    began = NOON - order_timing.START_WAITS_FOR
    assert not order_timing.is_given_up(order(verb, unanswered=2, at=began + SHORT), NOON, is_answered=True)
    assert order_timing.is_given_up(order(verb, at=began), NOON, is_answered=True)
    assert not order_timing.is_without_effect(order(verb, taken=2), is_on_the_way=False)
    assert order_timing.is_without_effect(order(verb, taken=3), is_on_the_way=False)
    assert not order_timing.is_without_effect(order(verb, taken=3), is_on_the_way=True)
    assert not order_timing.is_without_effect(order(verb, taken=3, failures=1), is_on_the_way=False)


def test_one_that_ends_a_bill_is_stuck_after_half_an_hour() -> None:
    began = NOON - order_timing.STUCK_AFTER
    assert not order_timing.is_stuck(order(ago=1, at=began + SHORT), NOON)
    assert order_timing.is_stuck(order(ago=1, at=began), NOON)
    assert order_timing.is_stuck(order(Verb.DELETE, ago=1, at=began), NOON)
    assert not order_timing.is_stuck(order(Verb.START, ago=1, at=began), NOON)
    assert not order_timing.is_stuck(order(at=began), NOON), "nobody has sent it yet"


def test_an_order_that_an_earlier_version_wrote_is_read() -> None:
    old = '{"verb":"stop","actor":null,"at":"2026-11-23T12:00:00Z","tries":43,"last_try_at":"2026-11-23T12:00:00Z"}'
    order = Order.model_validate(upgraded_order(json.loads(old), Cause.LEASE))
    assert order_timing.is_due(order, NOON + timedelta(minutes=5), is_on_the_way=False)


def test_one_that_somebody_set_out_to_send_is_left_to_them_for_as_long_as_a_call_takes() -> None:
    def posted(ago: timedelta, **changes: Any) -> Order:
        return order(at=NOON - timedelta(hours=1), posted_at=NOON - ago, **changes)

    for given in (posted, lambda ago: posted(ago, actor=None), lambda ago: posted(ago, last_try_at=NOON - 2 * ago)):
        assert not order_timing.is_due(given(order_timing.IN_FLIGHT_FOR - SHORT), NOON, is_on_the_way=False)
        assert order_timing.is_due(given(order_timing.IN_FLIGHT_FOR), NOON, is_on_the_way=False)


@pytest.mark.parametrize("verb", [Verb.START, Verb.RESTART])
@pytest.mark.parametrize("stamp", ["at", "posted_at", "last_try_at"])
def test_a_start_that_nobody_could_see_to_for_half_an_hour_is_not_sent_any_more(verb: Verb, stamp: str) -> None:
    began = NOON - order_timing.START_WAITS_FOR
    stamps: dict[str, Any] = {"at": began - timedelta(hours=1), "failures": 1, "trouble": "no answer"}
    assert order_timing.is_outdated(order(verb, **stamps | {stamp: began}), NOON)
    assert not order_timing.is_outdated(order(verb, **stamps | {stamp: began + SHORT}), NOON)
    assert not order_timing.is_outdated(order(verb, **stamps | {stamp: began, "taken": 1}), NOON)


@pytest.mark.parametrize("verb", [Verb.STOP, Verb.DELETE])
def test_what_ends_a_bill_is_never_outdated(verb: Verb) -> None:
    assert not order_timing.is_outdated(order(verb, at=NOON - timedelta(days=300)), NOON)
