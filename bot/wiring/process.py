"""Runs a process: opens what it needs, keeps its roles going, and ends when it is told to."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
from collections.abc import Callable

import structlog

from bot.http.connections import raise_file_limit
from bot.wiring.base import Base, open_base
from core.adapters.settings import Settings

log = structlog.get_logger(__name__)

_CANCEL_AGAIN_SECONDS = 2.0

Role = Callable[[Base], "contextlib.AbstractAsyncContextManager[object]"]
"""Something a process does for as long as the context lasts."""


async def run(settings: Settings, *roles: Role) -> None:
    """Runs a process with these roles until it is told to stop. Raises SettingsError when it cannot begin."""
    raise_file_limit()
    stop, is_opening = asyncio.Event(), True
    try:
        async with contextlib.AsyncExitStack() as stack:
            # Told to stop before it is ready, it leaves what it was waiting for, and closes what is open by then.
            try:
                async with asyncio.timeout(None) as opening:
                    _on_signals(stop, opening, lambda: is_opening)
                    core = await stack.enter_async_context(open_base(settings))
                    for role in roles:
                        await stack.enter_async_context(role(core))
            finally:
                is_opening = False
            _keep_what_is_here()
            await stop.wait()
            log.info("stopping")
    except (TimeoutError, asyncio.CancelledError):
        if not stop.is_set():
            raise


def _keep_what_is_here() -> None:
    """What was loaded to begin with stays: looking through it for garbage again and again took 50 ms each time."""
    gc.collect()
    gc.freeze()


def _on_signals(stop: asyncio.Event, opening: asyncio.Timeout, is_opening: Callable[[], bool]) -> None:
    loop, opener = asyncio.get_running_loop(), asyncio.current_task()

    def insist() -> None:
        """Said again until it is heard: a library may take the first cancellation for a fault of its own."""
        if opener is not None and is_opening():
            opener.cancel()
            loop.call_later(_CANCEL_AGAIN_SECONDS, insist)

    def leave() -> None:
        is_first = not stop.is_set()
        stop.set()
        if is_first:
            with contextlib.suppress(RuntimeError):  # It is open already.
                opening.reschedule(loop.time())
            loop.call_later(_CANCEL_AGAIN_SECONDS, insist)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, leave)
