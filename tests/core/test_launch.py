"""A launch against the strict make-believe Novita, with a real Redis behind it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest
import structlog.testing

from bot.sandbox.novita import Endpoint, Fault, SandboxNovita
from core.domain.attempt import AttemptOutcome, FailureKind
from core.domain.base import Actor
from core.domain.errors import InvalidRequest, NotAllowed
from core.domain.events import RegionRefused
from core.domain.instance import Status
from core.domain.offers import rank
from core.domain.responses import CreateInstanceResponse
from core.domain.transitions import presumed_lost
from core.services.launch import RetryPolicy
from tests.core.processes import Process, process
from tests.core.samples import ADA, SECRET, TurnedClock, request


@pytest.fixture
async def web(sandbox: SandboxNovita, redis_url: str, clock: TurnedClock) -> AsyncIterator[Process]:
    made = process(sandbox, redis_url, clock)
    await made.catalog.get_market()
    await made.catalog.get_template("107672")
    yield made
    await made.close()


async def _create(web: Process, key: str = "view:V1", **changes: object) -> CreateInstanceResponse:
    launch = await web.begin(request(**changes), owner=ADA, key=key)
    answer = await web.launcher.finish(launch)
    await web.quiet()
    return answer


def _outcomes(answer: CreateInstanceResponse) -> list[tuple[str, str]]:
    return [(attempt.region, attempt.outcome.value) for attempt in answer.attempts]


async def test_a_warm_create_is_one_post_and_answers_with_every_field(web: Process, sandbox: SandboxNovita) -> None:
    before = len(sandbox.calls)
    answer = await _create(web)
    assert [call.endpoint for call in sandbox.calls[before:]] == [Endpoint.CREATE]
    assert answer.status is Status.STARTING
    assert answer.novita_instance_id in sandbox.instances
    assert (answer.region, answer.product_id, answer.spot_price) == ("AS-SGP-02", "4090.16c62g", Decimal("0.1872"))
    assert answer.estimated_ready_time is not None
    assert _outcomes(answer) == [("AS-SGP-02", "created")]
    assert {"instanceId", "novitaInstanceId", "spotPrice", "estimatedReadyTime"} <= set(
        answer.model_dump(by_alias=True)
    )


async def test_the_template_is_expanded_with_the_requests_variables_on_top(
    web: Process, sandbox: SandboxNovita
) -> None:
    await _create(web)
    body = sandbox.creates[0]
    assert body["imageUrl"] == "registry.example.com/team/comfy:1.4"
    assert body["imageAuthId"]
    assert "imageAuth" not in body
    assert body["ports"] == "8188/http, 9000/tcp"
    assert {"key": "TOKEN", "value": SECRET} in body["envs"]
    assert body["name"].startswith("train-1-")


async def test_a_full_region_leads_to_the_next_and_every_refusal_is_kept(web: Process, sandbox: SandboxNovita) -> None:
    sandbox.out_of_stock_at_create("AS-SGP-02")
    sandbox.out_of_stock_at_create("CN-HK-01")
    answer = await _create(web)
    assert _outcomes(answer) == [("AS-SGP-02", "refused"), ("CN-HK-01", "refused"), ("OC-AU-01", "created")]
    assert answer.attempts[0].reason == "INSUFFICIENT_RESOURCE"
    assert answer.region == "OC-AU-01"
    assert web.told.types == ["instance_requested", "region_refused", "region_refused", "instance_created"]
    refusal = web.told.events[1]
    assert isinstance(refusal, RegionRefused)
    assert refusal.next_offer.region.name == "CN-HK-01"


async def test_the_billing_never_changes_when_there_is_no_room_anywhere(web: Process, sandbox: SandboxNovita) -> None:
    for cluster in sandbox.clusters:
        sandbox.out_of_stock_at_create(cluster.id)
    answer = await _create(web)
    assert answer.status is Status.FAILED
    assert {attempt.outcome for attempt in answer.attempts} == {AttemptOutcome.REFUSED}
    record = await web.record(answer.instance_id)
    assert record.failure is not None
    assert record.failure.kind is FailureKind.NO_CAPACITY
    assert sandbox.creates == []


@pytest.mark.parametrize(
    ("status", "reason", "kind"),
    [
        (400, "BALANCE_NOT_ENOUGH", FailureKind.MONEY),
        (400, "CREATE_INSTANCE_LIMIT", FailureKind.QUOTA),
        (400, "IMAGE_NOT_FOUND", FailureKind.BAD_INPUT),
        (401, "UNAUTHORIZED", FailureKind.ACCOUNT),
        (400, "SOMETHING_NEW", FailureKind.OTHER),
    ],
)
async def test_a_no_that_no_region_can_help_ends_the_launch_at_once(
    web: Process, sandbox: SandboxNovita, status: int, reason: str, kind: FailureKind
) -> None:
    sandbox.fail_next("create", Fault.refused(status, reason))
    answer = await _create(web)
    assert answer.status is Status.FAILED
    assert _outcomes(answer) == [("AS-SGP-02", "rejected")]
    record = await web.record(answer.instance_id)
    assert record.failure is not None
    assert (record.failure.kind, record.failure.reason) == (kind, reason)
    assert len(sandbox.calls_of("create")) == 1


@pytest.mark.parametrize(
    "fault",
    [Fault.reset(has_effect=True), Fault.server_error(has_effect=True), Fault.no_id(), Fault.hang(has_effect=True)],
)
async def test_when_the_answer_is_lost_the_instance_is_found_by_name_and_nothing_else_is_tried(
    web: Process, sandbox: SandboxNovita, fault: Fault
) -> None:
    sandbox.fail_next("create", fault)
    answer = await _create(web)
    assert answer.status is Status.STARTING
    assert answer.novita_instance_id in sandbox.instances
    assert len(sandbox.calls_of("create")) == 1
    assert web.told.types == ["instance_requested", "answer_lost", "instance_created"]


async def test_when_nothing_is_found_the_answer_says_so_and_no_second_one_is_made(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    sandbox.fail_next("create", Fault.reset(has_effect=False))
    answer = await _create(web)
    assert answer.status is Status.CREATING
    assert answer.novita_instance_id is None
    assert len(sandbox.calls_of("create")) == 1
    assert sum(clock.slept, timedelta()) >= timedelta(seconds=30)


async def test_429_waits_as_told_and_then_goes_on_with_the_same_offer(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    sandbox.fail_next("create", Fault.rate_limited("7"))
    sandbox.fail_next("create", Fault.rate_limited(None))
    answer = await _create(web)
    assert _outcomes(answer) == [("AS-SGP-02", "created")]
    assert clock.slept == [timedelta(seconds=7), RetryPolicy().default_retry_after]


async def test_a_third_429_or_one_that_asks_for_too_much_ends_the_launch(web: Process, sandbox: SandboxNovita) -> None:
    sandbox.fail_next("create", Fault.rate_limited("1"), times=3)
    assert (await _create(web)).status is Status.FAILED
    assert len(sandbox.calls_of("create")) == 3
    sandbox.fail_next("create", Fault.rate_limited("3600"))
    assert (await _create(web, key="view:V2")).status is Status.FAILED
    assert len(sandbox.calls_of("create")) == 4


async def test_a_connection_that_was_never_made_is_tried_again_and_then_said_to_be_so(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    await sandbox.stop()
    answer = await _create(web)
    assert (answer.status, _outcomes(answer)) == (Status.FAILED, [("AS-SGP-02", "unsent")])
    assert clock.slept == list(RetryPolicy().unsent_pauses)


async def test_no_attempt_begins_after_the_deadline(web: Process, sandbox: SandboxNovita, clock: TurnedClock) -> None:
    for cluster in sandbox.clusters:
        sandbox.out_of_stock_at_create(cluster.id)
    launch = await web.begin(request(), owner=ADA, key="view:V1")
    clock.turn(minutes=4)
    answer = await web.launcher.finish(launch)
    assert (answer.status, answer.attempts) == (Status.FAILED, ())
    assert sandbox.calls_of("create") == []


async def test_a_launch_that_a_worker_gave_up_meanwhile_tries_no_further_region(
    web: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    """The process stood still (a suspended machine, say) with its create under way; the record went on without it."""
    sandbox.out_of_stock_at_create("AS-SGP-02")
    launch = await web.begin(request(), owner=ADA, key="view:V1")
    await web.unit_of_work.update(launch.instance, lambda i: presumed_lost(i, clock.now()))
    answer = await web.launcher.finish(launch)
    assert answer.status is Status.FAILED
    assert len(sandbox.calls_of("create")) == 1


async def test_an_instance_that_a_worker_adopted_meanwhile_is_announced_once(
    web: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    worker = process(sandbox, redis_url, clock)
    launch = await web.begin(request(), owner=ADA, key="view:V1")
    sandbox.fail_next("create", Fault.hang(has_effect=True))
    finishing = asyncio.create_task(web.launcher.finish(launch))
    await sandbox.wait_until(lambda: bool(sandbox.instances))
    await worker.reconciler.run_once()
    answer = await finishing
    await web.quiet()
    await worker.close()
    assert answer.novita_instance_id in sandbox.instances
    assert [event.type for event in await web.store.timeline(launch.instance.id)].count("instance_created") == 1


async def test_the_same_key_again_gives_the_same_answer_and_no_second_instance(
    web: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    other = process(sandbox, redis_url, clock)
    first = await _create(web)
    again = await _create(web)
    elsewhere = await _create(other)
    await other.close()
    assert first == again == elsewhere
    assert len(sandbox.creates) == 1


async def test_double_clicks_at_once_in_two_processes_make_one_instance(
    web: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    other = process(sandbox, redis_url, clock)
    answers = await asyncio.gather(*(_create((web, other)[n % 2]) for n in range(10)))
    await other.close()
    assert len({answer.instance_id for answer in answers}) == 1
    assert len(sandbox.creates) == 1


async def test_a_template_that_is_gone_fails_the_launch_with_its_reason(web: Process, sandbox: SandboxNovita) -> None:
    wanted = request(template_id="999999")  # It was there when it was checked.
    offers = rank(await web.catalog.get_market(), wanted)
    answer = await web.launcher.finish(await web.launcher.begin(wanted, offers, owner=ADA, key="view:V1"))
    record = await web.record(answer.instance_id)
    assert record.failure is not None
    assert (record.status, record.failure.reason) == (Status.FAILED, "TEMPLATE_NOT_FOUND")
    assert sandbox.calls_of("create") == []


async def test_what_nobody_sells_is_refused_before_anything_is_recorded(web: Process) -> None:
    with pytest.raises(InvalidRequest):
        await web.begin(request(product_name="Abacus"), owner=ADA, key="view:V1")
    assert await web.store.live() == []


async def test_who_may_not_create_is_refused_before_anything_is_asked_or_recorded(
    web: Process, sandbox: SandboxNovita
) -> None:
    stranger, before = Actor(user="U0GUEST", team="T0OTHER"), len(sandbox.calls)
    with pytest.raises(NotAllowed):
        await web.begin(request(), owner=stranger, key="view:V1")
    assert await web.store.live() == []
    assert len(sandbox.calls) == before


async def test_a_cold_process_needs_two_calls_when_the_market_is_in_the_store(
    web: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    cold = process(sandbox, redis_url, clock)
    before = len(sandbox.calls)
    await _create(cold)
    await cold.close()
    assert [call.endpoint for call in sandbox.calls[before:]] == [Endpoint.TEMPLATE, Endpoint.CREATE]


async def test_the_log_line_of_a_create_says_what_was_made_and_no_secret(web: Process, sandbox: SandboxNovita) -> None:
    with structlog.testing.capture_logs() as lines:
        answer = await _create(web)
    line = next(line for line in lines if line["event"] == "instance_create")
    assert line["instance_id"] == answer.instance_id
    assert line["novita_instance_id"] == answer.novita_instance_id
    assert {"product_id", "region", "spot_price", "attempts", "duration"} <= set(line)
    assert not [secret for secret in {SECRET, *sandbox.secrets} if secret in str(lines)]
