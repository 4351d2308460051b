"""Findings as a table for a terminal, 80 columns wide and plain when it goes elsewhere, or as JSON for programs."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from typing import TextIO

from rich.console import Console
from rich.table import Table
from rich.text import Text

from bot.doctor.result import CheckResult, State, is_well, verdict

WIDTH = 80

_STYLES = {
    State.OK: "green",
    State.WARNING: "bold yellow",
    State.FAILED: "bold red",
    State.SKIPPED: "bright_black",
}


def show(findings: Sequence[CheckResult], stream: TextIO | None = None) -> None:
    """Prints the table and what it comes to."""
    stream = stream or sys.stdout
    # What an old encoding cannot say becomes a question mark, instead of ending the program.
    if reconfigure := getattr(stream, "reconfigure", None):
        reconfigure(errors="replace")
    console = Console(file=stream, highlight=False)
    console.width = min(WIDTH, console.width)
    with console.capture() as shown:
        console.print(_table(findings))
        console.print(Text(f"\n{verdict(findings)}", "bold"))
    # In a file the blanks that fill the last column are only in the way.
    stream.writelines(line if console.is_terminal else f"{line.rstrip()}\n" for line in shown.get().splitlines(True))


def as_json(findings: Sequence[CheckResult]) -> str:
    rows = [{"name": f.name, "state": f.state.value, "found": f.found, "advice": f.advice} for f in findings]
    return json.dumps({"ok": is_well(findings), "findings": rows}, indent=2)


def _table(findings: Sequence[CheckResult]) -> Table:
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), expand=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for finding in findings:
        style = _STYLES[finding.state]
        table.add_row(Text(finding.state.value, style), Text(finding.name, "bold"), _words(finding))
    return table


def _words(finding: CheckResult) -> Text:
    """What was found, and below it what to do."""
    said = Text(finding.found)
    return said.append(f"\n→ {finding.advice}", "cyan") if finding.advice else said
