"""The first rule: whatever fails or dies, one request key leads to at most one instance, and none is an orphan.

Schedules of faults at Novita and of deaths of the launching process are drawn; a process that dies does nothing more,
not even to clean up. A worker then looks until all is settled.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from zlib import crc32

import pytest
import stamina
from hypothesis import example, given, settings
from hypothesis import strategies as st

from bot.sandbox.novita import Fault, SandboxNovita
from core.domain.errors import GpuBotError
from core.domain.identity import token_in
from core.domain.instance import Instance
from core.services.launch import Launcher
from tests.core.processes import Process, novita_at, process
from tests.core.samples import ADA, TurnedClock, request
from tests.patience import examples


@pytest.fixture(autouse=True, scope="module")
def no_pauses() -> Iterator[None]:
    """The client's reads are tried as often as ever, without the waits between."""
    with stamina.set_testing(True, attempts=3):
        yield


class Killed(BaseException):
    """The process was killed at this line."""


@dataclass
class Mortal:
    """Passes calls through, and dies before or after the one whose turn it is."""

    inner: Any
    life: Life

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.inner, name)
        if not asyncio.iscoroutinefunction(method):
            return method

        async def call(*arguments: Any, **named: Any) -> Any:
            self.life.step()
            result = await method(*arguments, **named)
            self.life.step()
            return result

        return call


@dataclass
class Life:
    """Steps left to live; None for ever."""

    left: int | None
    is_over: bool = field(default=False)

    def step(self) -> None:
        if self.left is not None:
            self.left -= 1
            self.is_over = self.is_over or self.left < 0
        if self.is_over:
            raise Killed


FAULTS = {
    "reset before": Fault.reset(has_effect=False),
    "reset after": Fault.reset(has_effect=True),
    "502 before": Fault.server_error(has_effect=False),
    "502 after": Fault.server_error(has_effect=True),
    "not JSON": Fault.not_json(),
    "no id": Fault.no_id(),
    "full": Fault.refused(400, "INSUFFICIENT_RESOURCE"),
    "429": Fault.rate_limited("1"),
    "no money": Fault.refused(400, "BALANCE_NOT_ENOUGH"),
}
_fault = st.sampled_from([*FAULTS, "fine"])
_read_fault = st.sampled_from(["fine", "fine", "502 before", "reset before", "not JSON"])
_lives = st.lists(st.one_of(st.none(), st.integers(0, 14)), min_size=1, max_size=4)


@settings(max_examples=examples(20))
@given(creates=st.lists(_fault, max_size=6), lists=st.lists(_read_fault, max_size=6), lives=_lives)
@example(creates=["reset after"], lists=["502 before"] * 6, lives=[3, None])
@example(creates=["full", "reset after"], lists=[], lives=[6])
async def test_one_key_leads_to_at_most_one_instance_and_every_instance_is_on_a_record(
    redis_server: str, creates: list[str], lists: list[str], lives: list[int | None]
) -> None:
    clock = TurnedClock()
    async with novita_at(clock, boot_seconds=30) as sandbox:
        worker = process(sandbox, redis_server, clock)
        await worker.catalog.refresh(older_than=timedelta())
        _plan(sandbox, "create", creates)
        _plan(sandbox, "instances", lists)
        key = f"view:{id(worker)}:{clock.now().timestamp()}:{len(lives)}:{creates}:{lists}:{lives}"
        webs = [process(sandbox, redis_server, clock) for _ in lives]
        await asyncio.gather(*(_launch(web, clock, key, life) for web, life in zip(webs, lives, strict=True)))
        await _settle(worker, sandbox, clock)
        records = [record for record in await _records(worker, sandbox) if record.intent.request_key == key]
        _check(sandbox, records)
        for record in records:
            told = [event.type for event in await worker.store.timeline(record.id)]
            assert told.count("instance_created") <= 1, told
            assert told.count("instance_failed") <= 1, told
        for one in (worker, *webs):
            await one.close()


async def _launch(web: Process, clock: TurnedClock, key: str, steps: int | None) -> None:
    life = Life(steps)
    launcher = Launcher(
        Mortal(web.novita, life),
        web.catalog,
        web.store,
        Mortal(web.unit_of_work, life),
        clock,
        process=web.store.holder,
    )
    mortal = replace(web, creation=replace(web.creation, launcher=launcher))
    wanted = request(name=f"job-{crc32(key.encode())}")  # Earlier examples have left theirs.
    with contextlib.suppress(Killed):
        await launcher.finish(await mortal.begin(wanted, owner=ADA, key=key))


def _plan(sandbox: SandboxNovita, endpoint: str, faults: list[str]) -> None:
    for name in faults:
        sandbox.fail_next(endpoint, FAULTS.get(name) or Fault.slow(0))


async def _settle(worker: Process, sandbox: SandboxNovita, clock: TurnedClock) -> None:
    """Novita answers again; within a minute every instance must be on a record. Then eleven minutes more."""
    sandbox.clear_faults()
    await _look(worker, clock, times=6, seconds=10)
    known = {record.remote.id for record in await _records(worker, sandbox)}
    assert set(sandbox.instances) <= known, "an orphan after a minute"
    await _look(worker, clock, times=6, seconds=110)


async def _look(worker: Process, clock: TurnedClock, *, times: int, seconds: float) -> None:
    for _ in range(times):
        clock.turn(seconds=seconds)
        with contextlib.suppress(GpuBotError):
            await worker.reconciler.run_once()


async def _records(worker: Process, sandbox: SandboxNovita) -> list[Instance]:
    tokens = {token_in(machine.order.name) for machine in sandbox.instances.values()}
    found = await worker.store.get_many([token for token in tokens if token])
    live = {record.id: record for record in await worker.store.live()}
    return list({**live, **{record.id: record for record in found if record}}.values())


def _check(sandbox: SandboxNovita, records: list[Instance]) -> None:
    assert len(sandbox.instances) <= 1, Counter(machine.order.name for machine in sandbox.instances.values())
    assert not [record for record in records if record.is_launching], "still in doubt after eleven minutes"
    assert sandbox.violations == []
