"""How long tests wait, and how much they look at: conditions with one generous bound, whatever else the machine does.

Tests wait for what has to come, and this is when they give up; none passes sooner or later for it. What must not be
waited for hangs for ever, or for much longer than `SOON_SECONDS`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from hypothesis import settings

from bot.sandbox.patience import PATIENCE_SECONDS as PATIENCE_SECONDS

SOON_SECONDS = 15.0
"""Later than this is not at once, on the busiest of machines."""

NO_HURRY_SECONDS = 20.0
"""What the make-believe Slack waits for an answer where the test is not about its three seconds."""

_TICK_SECONDS = 0.02

QUICK_EXAMPLES = 30
"""Of a property by default; the same ones each time."""


def patience() -> asyncio.Timeout:
    """A bound for waiting that only a fault reaches."""
    return asyncio.timeout(PATIENCE_SECONDS)


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Asks again and again where nobody says when it comes true, such as of Redis. Raises TimeoutError."""
    async with patience():
        while not await holds():  # noqa: ASYNC110
            await asyncio.sleep(0.01)


def examples(count: int) -> int:
    """So many examples by default, and as many times more as the profile asks for."""
    return count * settings.default.max_examples // QUICK_EXAMPLES  # type: ignore[union-attr]


class Stall:
    """How long this process was held up while it was open, by the machine or by itself working: `seconds` in all.

    What the program waits for is compared without that, as a real one has its processor to itself.
    """

    def __init__(self) -> None:
        self.seconds = 0.0
        self._watch: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Stall:
        self._watch = asyncio.create_task(self._look())
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._watch is not None:
            self._watch.cancel()
            await asyncio.wait({self._watch})

    async def _look(self) -> None:
        clock = asyncio.get_running_loop().time
        while True:
            began = clock()
            await asyncio.sleep(_TICK_SECONDS)
            self.seconds += max(0.0, clock() - began - _TICK_SECONDS)
