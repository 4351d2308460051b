"""The answer to a create, as it is read off its record."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest

from core.domain import transitions
from core.domain.attempt import Attempt, AttemptOutcome, Failure, FailureKind
from core.domain.instance import Instance, Status
from core.domain.order import Verb
from core.domain.responses import first_response_to, response_to
from tests.core.samples import ADA, NOON, at_novita, instance

ATTEMPT = Attempt(region="CN-HK-01", product_id="4090.16c62g", price=Decimal("0.18"), outcome=AttemptOutcome.CREATED)


def after(record: Instance, *changes: transitions.TransitionResult | None) -> Instance:
    for change in changes:
        assert change is not None
        record = change[0]
    return record


def created() -> Instance:
    return after(instance(), transitions.created(instance(), "n-1", NOON, ATTEMPT, found=False))


def lived() -> list[Instance]:
    """The same instance at later moments of its life."""
    later = NOON + timedelta(minutes=5)
    began = created()
    running = after(began, transitions.observed(began, at_novita(began, "running"), later))
    ordered = after(running, transitions.ordered(running, Verb.STOP, ADA, later))
    stopped = after(ordered, transitions.observed(ordered, at_novita(ordered, "exited"), later))
    broken = after(began, transitions.observed(began, at_novita(began, "pulling", error_message="no image"), later))
    return [running, ordered, stopped, broken, after(running, transitions.deleted(running, later))]


@pytest.mark.parametrize("record", lived(), ids=lambda record: record.status.value)
def test_what_a_create_was_answered_stays_the_same_for_ever(record: Instance) -> None:
    began = created()
    same = record.model_copy(update={"id": began.id})
    assert first_response_to(same) == response_to(began)
    assert first_response_to(same).status is Status.STARTING


def test_a_launch_that_failed_stays_failed() -> None:
    failure = Failure(kind=FailureKind.MONEY, message="no money")
    record = after(instance(), transitions.launch_failed(instance(), failure, NOON))
    assert (first_response_to(record).status, first_response_to(record).message) == (Status.FAILED, "no money")


def test_money_is_a_number_in_json_and_every_key_is_camel_case() -> None:
    told = json.loads(response_to(created()).model_dump_json(by_alias=True))
    assert (told["spotPrice"], told["attempts"][0]["price"]) == (0.18, 0.18)
    assert told["attempts"][0]["productId"] == "4090.16c62g"


def test_a_record_keeps_its_prices_to_the_letter() -> None:
    """As they are written now, and as they were written before."""
    written = created().model_dump_json()
    assert '"price":0.18' in written
    for text in (written, written.replace('"price":0.18', '"price":"0.18"')):
        assert Instance.model_validate_json(text).launch.attempts == (ATTEMPT,)
