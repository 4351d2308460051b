"""The figure of the sandbox's start: how long a newcomer waits for `gpu-bot sandbox`."""

from __future__ import annotations

import re
import tempfile
import time
from contextlib import AsyncExitStack
from pathlib import Path

from tests.bench.driver import Driver
from tests.bench.figures import Effort, Row, median, spread
from tests.bench.processes import Child, NotMeasured, clean_environment

_COMMAND = ["bot", "sandbox", "--no-open", "--port", "0"]
_HEALTH = re.compile(r"https?://\S+/readyz")


async def sandbox(effort: Effort) -> list[Row]:
    """From the command to its word that it is ready, which must be true."""
    seconds = [await _start() for _ in range(effort.samples(5, 2))]
    how = f"median of {len(seconds)} starts, {spread(seconds)}"
    return [Row("seconds from `gpu-bot sandbox` to ready", median(seconds), 3, how=how, digits=1, unit=" s")]


async def _start() -> float:
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="gpu-bench-")))
        driver = Driver()
        stack.push_async_callback(driver.session.close)
        began = time.monotonic()
        child = await Child.start("sandbox", _COMMAND, folder, clean_environment())
        stack.push_async_callback(child.stop)
        await child.says("Ready in")
        seconds = time.monotonic() - began
        await _check(driver, await child.says("/readyz"))
        return seconds


async def _check(driver: Driver, line: str) -> None:
    """Raises NotMeasured when the bot is not ready although the sandbox said so."""
    address = _HEALTH.search(line)
    if address is None:
        raise NotMeasured(f"the sandbox named no address of its bot: {line}")
    await driver.ask(address[0], method="GET")
