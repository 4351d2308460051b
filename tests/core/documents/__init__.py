"""Documents as a version of this program has written them to Redis, in real lives, before records stood in groups."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from core.adapters.redis.migrations import GROUPS

FOLDER = Path(__file__).parent
OTHERS = ("market", "stock", "identity", "last_used", "before_causes")
LIVES = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem not in OTHERS)


def stored(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


def flat(record: dict[str, Any]) -> dict[str, Any]:
    """A record in groups as it would have been written when all of it stood side by side."""
    found = {name: value for name, value in record.items() if name not in GROUPS}
    for group, names in GROUPS.items():
        found |= {old: record[group][new] for old, new in names.items()}
    if had := record["at_end"]:
        lease, remote = had["lease"], had["remote"]
        moved = {"lease_ends_at": lease["ends_at"], "reminded": lease["reminded"]}
        moved |= {"novita_status": remote["status"], "endpoints": remote["endpoints"]}
        found["at_end"] = {name: value for name, value in had.items() if name not in ("lease", "remote")} | moved
        found |= {"lease_set_at": lease["set_at"], "asked_at": lease["asked_at"], "reminded": lease["reminded"]}
    return found


def assert_within(old: Any, written: Any) -> None:
    """Everything that was written stands there still; a later version may add to it."""
    if isinstance(old, dict):
        for key, value in old.items():
            assert_within(value, written[key])
    elif isinstance(old, list):
        assert len(old) == len(written)
        for one, other in zip(old, written, strict=True):
            assert_within(one, other)
    else:
        assert old == written
