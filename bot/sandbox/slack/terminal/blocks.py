"""Draws Block Kit's blocks, one renderable each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from rich import box
from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.rule import Rule
from rich.table import Table
from rich.text import Text

from bot.sandbox.slack.forms import State
from bot.sandbox.slack.reading import text_of
from bot.sandbox.slack.terminal.elements import element_drawn, text_object
from bot.sandbox.slack.terminal.mrkdwn import Reader, plain_words

Json = dict[str, Any]
_ALERTS = {"warning": ("⚠", "yellow"), "error": ("✖", "red"), "success": ("✔", "green")}


def blocks_drawn(
    blocks: list[Json], reader: Reader, state: State | None = None, errors: Mapping[str, str] | None = None
) -> Group:
    """All blocks below one another;

    `state` is what fields hold, `errors` by block_id what stands under them.
    """
    drawn: list[RenderableType] = []
    for above, block in zip([None, *blocks], blocks, strict=False):
        if above is not None and _stand_apart(above, block):
            drawn.append(Text(""))
        drawn.append(_block(block, reader, (state or {}).get(block.get("block_id", ""), {})))
        error = (errors or {}).get(block.get("block_id", ""))
        if error:
            drawn.append(Text(f"✖ {plain_words(error)}", "bold red"))
    return Group(*drawn)


def _stand_apart(above: Json, below: Json) -> bool:
    """Whether an empty line is between two blocks: a rule or a headline needs none, and a context belongs to
    what it is under.
    """
    return above["type"] not in ("divider", "header") and below["type"] not in ("divider", "context")


def _block(block: Json, reader: Reader, held: Mapping[str, Json]) -> RenderableType:
    draw = _DRAWN.get(block["type"])
    return draw(block, reader, held) if draw else Text(plain_words(text_of([block])))


def _header(block: Json, reader: Reader, held: Mapping[str, Json]) -> RenderableType:
    return Text(plain_words(block["text"]["text"]), "bold")


def _divider(block: Json, reader: Reader, held: Mapping[str, Json]) -> RenderableType:
    return Rule(style="grey35")


def _section(block: Json, reader: Reader, held: Mapping[str, Json]) -> RenderableType:
    parts: list[RenderableType] = []
    if "text" in block:
        parts.append(text_object(block["text"], reader))
    if "fields" in block:
        parts.append(_two_columns([text_object(each, reader) for each in block["fields"]]))
    if "accessory" not in block:
        return Group(*parts)
    grid = Table.grid(expand=True, padding=(0, 1))
    grid.add_column(ratio=1)
    grid.add_column(justify="right", no_wrap=True)
    accessory = block["accessory"]
    grid.add_row(Group(*parts), element_drawn(accessory, held.get(accessory.get("action_id", "")), reader))
    return grid


def _two_columns(texts: list[Text]) -> Table:
    grid = Table.grid(expand=True, padding=(0, 2))
    grid.add_column(ratio=1)
    grid.add_column(ratio=1)
    for left in range(0, len(texts), 2):
        grid.add_row(*texts[left : left + 2])
    return grid


def _context(block: Json, reader: Reader, held: Mapping[str, Json]) -> RenderableType:
    texts = [
        Text(plain_words(each["alt_text"])) if each["type"] == "image" else text_object(each, reader)
        for each in block["elements"]
    ]
    line = Text("  ·  ", style="bright_black").join(texts)
    line.style = "bright_black"
    return line


def _actions(block: Json, reader: Reader, held: Mapping[str, Json]) -> RenderableType:
    """Buttons side by side, everything else below them."""
    line, rest = Text(), []
    for element in block["elements"]:
        drawn = element_drawn(element, held.get(element.get("action_id", "")), reader)
        if isinstance(drawn, Text):
            line.append(" " if line else "").append_text(drawn)
        else:
            rest.append(drawn)
    return Group(line, *rest) if line else Group(*rest)


def _input(block: Json, reader: Reader, held: Mapping[str, Json]) -> RenderableType:
    element = block["element"]
    label = Text(plain_words(block["label"]["text"]), "bold")
    if block.get("optional"):
        label.append("  optional", "not bold bright_black")
    parts: list[RenderableType] = [label, element_drawn(element, held.get(element.get("action_id", "")), reader)]
    if "hint" in block:
        parts.append(Text(plain_words(block["hint"]["text"]), "italic bright_black"))
    return Group(*parts)


def _alert(block: Json, reader: Reader, held: Mapping[str, Json]) -> RenderableType:
    sign, color = _ALERTS.get(block.get("level", ""), ("ℹ", "cyan"))
    words = Text(f"{sign} ", f"bold {color}").append_text(text_object(block["text"], reader))
    return Panel(words, box=box.ROUNDED, border_style=color, padding=(0, 1))


def _table(block: Json, reader: Reader, held: Mapping[str, Json]) -> RenderableType:
    """The first row is the head, as in Slack."""
    head, *rows = [[text_of([cell]) for cell in row] for row in block["rows"]]
    table = Table(*head, box=box.SIMPLE_HEAD, header_style="bold", pad_edge=False)
    for row in rows:
        table.add_row(*[Text(plain_words(cell)) for cell in row])
    return table


def _rich_text(block: Json, reader: Reader, held: Mapping[str, Json]) -> RenderableType:
    return Group(*[_rich_part(part, reader) for part in block["elements"]])


def _rich_part(part: Json, reader: Reader) -> RenderableType:
    if part["type"] == "rich_text_list":
        lines = [_runs(item["elements"], reader) for item in part["elements"]]
        is_ordered = part["style"] == "ordered"
        return Group(*[Text(f"{n}. " if is_ordered else "• ").append_text(line) for n, line in enumerate(lines, 1)])
    style = {"rich_text_preformatted": "bright_magenta", "rich_text_quote": "italic"}.get(part["type"], "")
    runs = _runs(part["elements"], reader)
    runs.style = style
    return runs


def _runs(runs: list[Json], reader: Reader) -> Text:
    line = Text()
    for run in runs:
        style = " ".join(
            name for name, on in run.get("style", {}).items() if on and name in ("bold", "italic", "strike")
        )
        line.append(_run_words(run, reader), style or None)
    return line


def _run_words(run: Json, reader: Reader) -> str:
    if run["type"] == "user":
        return f"@{reader.people.get(run['user_id'], run['user_id'])}"
    if run["type"] == "channel":
        return f"#{reader.channels.get(run['channel_id'], run['channel_id'])}"
    if run["type"] == "emoji":
        return plain_words(f":{run['name']}:")
    return plain_words(str(run.get("text") or run.get("url") or run.get("fallback") or run.get("range") or ""))


_DRAWN: dict[str, Callable[[Json, Reader, Mapping[str, Json]], RenderableType]] = {
    "header": _header,
    "divider": _divider,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "alert": _alert,
    "table": _table,
    "rich_text": _rich_text,
}
