"""Time as the use cases receive it, so that a test can own it."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Protocol


class Clock(Protocol):
    """What the use cases may know of time."""

    def now(self) -> datetime:
        """The present instant, aware UTC."""
        ...

    async def sleep(self, duration: timedelta) -> None:
        """Wait for as long as `duration`."""
        ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    async def sleep(self, duration: timedelta) -> None:
        await asyncio.sleep(duration.total_seconds())
