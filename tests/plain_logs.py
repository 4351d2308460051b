"""How tests log: as structlog does by itself, but with plain tracebacks.

Its own draw every frame with all that is in it, which takes seconds for a deep one, and most of a test's time where
many errors are logged. The bot's own logging (bot/process/logs.py) writes plain ones too.
"""

from __future__ import annotations

import structlog


def log_plainly() -> None:
    structlog.reset_defaults()
    *before, _ = structlog.get_config()["processors"]
    structlog.configure(
        processors=[*before, structlog.dev.ConsoleRenderer(exception_formatter=structlog.dev.plain_traceback)]
    )
