"""Edges of what people and leases ask of instances: which end counts, and what one order keeps from another."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from core.domain.base import Cause
from core.domain.errors import InvalidRequest
from core.domain.instance import Instance, Status
from core.domain.order import Order, Verb
from core.domain.request import LeaseEnd
from core.services.lifecycle import can_extend
from tests.core.processes import MAX_LEASE, Process
from tests.core.samples import ADA, NOON, POLICY, TurnedClock, instance, request

HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)


def _up(**changes: Any) -> Instance:
    known = {"novita_id": "n-1", "status": Status.RUNNING, "novita_status": "running", "launched_at": NOON}
    return instance(**(known | {"running_at": NOON, "lease_ends_at": NOON + 8 * HOUR} | changes))


def _given(verb: Verb, **changes: Any) -> Order:
    return Order.model_validate(
        {"verb": verb, "cause": Cause.PERSON, "actor": ADA, "at": NOON, "last_try_at": NOON, "taken": 1} | changes
    )


async def _kept(web: Process, record: Instance) -> Instance:
    return (await web.store.begin(record, [], NOON)).instance


@pytest.mark.parametrize(
    ("wished", "then"),
    [
        (NOON + 2 * HOUR, NOON + 8 * HOUR),
        (NOON + 8 * HOUR, NOON + 8 * HOUR),
        (NOON + 8 * HOUR + MOMENT, NOON + 8 * HOUR + MOMENT),
        (NOON + MAX_LEASE, NOON + MAX_LEASE),
        (NOON + MAX_LEASE + HOUR, NOON + MAX_LEASE),
    ],
)
async def test_an_extension_never_makes_a_lease_shorter_nor_longer_than_the_longest(
    web: Process, wished: datetime, then: datetime
) -> None:
    record = await _kept(web, _up())
    assert (await web.lifecycle.extend_until(record.id, wished, ADA, POLICY)).lease.ends_at == then


async def test_a_start_that_may_go_on_longer_goes_on_no_shorter(web: Process) -> None:
    hangs = _up(status=Status.STARTING, lease_ends_at=None, starting_since=NOON, start_ends_at=NOON + 3 * HOUR)
    record = await _kept(web, hangs)
    assert (await web.lifecycle.extend_until(record.id, NOON + HOUR, ADA, POLICY)).startup.ends_at == NOON + 3 * HOUR
    later = await web.lifecycle.extend(record.id, HOUR, ADA, POLICY)
    assert (later.startup.ends_at, later.lease.ends_at) == (NOON + 4 * HOUR, None)


@pytest.mark.parametrize(
    ("lease", "left", "ends_at"),
    [
        (8 * HOUR, 4 * HOUR, NOON + 4 * HOUR),
        (8 * HOUR, 4 * HOUR - MOMENT, NOON + 8 * HOUR),
        (2 * MAX_LEASE, HOUR, NOON + MAX_LEASE),
    ],
)
async def test_a_sign_of_use_renews_a_lease_up_to_the_longest(
    web: Process, lease: timedelta, left: timedelta, ends_at: datetime
) -> None:
    record = await _kept(web, _up(request=request(lease=lease), lease_ends_at=NOON + left))
    assert (await web.lifecycle.used(record.id, ADA, POLICY)).lease.ends_at == ends_at


@pytest.mark.parametrize("verb", list(Verb))
async def test_while_an_order_is_under_way_a_lease_is_neither_extended_nor_ended(
    web: Process, clock: TurnedClock, verb: Verb
) -> None:
    record = await _kept(web, _up(order=_given(verb), lease_ends_at=NOON + timedelta(seconds=10)))
    assert not can_extend(record)
    with pytest.raises(InvalidRequest, match=f"a {verb.value} is under way"):
        await web.lifecycle.extend(record.id, HOUR, ADA, POLICY)
    assert await web.lifecycle.used(record.id, ADA, POLICY) == await web.record(record.id)
    clock.turn(seconds=10)
    await web.lifecycle.run_due()
    assert (await web.record(record.id)).order == record.order


@pytest.mark.parametrize(
    ("changes", "verb"),
    [
        ({}, Verb.STOP),
        ({"request": request(lease_end=LeaseEnd.DELETE)}, Verb.DELETE),
        ({"request": request(lease_end=LeaseEnd.DELETE), "past_in_doubt": True, "asked_at": NOON}, Verb.STOP),
    ],
)
async def test_a_lease_ends_at_its_very_end_and_not_before(
    web: Process, clock: TurnedClock, changes: dict[str, Any], verb: Verb
) -> None:
    record = await _kept(web, _up(lease_ends_at=NOON + timedelta(seconds=10), reminded=(60, 15), **changes))
    clock.instant += timedelta(seconds=10) - MOMENT
    await web.lifecycle.run_due()
    assert (await web.record(record.id)).order is None
    clock.instant += MOMENT
    await web.lifecycle.run_due()
    order = (await web.record(record.id)).order
    assert order is not None
    assert (order.verb, order.cause, order.actor, order.at) == (verb, Cause.LEASE, None, NOON + timedelta(seconds=10))
