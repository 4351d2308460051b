"""How the sandbox speaks on a terminal, in a file or in CI: headings, lines with a time, ticks, and a spinner."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.progress import Progress, ProgressColumn, SpinnerColumn, Task, TextColumn
from rich.table import Table
from rich.text import Text

WIDTH = 100
INDENT = 4
_LABEL_WIDTH, _NAME_WIDTH, _ADDRESS_WIDTH = 16, 6, 40


class Stage:
    """Standard output, at most 100 columns wide."""

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or _standard_console()
        self._headings = 0

    def line(self, words: str | Text = "", style: str = "") -> None:
        self._console.print(Text(words, style) if isinstance(words, str) else words)

    def heading(self, sentence: str) -> None:
        """The next step of a story, numbered."""
        self._headings += 1
        self._console.print()
        self._console.print(_side_by_side(Text(f" {self._headings} ", "bold reverse cyan"), Text(sentence, "bold")))
        self._console.print()

    def show(self, thing: RenderableType) -> None:
        self._console.print(Padding(thing, (0, 0, 0, INDENT), expand=False))

    def row(self, label: str, *contents: RenderableType) -> None:
        """A label with what belongs to it beside it."""
        self.show(_side_by_side(Text(label, "bold"), Group(*contents), width=_LABEL_WIDTH))

    def entry(self, label: str, address: str, meaning: str) -> None:
        """An address or a file, and what is to be found there."""
        found = _side_by_side(Text(address), Text(meaning, "bright_black"), width=_ADDRESS_WIDTH)
        self.show(_side_by_side(Text(label, "bold"), found, width=_NAME_WIDTH))

    def command(self, line: str) -> None:
        """A line to copy: never broken."""
        self._console.print(Text(" " * INDENT + line, "cyan"), soft_wrap=True)

    def moment(self, seconds: float, words: Text) -> None:
        """What happened so many seconds after the beginning."""
        self.show(_side_by_side(Text(f"{seconds:5.2f} s", "bright_black"), words))

    def tick(self, words: str) -> None:
        self._console.print(_side_by_side(Text("✔", "bold green"), Text(words)))

    def cross(self, words: str) -> None:
        self._console.print(_side_by_side(Text("✖", "bold red"), Text(words, "bold")))

    def log(self, role: str, line: str) -> None:
        """A line of a log."""
        self._console.print(Text(f"{role:>6} │ {line}", "bright_black"))

    @contextlib.contextmanager
    def waiting(self, words: Callable[[], str]) -> Iterator[None]:
        """A spinner with the words of the moment and the seconds so far, where there is a terminal to turn it on."""
        columns = (TextColumn(" " * (INDENT - 1)), SpinnerColumn(), _Words(), _Seconds())
        with Progress(
            *columns, console=self._console, transient=True, disable=not self._console.is_interactive
        ) as progress:
            progress.add_task("", total=None, words=words)
            yield


class _Words(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(task.fields["words"]())


class _Seconds(ProgressColumn):
    def render(self, task: Task) -> Text:
        return Text(f"{task.elapsed or 0.0:.1f} s", "bright_black")


def _side_by_side(left: Text, right: RenderableType, width: int | None = None) -> Table:
    """Both wrap for themselves."""
    grid = Table.grid(padding=(0, 2, 0, 0))
    grid.add_column(width=width, no_wrap=True)
    grid.add_column(overflow="fold")
    grid.add_row(left, right)
    return grid


def _standard_console() -> Console:
    """What a terminal's old encoding cannot say becomes a question mark, instead of ending the program."""
    if reconfigure := getattr(sys.stdout, "reconfigure", None):
        reconfigure(errors="replace")
    console = Console(highlight=False)
    console.width = min(WIDTH, console.width)
    return console
