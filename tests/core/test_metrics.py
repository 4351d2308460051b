"""What a process counts: labels from small known sets, and the time of a create split into ours and Novita's."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta
from decimal import Decimal

import pytest

from bot.sandbox.novita import Fault, SandboxNovita
from core.domain.attempt import Attempt, AttemptOutcome
from core.telemetry import metrics
from core.telemetry.metrics import REGISTRY, BoundedLabels
from tests.core.processes import Process
from tests.core.samples import ADA, instance, offer, request

CREATES, ATTEMPTS, SECONDS = "gpu_bot_creates_total", "gpu_bot_create_attempts_total", "gpu_bot_create_duration_seconds"


def counted(name: str, **labels: str) -> float:
    return REGISTRY.get_sample_value(name, labels) or 0.0


def spent() -> tuple[float, float]:
    """The seconds of all creates: ours, Novita's."""
    return counted(f"{SECONDS}_sum", part="ours"), counted(f"{SECONDS}_sum", part="novita")


def with_attempt(reason: str) -> None:
    """Counts a launch that ended with one attempt."""
    tried = Attempt(
        region="CN-HK-01",
        product_id="p",
        price=Decimal(1),
        outcome=AttemptOutcome.REFUSED,
        reason=reason,
        message="free text",
    )
    metrics.create_ended(instance(attempts=(tried,), offer=offer()), timedelta(seconds=3), timedelta(seconds=2))


async def test_what_is_waited_for_novita_is_novitas_time(web: Process, sandbox: SandboxNovita) -> None:
    sandbox.fail_next("create", Fault.rate_limited("5"))
    launch = await web.begin(request(), owner=ADA, key="view:1")
    where = launch.offers[0].region.name
    created, (ours, novitas) = counted(CREATES, outcome="created", region=where), spent()
    await web.launcher.finish(launch)
    assert spent() == pytest.approx((ours, novitas + 5))
    assert counted(CREATES, outcome="created", region=where) == created + 1


async def test_a_create_whose_answer_is_lost_counts_as_unfinished(web: Process, sandbox: SandboxNovita) -> None:
    launch = await web.begin(request(), owner=ADA, key="view:1")
    where = launch.offers[0].region.name
    before, (ours, novitas) = counted(CREATES, outcome="unfinished", region=where), spent()
    sandbox.fail_next("create", Fault.reset(has_effect=False))
    await web.launcher.finish(launch)
    assert counted(CREATES, outcome="unfinished", region=where) == before + 1
    assert spent()[0] == pytest.approx(ours)
    assert spent()[1] > novitas + 30, "it was looked for"


async def test_a_create_that_is_broken_off_is_counted_too(web: Process, sandbox: SandboxNovita) -> None:
    launch = await web.begin(request(), owner=ADA, key="view:1")
    where = launch.offers[0].region.name
    before = counted(CREATES, outcome="unfinished", region=where)
    sandbox.fail_next("create", Fault.hang(has_effect=False))
    finishing = asyncio.create_task(web.launcher.finish(launch))
    await sandbox.wait_until(lambda: bool(sandbox.calls_of("create")))
    finishing.cancel()
    await asyncio.gather(finishing, return_exceptions=True)
    assert counted(CREATES, outcome="unfinished", region=where) == before + 1
    sandbox.clear_faults()


async def test_a_repeated_request_is_not_counted_again(web: Process) -> None:
    first = await web.begin(request(), owner=ADA, key="view:1")
    answer = await web.launcher.finish(first)
    before = counted(CREATES, outcome="created", region=answer.region or "")
    again = await web.begin(request(), owner=ADA, key="view:1")
    assert again.is_repeat
    await web.launcher.finish(again)
    assert counted(CREATES, outcome="created", region=answer.region or "") == before


@pytest.mark.parametrize(
    ("reason", "label"),
    [
        ("INSUFFICIENT_RESOURCE", "INSUFFICIENT_RESOURCE"),
        ("NO_ANSWER", "NO_ANSWER"),
        ("", "none"),
        ("never published", "other"),
        ('x"} 1\n', "other"),
    ],
)
def test_a_reason_is_one_that_is_known_or_other(reason: str, label: str) -> None:
    labels = {"outcome": "refused", "reason": label, "region": "CN-HK-01"}
    before = counted(ATTEMPTS, **labels)
    with_attempt(reason)
    assert counted(ATTEMPTS, **labels) == before + 1


def test_however_many_regions_novita_names_the_labels_stay_few() -> None:
    regions = BoundedLabels(3)
    assert [regions.label(name) for name in ("A", "B", "", "A", "C", "D", "B", "E")] == [
        *("A", "B", "none", "A", "C", "other", "B", "other"),
    ]


def test_counting_costs_microseconds() -> None:
    def seconds() -> float:
        began = time.thread_time()
        for _ in range(200):
            metrics.http_answered("/slack/events", "POST", 200, 0.001)
            metrics.acknowledged("command", 0.001)
        return (time.thread_time() - began) / 200

    assert min(seconds() for _ in range(10)) < 0.00005, "it should take about 3 us, and this is the best of 10 rounds"


def test_what_cannot_be_counted_harms_nobody() -> None:
    metrics.http_answered("/", "GET", 200, "not a number")  # type: ignore[arg-type]
