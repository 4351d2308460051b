"""Pulls the words out of blocks, in the order a person reads them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

_READ = ("title", "text", "fields", "label", "hint", "caption", "elements", "element", "accessory", "rows", "alt_text")
_SKIPPED = frozenset({"static_select", "external_select", "plain_text_input", "number_input"})


def text_of(blocks: list[dict[str, Any]]) -> str:
    """The text of blocks, one line a text. Options of menus are left out: they are not on the page."""
    return "\n".join(_texts(blocks))


def _texts(node: Any) -> Iterator[str]:
    if isinstance(node, str):
        yield node
    elif isinstance(node, list):
        for item in node:
            yield from _texts(item)
    elif isinstance(node, dict) and node.get("type") not in _SKIPPED:
        for name in _READ:
            if name in node:
                yield from _texts(node[name])
