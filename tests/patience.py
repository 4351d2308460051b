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
