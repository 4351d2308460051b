"""Which time zone the sandbox's people are in: the one of this machine, as the page's reader is."""

from __future__ import annotations

import os
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LOCAL_TIME = Path("/etc/localtime")
"""A link into the folder of all zones, on Linux and macOS."""

_ZONES = "zoneinfo/"


def zone_of_this_machine(local_time: Path = LOCAL_TIME) -> ZoneInfo:
    """By the variable TZ, else by the system's link; UTC where neither names a zone that is known."""
    linked = str(local_time.resolve()).rpartition(_ZONES)[2]
    return _named(os.environ.get("TZ", "").lstrip(":")) or _named(linked) or ZoneInfo("Etc/UTC")


def _named(name: str) -> ZoneInfo | None:
    try:
        return ZoneInfo(name)
    except (
        ZoneInfoNotFoundError,
        ValueError,
        OSError,
    ):  # no zone, a path, or none of this machine
        return None
