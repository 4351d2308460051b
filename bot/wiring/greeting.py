"""What whoever started the bot by hand wants to know: that it is ready, and what to do next."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import AsyncIterator, Awaitable, Callable

from bot.process.supervise import supervised
from bot.slack.ids import COMMAND
from bot.wiring.base import Base


@contextlib.asynccontextmanager
async def greeted(base: Base, connected: Callable[[], Awaitable[object]] | None) -> AsyncIterator[None]:
    """On a terminal, one line as soon as Slack has answered, and is `connected` where the bot calls it.

    Anywhere else nothing: there the log says it.
    """
    if not sys.stdout.isatty():
        yield
        return

    async def greet() -> None:
        await base.identity.confirmed.wait()
        if connected is not None:
            await connected()
        print(f"Ready. Type {COMMAND} create in Slack (workspace {base.identity.workspace}).", flush=True)  # noqa: T201

    async with supervised(greet, name="greeting"):
        yield
