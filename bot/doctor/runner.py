"""Carries out the checks side by side, each within its time, and none whose ground has already given way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from bot.doctor.result import CheckResult, Result, State, failed, skipped
from bot.process import logs
from core.domain.errors import GpuBotError

BOUND = timedelta(seconds=8)

Run = Callable[[], Awaitable[Result]]


@dataclass(frozen=True)
class Check:
    """`needs` names the checks before it, and the settings, without which it could only fail for the same reason.

    `when_late` is the advice when it is broken off.
    """

    name: str
    run: Run
    needs: tuple[str, ...] = ()
    when_late: str = "See whether it is up and can be reached."


async def examine(
    checks: Iterable[Check], settled: Sequence[CheckResult] = (), bound: timedelta = BOUND
) -> list[CheckResult]:
    """What all checks find, after what is `settled` already, in their order."""
    broken = {finding.name for finding in settled if finding.state is State.FAILED}
    tasks: dict[str, asyncio.Task[Result]] = {}
    for check in checks:
        tasks[check.name] = asyncio.create_task(_carried_out(check, broken, tasks, bound))
    try:
        results = await asyncio.gather(*tasks.values())
    finally:
        for task in tasks.values():
            task.cancel()
    return [*settled, *(_finding(name, result) for name, result in zip(tasks, results, strict=True))]


async def _carried_out(
    check: Check, broken: set[str], before: Mapping[str, asyncio.Task[Result]], bound: timedelta
) -> Result:
    for name in check.needs:
        # Shielded, because others wait for it too.
        is_missing = name in before and (await asyncio.shield(before[name])).state in (State.FAILED, State.SKIPPED)
        if name in broken or is_missing:
            return skipped(f"it needs {name}")
    return await _within(bound, check)


async def _within(bound: timedelta, check: Check) -> Result:
    """Does not wait for a check that takes long to stop, either."""
    task = asyncio.ensure_future(check.run())
    try:
        await asyncio.wait({task}, timeout=bound.total_seconds())
        if task.done():
            return task.result()
        return failed(f"no answer within {bound.total_seconds():g} s", check.when_late)
    except GpuBotError as error:
        return failed(str(error), "It worked a moment ago; try again.")
    except Exception as error:  # noqa: BLE001 - one check that breaks must not take the others with it
        return failed(f"could not be checked ({type(error).__name__})", "Please report this as a defect.")
    finally:
        task.cancel()


def _finding(name: str, result: Result) -> CheckResult:
    """Masked to be sure: some of it quotes what others answered."""
    return CheckResult(result.state, logs.masked(result.found), logs.masked(result.advice), name)
