"""The bot's own processes, web and worker, as real children: started apart from the user's settings, heard, ended."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from bot.sandbox.journal import Entry, Journal, Listener

LONGEST_LINE = 4 * 1024 * 1024
START_SECONDS = 30.0
STOP_SECONDS = 5.0
"""How long a process may take to finish before it is killed."""

_INHERITED = ("PATH", "HOME", "TMPDIR", "LANG", "LC_ALL", "LC_CTYPE", "TZ", "LD_LIBRARY_PATH")
"""All of the user's environment that a child gets: the rest may hold real tokens, or a proxy that loopback must not
go through."""


class Trouble(Exception):
    """Why the sandbox or a rehearsal cannot go on: a sentence for whoever started it."""


def environment(settings: Mapping[str, str]) -> dict[str, str]:
    """A child's whole environment. It imports what this process would, however the package is installed."""
    inherited = {name: os.environ[name] for name in _INHERITED if name in os.environ}
    return {**inherited, "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path), **settings}


class Child:
    """`python -m bot ROLE`. It counts as ready when its log says so."""

    def __init__(self, role: str, folder: Path, listener: Listener) -> None:
        self.role = role
        self.journal = Journal(role, folder / f"{role}.log", listener)
        self._folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._hearing: asyncio.Task[None] | None = None
        self._ready: asyncio.Future[Entry] = asyncio.get_running_loop().create_future()

    async def start(self, settings: Mapping[str, str]) -> None:
        """Begins it in a folder without a `.env`, out of reach of the terminal's Ctrl-C."""
        self._process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-m", "bot", self.role),
            env=environment(settings),
            cwd=self._folder,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            start_new_session=True,
            limit=LONGEST_LINE,
        )
        self._hearing = asyncio.create_task(self._hear(self._process))

    async def ready(self) -> Entry:
        """What its log said when it was ready. Raises Trouble when that does not come."""
        try:
            async with asyncio.timeout(START_SECONDS):
                return await asyncio.shield(self._ready)
        except TimeoutError:
            raise Trouble(f"The bot's {self.role} process was not ready within {START_SECONDS:g} s.") from None

    async def death(self) -> None:
        """Waits until the process ends by itself, and raises Trouble then."""
        process, hearing = self._running()
        await asyncio.shield(hearing)
        raise self._obituary(await process.wait())

    async def stop(self) -> None:
        """Asks it to end, and makes it."""
        self._ready.cancel()
        if self._process is not None:
            process, hearing = self._running()
            await _end(process)
            # Its exception is of no use here, and when everything is cancelled at once this must go on all the same.
            await asyncio.gather(hearing, return_exceptions=True)
        self.journal.close()

    async def _hear(self, process: asyncio.subprocess.Process) -> None:
        stream: Any = process.stdout
        async for raw in stream:
            entry = self.journal.take(raw)
            if entry.get("event") == f"{self.role}_ready" and not self._ready.done():
                self._ready.set_result(entry)
        if not self._ready.done():
            self._ready.set_exception(self._obituary(await process.wait()))

    def _obituary(self, code: int) -> Trouble:
        how = f"killed by signal {-code}" if code < 0 else f"with exit code {code}"
        return Trouble(f"The bot's {self.role} process ended by itself, {how}.")

    def _running(self) -> tuple[asyncio.subprocess.Process, asyncio.Task[None]]:
        if self._process is None or self._hearing is None:
            raise RuntimeError(f"{self.role} was not started")
        return self._process, self._hearing


async def _end(process: asyncio.subprocess.Process) -> None:
    with contextlib.suppress(ProcessLookupError):
        process.terminate()
    try:
        async with asyncio.timeout(STOP_SECONDS):
            await process.wait()
    except TimeoutError:
        process.kill()
        await process.wait()
