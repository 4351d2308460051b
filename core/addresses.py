"""What counts as an address on the web, wherever one is asked for (pure)."""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit


def is_address(url: str, schemes: Collection[str]) -> bool:
    """Whether it has one of the schemes, a host, and a port that is one, if any."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    return parts.scheme in schemes and bool(parts.hostname)
