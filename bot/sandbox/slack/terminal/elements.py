"""Draws Block Kit's elements: buttons, text fields, menus, radio buttons, checkboxes, with what is typed and
chosen in them.
"""

from __future__ import annotations

from typing import Any

from rich.cells import cell_len, set_cell_size
from rich.console import Group, RenderableType
from rich.text import Text

from bot.sandbox.slack.block_kit.texts import offered_options
from bot.sandbox.slack.forms import SLOTS
from bot.sandbox.slack.terminal.mrkdwn import Reader, mrkdwn_text, plain_words

Json = dict[str, Any]
FIELD_WIDTH = 58
OPTIONS_SHOWN = 5
_BUTTON = {"primary": "bold black on green", "danger": "bold white on red"}
_TICKS = {"radio_buttons": ("◉", "○"), "checkboxes": ("☑", "☐")}
_PLACEHOLDERS = {"conversations_select": "Choose a channel", "users_select": "Choose a person"}


def text_object(text: Json, reader: Reader, style: str = "") -> Text:
    """A plain_text or mrkdwn object."""
    if text["type"] == "mrkdwn":
        return mrkdwn_text(text["text"], reader, style)
    return Text(plain_words(text["text"]), style)


def element_drawn(element: Json, state: Json | None, reader: Reader) -> RenderableType:
    """An element; `state` is what it holds, or None where nothing can be held."""
    kind = element["type"]
    if kind == "button":
        return button_drawn(element)
    if kind == "overflow":
        return Text("[ ⋯ ]", "bold")
    if kind == "image":
        return Text(f"🖼  {plain_words(element['alt_text'])}", "dim")
    if kind in _TICKS:
        return _ticked(element, state or {}, reader)
    return _box(element, state or {}, reader)


def button_drawn(button: Json) -> Text:
    words = plain_words(button["text"]["text"])
    arrow = " ↗" if "url" in button else ""
    return Text(f"[ {words}{arrow} ]", _BUTTON.get(button.get("style", ""), "bold white on grey30"))


def _ticked(element: Json, state: Json, reader: Reader) -> Group:
    """Radio buttons or checkboxes, one a line."""
    ticked, empty = _TICKS[element["type"]]
    chosen = [*(state.get("selected_options") or []), state.get("selected_option")]
    lines = []
    for option in element["options"]:
        is_chosen = option in chosen
        line = Text(f"{ticked if is_chosen else empty} ", "bold green" if is_chosen else "dim")
        line.append_text(text_object(option["text"], reader, "bold" if is_chosen else ""))
        if "description" in option:
            line.append("  ").append_text(text_object(option["description"], reader, "dim"))
        lines.append(line)
    return Group(*lines)


def _box(element: Json, state: Json, reader: Reader) -> RenderableType:
    """A text field or a menu: what it holds, or its placeholder, and the first options of a menu."""
    held = _held(element, state, reader)
    is_menu = element["type"].endswith(("_select", "picker"))
    style = "white on grey19" if held else "bright_black on grey19"
    lines = [(held or _placeholder(element)) or " "]
    if element.get("multiline"):
        lines = lines[0].split("\n")
    drawn = [Text(_fitted(line, "▾" if is_menu else " "), style) for line in lines]
    offered = _offered(element, held)
    return Group(*drawn, offered) if offered else Group(*drawn)


def _fitted(words: str, end: str) -> str:
    room = FIELD_WIDTH - 4
    shown = words if cell_len(words) <= room else set_cell_size(words, room - 1) + "…"
    return f"▏{set_cell_size(shown, room)} {end}▕"


def _placeholder(element: Json) -> str:
    if "placeholder" in element:
        return plain_words(element["placeholder"]["text"])
    return _PLACEHOLDERS.get(element["type"], "")


def _held(element: Json, state: Json, reader: Reader) -> str:
    slot = SLOTS.get(element["type"])
    value = state.get(slot.key) if slot else None
    values = value if isinstance(value, list) else [value]
    return ", ".join(_named(each, reader) for each in values if each not in (None, ""))


def _named(value: Any, reader: Reader) -> str:
    if isinstance(value, dict):
        return plain_words(value["text"]["text"]) if "text" in value else ""
    if value in reader.channels:
        return f"#{reader.channels[value]}"
    return f"@{reader.people[value]}" if value in reader.people else plain_words(str(value))


def _offered(element: Json, held: str) -> Text | None:
    """The first options of a menu that holds nothing yet, side by side where they are short."""
    texts = [plain_words(option["text"]["text"]) for option in offered_options(element)]
    if held or not texts:
        return None
    shown, left = texts[:OPTIONS_SHOWN], len(texts) - OPTIONS_SHOWN
    more = [f"… {left} more"] if left > 0 else []
    if cell_len("  ·  ".join(shown)) > FIELD_WIDTH:
        return Text("\n".join(f"  {line}" for line in (*shown, *more)), "bright_black")
    return Text("  ".join(["  " + "  ·  ".join(shown), *more]), "bright_black")
