"""What a command does when it is told to end before it is through."""

from __future__ import annotations

import asyncio
import signal

_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def cancel_on_signals() -> None:
    """The first signal ends the main task, and everything in order with it; further ones do not disturb that."""
    loop, main = asyncio.get_running_loop(), asyncio.current_task()

    def leave() -> None:
        for number in _SIGNALS:
            loop.add_signal_handler(number, lambda: None)
        if main is not None:
            main.cancel()

    for number in _SIGNALS:
        loop.add_signal_handler(number, leave)
