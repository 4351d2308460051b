"""Child processes of the benchmarks: started, waited for until they say that they are ready, measured and ended."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from core.adapters.settings import Settings

T = TypeVar("T")

ROOT = Path(__file__).parents[2]

_LOOK_SECONDS = 0.01
_START_SECONDS = 30.0
_END_SECONDS = 35.0
"""The bot gives running creates 25 s when it is told to stop."""


def busy_share(seconds: float = 1.0) -> float:
    """The share of all cores that was in use during `seconds`."""
    before = _idle_and_all()
    time.sleep(seconds)
    idle, everything = (b - a for a, b in zip(before, _idle_and_all(), strict=True))
    return 1 - idle / everything if everything else 0.0


def _idle_and_all() -> tuple[int, int]:
    times = [int(word) for word in Path("/proc/stat").read_text().splitlines()[0].split()[1:]]
    return times[3] + times[4], sum(times)


def clean_environment() -> dict[str, str]:
    """The environment without the bot's variables."""
    ours = {name.upper() for name in Settings.model_fields}
    return {name: value for name, value in os.environ.items() if name not in ours}


class NotMeasured(Exception):
    """A figure could not be had; the message says what stood in the way."""


class Child:
    """A Python process. Its output goes to a file, because a pipe would make whoever measures read it."""

    def __init__(self, name: str, log: Path, process: asyncio.subprocess.Process) -> None:
        self.name = name
        self.log = log
        self._process = process

    @classmethod
    async def start(cls, name: str, arguments: Sequence[str], folder: Path, env: Mapping[str, str]) -> Child:
        """Starts `python -m <arguments>` in `folder`, which must not hold a .env."""
        log = folder / f"{name}.log"
        with log.open("wb") as output:
            process = await asyncio.create_subprocess_exec(
                sys.executable,
                "-m",
                *arguments,
                cwd=folder,
                env={**env, "PYTHONPATH": str(ROOT), "PYTHONUNBUFFERED": "1"},
                stdin=asyncio.subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
        return cls(name, log, process)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def event(self, name: str) -> dict[str, Any]:
        """The first line of its log whose `event` is `name`. Raises NotMeasured when it ends or does not say it."""
        return await self._heard(name, lambda line: found if (found := _fields(line)).get("event") == name else None)

    async def says(self, words: str) -> str:
        """The first line of its output with these words in it. Raises NotMeasured when it ends or does not say them."""
        return await self._heard(words, lambda line: line)

    async def _heard(self, words: str, read: Callable[[str], T | None]) -> T:
        until = time.monotonic() + _START_SECONDS
        while True:
            for line in self.log.read_text(errors="replace").splitlines():
                if words in line and (found := read(line)) is not None:
                    return found
            if self._process.returncode is not None or time.monotonic() > until:
                raise NotMeasured(f"{self.name} did not say {words}: {self._last_words()}")
            await asyncio.sleep(_LOOK_SECONDS)

    def cpu(self) -> float:
        """Seconds of CPU that it has used so far, all threads together."""
        # The id of another process's CPU clock, as Linux makes it (clock_getcpuclockid): finer than /proc's 10 ms.
        return time.clock_gettime((~self.pid << 3) | 2)

    def resident_mib(self) -> float:
        """Its resident memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) / 1024
        raise NotMeasured(f"{self.name} has no resident memory any more")

    async def stop(self) -> None:
        """Asks it to end, and ends it when it does not."""
        for kind in (signal.SIGTERM, signal.SIGKILL):
            if self._process.returncode is not None:
                return
            self._process.send_signal(kind)
            try:
                async with asyncio.timeout(_END_SECONDS):
                    await self._process.wait()
            except TimeoutError:
                continue

    def _last_words(self) -> str:
        return " ".join(self.log.read_text(errors="replace").splitlines()[-3:])[-600:]


def _fields(line: str) -> dict[str, Any]:
    try:
        found = json.loads(line)
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
