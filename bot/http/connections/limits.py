"""How many files and connections this process may have open."""

from __future__ import annotations

import contextlib
import resource

MOST = 4000
"""Connections; far more than Slack and a load balancer open."""
_ROOM = 512
"""Files for everything else: Redis, Slack, Novita (256), webhooks."""
_LEAST = 8


def raise_file_limit() -> None:
    """Lets this process open as many files as the system allows it to."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft != hard:
        with contextlib.suppress(ValueError, OSError):  # macOS allows less than it says
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def most_connections() -> int:
    """As many as leave room for everything else that this process opens."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    limit = MOST + _ROOM if soft == resource.RLIM_INFINITY else soft
    return max(_LEAST, min(MOST, limit - min(_ROOM, limit // 2)))
