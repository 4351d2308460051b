"""Whatever Novita says gets onto a record and into its story without the values of the variables on it."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from core.domain import transitions
from core.domain.attempt import Attempt, AttemptOutcome, Failure, FailureKind
from core.domain.base import Cause
from core.domain.instance import Instance, Status
from core.domain.novita import NovitaInstance
from core.domain.order import Order, Verb
from core.domain.transitions import TransitionResult
from tests.core.samples import ADA, NOON, instance, offer

SAID = "no: HF_TOKEN=hunter2 MODE='hunter2' GPU_BOT_HOOK=hunter2"
ATTEMPT = Attempt(
    region="CN-HK-01",
    product_id="4090",
    price=Decimal("0.18"),
    outcome=AttemptOutcome.REFUSED,
    reason=SAID,
    message=SAID,
)
FAILURE = Failure(kind=FailureKind.OTHER, reason=SAID, message=SAID)
NAMES: dict[str, object] = {"env_names": ("HF_TOKEN",), "template_env_names": ("MODE",)}
LAUNCHING = instance(**NAMES)
STARTING = instance(**NAMES, novita_id="n1", status=Status.STARTING)
ORDER = Order(verb=Verb.STOP, cause=Cause.PERSON, actor=ADA, at=NOON)
ORDERED = instance(**NAMES, novita_id="n1", status=Status.RUNNING, order=ORDER)
SHOWN = NovitaInstance(id="n1", name="x", status="pulling", error_state=SAID, error_message=SAID)

WAYS: dict[str, Callable[[], TransitionResult | None]] = {
    "refused": lambda: transitions.refused(LAUNCHING, ATTEMPT, offer(), NOON),
    "lost": lambda: transitions.answer_lost(LAUNCHING, ATTEMPT, NOON),
    "created": lambda: transitions.created(LAUNCHING, "n1", NOON, ATTEMPT, found=False),
    "created, seen before": lambda: transitions.created(STARTING, "n1", NOON, ATTEMPT, found=False),
    "failed": lambda: transitions.launch_failed(LAUNCHING, FAILURE, NOON, ATTEMPT),
    "order failed": lambda: transitions.order_failed(ORDERED, ORDER, FAILURE, NOON, is_final=False),
    "order refused": lambda: transitions.order_failed(ORDERED, ORDER, FAILURE, NOON, is_final=True),
    "seen": lambda: transitions.observed(STARTING, SHOWN, NOON),
    "seen, as a word": lambda: transitions.observed(STARTING, SHOWN.model_copy(update={"status": SAID}), NOON),
}


@pytest.mark.parametrize("way", WAYS.values(), ids=WAYS)
def test_no_value_gets_onto_a_record_or_into_its_story(way: Callable[[], TransitionResult | None]) -> None:
    changed = way()
    assert changed is not None
    record, events = changed
    told = record.model_dump_json() + "".join(event.model_dump_json() for event in events)
    assert "hunter2" not in told
    assert "no: HF_TOKEN=***" in told


def test_a_record_from_before_its_templates_variables_were_noted_can_be_read() -> None:
    old = instance().model_dump(mode="json", exclude={"template_env_names", "unlisted_region"})
    assert Instance.model_validate(old).secret_names == {"TOKEN", "GPU_BOT_HOOK"}
