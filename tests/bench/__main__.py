"""`python -m tests.bench`: measures the whole bot against the sandbox and prints a table of figures.

Nothing here fails because of a time. With --strict a missed aim ends in exit code 1, as does, always, a figure that
could not be measured.
"""

from __future__ import annotations

import asyncio
import os
import sys
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from bot.process import logs
from tests.bench import acks, costs, launches, starting
from tests.bench.figures import Effort, Figure, Row
from tests.bench.processes import busy_share

FIGURES = (
    Figure("calls", "upstream calls per create", launches.upstream_calls),
    Figure("told", "told one after another", launches.told_one_by_one),
    Figure("refusing", "told with three regions refusing", launches.told_with_refusals),
    Figure("at-once", "32 creates at once", launches.told_at_once),
    Figure("acks", "acknowledgements against a bare handler", acks.acks),
    Figure("under-load", "acknowledgements while creates run", acks.under_load),
    Figure("faults", "acknowledgements while something is silent", acks.under_faults),
    Figure("cpu", "CPU of a whole flow", costs.cpu),
    Figure("redis", "Redis commands per create", costs.redis_use),
    Figure("retry-after", "the wait after a 429", launches.wait_after_429),
    Figure("burst", "200 creates at once, memory", acks.burst),
    Figure("sandbox", "start of gpu-bot sandbox", starting.sandbox),
)
_BUSY = 0.1
_NAMES = ", ".join(figure.name for figure in FIGURES)


def main(
    quick: Annotated[bool, typer.Option("--quick", help="Fewer samples.")] = False,
    strict: Annotated[bool, typer.Option("--strict", help="Exit 1 when an aim is missed.")] = False,
    only: Annotated[list[str] | None, typer.Option("--only", help=f"Measure this alone: {_NAMES}.")] = None,
) -> None:
    """Measure the bot against the sandbox."""
    chosen = [figure for figure in FIGURES if not only or figure.name in only]
    if unknown := set(only or ()) - {figure.name for figure in FIGURES}:
        typer.echo(f"no figure is called {', '.join(sorted(unknown))}; there are: {_NAMES}", err=True)
        raise typer.Exit(2)
    logs.setup("warning", "console")
    load = busy_share()
    rows = asyncio.run(_measure(chosen, Effort(quick)))
    _print(rows, load)
    failed = any(row.measured is None or (strict and row.met is False) for row in rows)
    raise typer.Exit(1 if failed else 0)


async def _measure(figures: list[Figure], effort: Effort) -> list[Row]:
    rows: list[Row] = []
    for figure in figures:
        print(f"measuring {figure.what} …", file=sys.stderr, flush=True)
        try:
            rows += await figure.measure(effort)
        except Exception as error:  # noqa: BLE001 - one figure that cannot be had must not hide the others
            rows.append(Row(figure.what, None, how=f"{type(error).__name__}: {error}"))
    return rows


def _print(rows: list[Row], load: float) -> None:
    table = Table(title="gpu-bot against the sandbox", title_justify="left")
    for column in ("figure", "measured", "aim", "limit seen", "", "how"):
        table.add_column(column, justify="right" if column == "measured" else "left", overflow="fold")
    for row in rows:
        table.add_row(row.figure, _number(row), row.aim, row.limit, _verdict(row), row.how)
    console = Console(width=None if sys.stdout.isatty() else 170)
    console.print(table)
    console.print(
        "U is the set latency of every Novita call. Told is the first Slack call that names the Novita instance, "
        "counted from sending the submission.\nSlack's rate limits are lifted in the sandbox for every figure, so that "
        f"they do not hide the bot's own speed.\n{_machine(load)}"
    )


def _number(row: Row) -> str:
    return "—" if row.measured is None else f"{row.measured:.{row.digits}f}{row.unit}"


def _verdict(row: Row) -> str:
    if row.measured is None:
        return "[red]not measured[/red]"
    return {None: "", True: "[green]ok[/green]", False: "[red]over[/red]"}[row.met]


def _machine(others: float) -> str:
    """How much else was going on: figures of a busy machine are too high."""
    load = os.getloadavg()[0]
    said = f"{os.cpu_count()} cores, {others:.0%} busy with other work before the start, load {load:.2f} at the end."
    return said + (" THE MACHINE WAS BUSY: times are too high." if others > _BUSY else "")


if __name__ == "__main__":
    typer.run(main)
