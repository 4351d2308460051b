"""The shape that all replies in a thread share."""

from __future__ import annotations

from collections.abc import Sequence

from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.text import Block, esc
from core.domain.instance import Instance


def told(instance: Instance, emoji: str, state: str, *details: str, buttons: Sequence[Block] = ()) -> Message:
    """What happened in bold, then the details, each in a block of its own, then what can be done about it."""
    headline = f"{emoji} *{esc(instance.request.name, 100)}* {state}."
    first, *rest = [detail for detail in details if detail] or [""]
    blocks = [b.section(f"{headline}\n{first}".rstrip()), *(b.section(detail) for detail in rest)]
    return Message(headline, [*blocks, *buttons])
