"""Long lists in pages, and the buttons that turn them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.slack.ids import Action
from bot.views import blocks as b
from bot.views.text import Block


@dataclass(frozen=True, slots=True)
class Page:
    """Which part of a list is shown. `number` counts from 0 and is within the list, whatever was asked for."""

    number: int
    count: int
    size: int

    @property
    def part(self) -> slice:
        return slice(self.number * self.size, (self.number + 1) * self.size)


def page(items: Sequence[object], number: int, size: int) -> Page:
    """The page with this number, or the nearest there is: lists shrink between two clicks."""
    count = max(1, -(-len(items) // size))
    return Page(min(max(number, 0), count - 1), count, size)


def turns(shown: Page, action: Action, prefix: str = "") -> list[Block]:
    """Buttons to the pages beside this one, each in a block of its own, as they share their action_id."""
    beside = ((shown.number + 1, "Next page"), (shown.number - 1, "Previous page"))
    return [
        b.actions(b.button(action, f"{label} ({number + 1} of {shown.count})", value=f"{prefix}{number}"))
        for number, label in beside
        if 0 <= number < shown.count
    ]
