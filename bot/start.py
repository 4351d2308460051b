"""The console script. From its first moment on, being told to end is an order and not a fault."""

from __future__ import annotations

from bot.process.early_exit import leave_on_signals


def main() -> None:
    """Everything that takes time to load is loaded after this is called."""
    leave_on_signals()
    from bot.__main__ import main as run

    run()
