"""The client when Novita misbehaves: what each fault means, and that a create is sent exactly once on every path."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import timedelta

import pytest
import structlog
from pydantic import SecretStr

from bot.sandbox.novita import Fault
from core.adapters.novita import NovitaClient, Timeouts
from core.domain.attempt import FailureKind
from core.domain.errors import (
    NoCapacity,
    NotFound,
    NovitaError,
    NovitaRefused,
    NovitaUnclear,
    NovitaUnsent,
    RateLimited,
)
from tests.core.novita_world import IMAGE, IMPATIENT, OFFER, PRIVATE_TEMPLATE, REQUEST, Meeting, meeting


@pytest.fixture
async def met() -> AsyncIterator[Meeting]:
    async with meeting() as both:
        yield both


@pytest.fixture
async def hurried() -> AsyncIterator[Meeting]:
    async with meeting(timeouts=IMPATIENT) as both:
        yield both


UNCLEAR = [
    (Fault.reset(has_effect=False), 0),
    (Fault.reset(has_effect=True), 1),
    (Fault.server_error(502), 0),
    (Fault.server_error(500, has_effect=True), 1),
    (Fault.refused(500, "UNKNOWN"), 0),
    (Fault.refused(503, "INSUFFICIENT_RESOURCE"), 0),
    (Fault.refused(408, "REQUEST"), 0),
    (Fault.refused(302, ""), 0),
    (Fault.not_json(has_effect=True), 1),
    (Fault.no_id(has_effect=True), 1),
    (Fault.no_id(has_effect=False), 0),
]


@pytest.mark.parametrize(("fault", "made"), UNCLEAR, ids=lambda value: getattr(value, "name", str(value)))
async def test_a_create_without_a_usable_answer_is_unclear_and_sent_once(met: Meeting, fault: Fault, made: int) -> None:
    met.sandbox.fail_next("create", fault)
    with pytest.raises(NovitaUnclear):
        await met.create()
    assert (met.creates_sent(), len(met.sandbox.instances)) == (1, made)


@pytest.mark.parametrize(
    ("fault", "made"), [(Fault.hang(has_effect=False), 0), (Fault.hang(has_effect=True), 1), (Fault.slow(30), 1)]
)
async def test_a_create_that_times_out_is_unclear_and_sent_once(hurried: Meeting, fault: Fault, made: int) -> None:
    hurried.sandbox.fail_next("create", fault)
    with pytest.raises(NovitaUnclear):
        await hurried.create()
    assert (hurried.creates_sent(), len(hurried.sandbox.instances)) == (1, made)


async def test_a_slow_create_is_waited_for_longer_than_a_read() -> None:
    patience = Timeouts(read=timedelta(seconds=0.1), create=timedelta(seconds=20))
    async with meeting(timeouts=patience) as both:
        both.sandbox.fail_next("create", Fault.slow(0.4))
        assert await both.create() in both.sandbox.instances


REFUSED: list[tuple[Fault, type[NovitaRefused], FailureKind]] = [
    (Fault.refused(400, "INSUFFICIENT_RESOURCE"), NoCapacity, FailureKind.NO_CAPACITY),
    (Fault.refused(400, "CLUSTER_STATUS"), NoCapacity, FailureKind.NO_CAPACITY),
    (Fault.refused(400, "BALANCE_NOT_ENOUGH"), NovitaRefused, FailureKind.MONEY),
    (Fault.refused(500, "WALLET_NOT_FOUND"), NovitaRefused, FailureKind.MONEY),
    (Fault.refused(400, "CREATE_GPU_NUM_LIMIT"), NovitaRefused, FailureKind.QUOTA),
    (Fault.refused(400, "IMAGE_NOT_FOUND"), NovitaRefused, FailureKind.BAD_INPUT),
    (Fault.refused(400, "RESOURCE_NOT_FOUND"), NotFound, FailureKind.BAD_INPUT),
    (Fault.refused(404, "RESOURCE_NOT_FOUND"), NotFound, FailureKind.BAD_INPUT),
    (Fault.gateway(), NovitaRefused, FailureKind.GATEWAY),
    (Fault.refused(401, "UNAUTHORIZED"), NovitaRefused, FailureKind.ACCOUNT),
    (Fault.rate_limited("2"), RateLimited, FailureKind.PACE),
    (Fault.refused(418, "TEAPOT"), NovitaRefused, FailureKind.OTHER),
]


@pytest.mark.parametrize(
    ("fault", "error", "kind"), REFUSED, ids=lambda value: value.name if isinstance(value, Fault) else ""
)
async def test_a_refused_create_says_why_and_is_sent_once(
    met: Meeting, fault: Fault, error: type[NovitaRefused], kind: FailureKind
) -> None:
    met.sandbox.fail_next("create", fault)
    with pytest.raises(error) as refused:
        await met.create()
    assert type(refused.value) is error and refused.value.kind is kind
    assert met.creates_sent() == 1 and not met.sandbox.instances


async def test_stock_that_only_the_create_knows_of_is_no_capacity(met: Meeting) -> None:
    met.sandbox.out_of_stock_at_create("CN-HK-01", "RTX 4090 24GB")
    with pytest.raises(NoCapacity):
        await met.create()


async def test_a_region_that_closed_meanwhile_is_no_capacity(met: Meeting) -> None:
    met.sandbox.close_region("CN-HK-01")
    with pytest.raises(NoCapacity):
        await met.create()


async def test_a_rate_limit_carries_the_wait_that_was_asked_for(met: Meeting) -> None:
    met.sandbox.fail_next("create", Fault.rate_limited("7"))
    with pytest.raises(RateLimited) as refused:
        await met.create()
    assert refused.value.retry_after == timedelta(seconds=7)


async def test_a_server_that_is_not_there_is_unsent() -> None:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    client = NovitaClient(f"http://127.0.0.1:{port}", SecretStr("key"))
    with pytest.raises(NovitaUnsent):
        await client.create("box-1", OFFER, REQUEST, IMAGE)
    await client.aclose()


async def test_a_secret_that_novita_echoes_is_not_in_the_error(met: Meeting) -> None:
    template = await met.client.template(PRIVATE_TEMPLATE)
    token = template.envs["HF_TOKEN"].get_secret_value()
    echo = f"{'x' * 280} bad env {token} for {met.sandbox.api_key}"
    met.sandbox.fail_next("create", Fault.refused(400, "VALIDATOR_PARAM", echo))
    with pytest.raises(NovitaRefused) as refused, structlog.testing.capture_logs() as logs:
        await met.create(template=template)
    assert len(refused.value.message) <= 300
    assert not any(token[:length] in f"{refused.value}{logs}" for length in (6, len(token)))


ACTS: list[Callable[[NovitaClient, str], Awaitable[None]]] = [
    NovitaClient.start,
    NovitaClient.stop,
    NovitaClient.restart,
    NovitaClient.delete,
]


@pytest.mark.parametrize("act", ACTS)
@pytest.mark.parametrize("fault", [Fault.reset(has_effect=False), Fault.server_error(), Fault.rate_limited("0")])
async def test_an_act_that_fails_is_sent_once(
    met: Meeting, act: Callable[[NovitaClient, str], Awaitable[None]], fault: Fault
) -> None:
    met.sandbox.fail_all(fault)
    with pytest.raises(NovitaError):
        await act(met.client, "3f9a1c77d2e04b58")
    assert len(met.sandbox.calls) == 1


async def test_an_act_that_answers_with_nothing_has_worked(met: Meeting) -> None:
    met.sandbox.fail_next("delete", Fault.not_json(has_effect=True))
    novita_id = await met.create()
    await met.client.delete(novita_id)
    assert met.sandbox.instances[novita_id].status(met.clock.now) == "toRemove"


@pytest.mark.parametrize(
    "fault",
    [
        Fault.reset(has_effect=False),
        Fault.server_error(),
        Fault.not_json(),
        Fault.no_id(),
        Fault.rate_limited("0"),
        Fault.rate_limited(None),
    ],
    ids=lambda fault: fault.name,
)
async def test_a_read_that_fails_twice_is_answered_by_the_third_try(met: Meeting, fault: Fault) -> None:
    met.sandbox.fail_next("clusters", fault, times=2)
    assert await met.client.regions()
    assert len(met.sandbox.calls) == 3


async def test_a_read_that_keeps_failing_ends_after_three_tries(met: Meeting) -> None:
    met.sandbox.fail_all(Fault.server_error())
    with pytest.raises(NovitaUnclear):
        await met.client.regions()
    assert len(met.sandbox.calls) == 3


async def test_a_read_that_hangs_is_tried_again(hurried: Meeting) -> None:
    hurried.sandbox.fail_next("clusters", Fault.hang(has_effect=False))
    assert await hurried.client.regions()


async def test_a_read_waits_as_long_as_it_is_told(met: Meeting) -> None:
    met.sandbox.fail_next("clusters", Fault.rate_limited("1"))
    began = asyncio.get_running_loop().time()
    await met.client.regions()
    assert asyncio.get_running_loop().time() - began >= 1


async def test_a_read_that_is_told_to_wait_long_fails_at_once(met: Meeting) -> None:
    met.sandbox.fail_next("clusters", Fault.rate_limited("600"))
    with pytest.raises(RateLimited):
        await met.client.regions()
    assert len(met.sandbox.calls) == 1


async def test_a_refused_read_is_not_repeated(met: Meeting) -> None:
    met.sandbox.fail_next("clusters", Fault.refused(403, "FORBIDDEN"))
    with pytest.raises(NovitaRefused):
        await met.client.regions()
    assert len(met.sandbox.calls) == 1


async def test_a_listing_without_rows_is_unclear_and_never_empty(met: Meeting) -> None:
    await met.create()
    met.sandbox.fail_all(Fault.no_id(), "instances")
    with pytest.raises(NovitaUnclear):
        await met.client.instances()


async def test_a_create_that_is_given_up_is_logged_as_cancelled(met: Meeting) -> None:
    met.sandbox.fail_next("create", Fault.hang(has_effect=True))
    with structlog.testing.capture_logs() as logs:
        create = asyncio.create_task(met.create())
        await met.sandbox.wait_until(lambda: len(met.sandbox.instances) == 1)
        create.cancel()
        await asyncio.wait([create])
    assert [entry["outcome"] for entry in logs] == ["cancelled"]
