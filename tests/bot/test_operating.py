"""OPERATING.md has a row for each loud line of the log, each alarm and each secret."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

from core.alarms import AlarmKind
from core.settings import Settings

ROOT = Path(__file__).parents[2]
OPERATING = (ROOT / ".github" / "OPERATING.md").read_text()

_LOUD = {"error", "exception", "critical", "written_down"}


def part(heading: str) -> str:
    return OPERATING.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(heading: str) -> list[str]:
    """The first cell of each row of its table that names something."""
    return re.findall(r"^\| `(\w+)`", part(heading), re.MULTILINE)


def loud_events() -> Iterator[str]:
    """What the program writes at error level or above; the sandbox's lines are for who plays with it."""
    for path in (*(ROOT / "bot").rglob("*.py"), *(ROOT / "core").rglob("*.py")):
        if "sandbox" not in path.parts:
            yield from filter(None, map(_event, ast.walk(ast.parse(path.read_text()))))


def _event(node: ast.AST) -> str:
    if not (isinstance(node, ast.Call) and node.args and isinstance(node.args[0], ast.Constant)):
        return ""
    called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
    return str(node.args[0].value) if called in _LOUD else ""


def test_every_line_at_error_level_has_a_row_and_every_row_a_line() -> None:
    events = set(loud_events())
    assert {"alarm", "unexpected", "store_in_doubt"} <= events
    assert rows("Errors in the log") == sorted(events)


def test_every_kind_of_alarm_has_a_row_and_an_alert() -> None:
    kinds = sorted(kind.value for kind in AlarmKind)
    assert rows("Alarms") == kinds
    alerted = re.findall(r'gpu_bot_alarms\{kind=~"([^"]+)"\}', part("Alert rules"))
    assert sorted("|".join(alerted).split("|")) == kinds


def test_every_secret_among_the_settings_can_be_rotated() -> None:
    named = set(re.findall(r"`([A-Z_]+)`", part("Rotating secrets")))
    secret = {name.upper() for name, field in Settings.model_fields.items() if "Secret" in str(field)}
    assert {"SLACK_BOT_TOKEN", "REDIS_URL"} <= secret
    assert secret <= named
