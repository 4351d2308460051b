"""Runs a process: opens what it needs, keeps its roles going, and ends when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable

import structlog

from bot.compose.base import Base, open_base
from core.settings import Settings

log = structlog.get_logger(__name__)

Role = Callable[[Base], "contextlib.AbstractAsyncContextManager[object]"]
"""Something a process does for as long as the context lasts."""


async def run(settings: Settings, *roles: Role) -> None:
    """Runs a process with these roles until it is told to stop. Raises SettingsError when it cannot begin."""
    stop = _stop_signal()
    async with contextlib.AsyncExitStack() as stack:
        core = await stack.enter_async_context(open_base(settings))
        for role in roles:
            await stack.enter_async_context(role(core))
        _keep_what_is_here()
        await stop.wait()
        log.info("stopping")


def _keep_what_is_here() -> None:
    """What was loaded to begin with stays: looking through it for garbage again and again took 50 ms each time."""
    gc.collect()
    gc.freeze()


def _stop_signal() -> asyncio.Event:
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop.set)
    return stop
