"""OPERATING.md has a row for each loud line of the log, each alarm and each secret."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Set
from pathlib import Path

from core.adapters.settings import Settings
from core.services.alarms import AlarmKind

ROOT = Path(__file__).parents[2]
OPERATING = (ROOT / ".github" / "OPERATING.md").read_text()

_LOUD = {"error", "exception", "critical"}


def part(heading: str) -> str:
    return OPERATING.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]


def rows(heading: str) -> list[str]:
    """The first cell of each row of its table that names something."""
    return re.findall(r"^\| `(\w+)`", part(heading), re.MULTILINE)


def loud_events() -> set[str]:
    """What the program writes at error level or above; the sandbox's lines are for who plays with it."""
    modules = (path for room in ("bot", "core") for path in (ROOT / room).rglob("*.py") if "sandbox" not in path.parts)
    trees = [ast.parse(path.read_text()) for path in modules]
    loud = _LOUD | {name for tree in trees for name in _passing_on(tree)}
    return {event for tree in trees for event in _named(tree, loud)}


def _passing_on(tree: ast.AST) -> Iterator[str]:
    """Functions that write at error level what they are given as the event."""
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            given = {argument.arg for argument in node.args.args}
            first = [call.args[0] for call in _calls(node, _LOUD)]
            if any(isinstance(argument, ast.Name) and argument.id in given for argument in first):
                yield node.name


def _named(tree: ast.AST, loud: Set[str]) -> Iterator[str]:
    for call in _calls(tree, loud):
        if isinstance(event := call.args[0], ast.Constant):
            yield str(event.value)


def _calls(tree: ast.AST, names: Set[str]) -> Iterator[ast.Call]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args:
            called = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            if called in names:
                yield node


def test_every_line_at_error_level_has_a_row_and_every_row_a_line() -> None:
    events = loud_events()
    assert {"alarm", "unexpected", "store_in_doubt"} <= events
    assert rows("Errors in the log") == sorted(events)


def test_every_kind_of_alarm_has_a_row_and_an_alert() -> None:
    kinds = sorted(kind.value for kind in AlarmKind)
    assert rows("Alarms") == kinds
    alerted = re.findall(r'gpu_bot_alarms\{kind=~"([^"]+)"\}', part("Alert rules"))
    # Told by each process itself, because Redis cannot keep it: so no metric has it.
    assert sorted(["redis_refuses", *"|".join(alerted).split("|")]) == kinds


def test_every_secret_among_the_settings_can_be_rotated() -> None:
    named = set(re.findall(r"`([A-Z_]+)`", part("Rotating secrets")))
    secret = {name.upper() for name, field in Settings.model_fields.items() if "Secret" in str(field)}
    assert {"SLACK_BOT_TOKEN", "REDIS_URL"} <= secret
    assert secret <= named
