"""What a person may have meant by a name that fits several instances, or none."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from itertools import accumulate

from bot.slack.ids import COMMAND, Action
from bot.views import blocks as b
from bot.views import buttons, states
from bot.views.blocks import Message
from bot.views.text import Block, code, esc, mention
from core.domain.instance import Instance

CHOICES = 20
_ROOM = 11_500
"""Characters, of the 13,000 that a message has (PLATFORM.md, Block Kit)."""


def choose(action: Action, text: str, matches: Sequence[Instance]) -> Message:
    """A button for each instance that `text` may mean. The button's action and value are as if it stood on the card."""
    asked = f"{code(text, 60)} fits {len(matches)} instances. Which one?"
    rows = _fitting(_row(instance, action) for instance in matches[:CHOICES])
    left_out = len(matches) - len(rows)
    more = [b.context(f"{left_out} more fit: type more of the name, or its id.")] if left_out else []
    return Message(asked, [b.section(asked), *rows, *more])


def nothing_named(text: str, near: Sequence[str]) -> Message:
    """No instance fits; `near` are the names that resemble it."""
    names = ", ".join(code(name, 100) for name in near[:5])
    meant = f"Did you mean {names}?" if names else f"`{COMMAND} list` shows yours, `{COMMAND} list all` everybody's."
    sentence = f"No instance is called {code(text, 60)}. {meant}"
    return Message(sentence, [b.section(sentence)])


def _fitting(rows: Iterable[Block]) -> list[Block]:
    """The first rows that one message holds: a button that asks before it acts is long."""
    every = list(rows)
    sizes = accumulate(len(json.dumps(row)) for row in every)
    return [row for row, size in zip(every, sizes, strict=True) if size <= _ROOM]


def _row(instance: Instance, action: Action) -> Block:
    request = instance.request
    emoji, state = states.emoji(instance), states.state(instance)
    what = f"{request.gpu_num} × {esc(request.product_name, 30)} · {mention(instance.owner.user)}"
    about = f"{emoji} *{esc(request.name, 60)}* {state} · {what} · {code(instance.id)}"
    return b.section(about, accessory=buttons.button(instance, action) if buttons.can_work(instance, action) else None)
