"""What admins see of strays: one line each with what can be decided, and the form that asks whose it is."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal

from bot import wording
from bot.slack.ids import OWNER, Action, View
from bot.views import blocks as b
from bot.views import states
from bot.views.blocks import Message
from bot.views.card import place, price, what
from bot.views.text import Block, code, date, esc
from bot.wording.strays import anothers
from core.domain.durations import duration_words
from core.domain.instance import Instance, Origin

_SHOWN = 20
"""Two blocks each, within a message's fifty."""

_ORIGINS: dict[Origin, str] = {
    Origin.ASKED: "nobody owns it",
    Origin.LOST: "made by this bot, which had lost its record",
    Origin.SECOND: "a second one of a name",
    Origin.CONSOLE: "made outside this bot",
}
_MADE_ELSEWHERE = (
    "What was made outside this bot (in Novita's console, say) is never touched by itself: it has no lease here until "
    "an admin decides about it."
)


def stray_list(strays: Sequence[Instance], outside: Sequence[Instance], now: datetime, *, is_whole: bool) -> Message:
    """Those on record without an owner, then those made outside, drawn as their records would be.

    `is_whole`: whether Novita could be asked for the latter.
    """
    rows = [*((each, each.id) for each in strays), *((each, each.remote.id or "") for each in outside)]
    if not rows:
        nothing = "Everything at Novita has an owner here." if is_whole else "No stray is on record."
        return Message(nothing, [b.section(nothing), *_gaps(is_whole)])
    per_hour = sum((each.hourly_price or Decimal(0) for each, _ in rows), Decimal(0))
    title = f"{len(rows)} at Novita without an owner here, up to {wording.money(per_hour)}/h"
    whose = anothers(strays)
    blocks = [b.section(f"*{title}*"), *([b.section(f"⚠️ {whose}")] if whose else [])]
    for instance, value in rows[:_SHOWN]:
        blocks += [b.section(_line(instance, now)), b.actions(*buttons(value))]
    if len(rows) > _SHOWN:
        blocks.append(b.context(f"And {len(rows) - _SHOWN} more: they come up as these are decided."))
    return Message(title, [*blocks, *([b.context(_MADE_ELSEWHERE)] if outside else []), *_gaps(is_whole)])


def buttons(value: str) -> list[Block]:
    """What can be decided about a stray; `value` is the id of its record or, without one, Novita's."""
    stop = b.confirmation(
        "Stop it?", f"Programs that run on it end. Novita keeps its data {wording.DATA_KEPT}.", "Stop it"
    )
    delete = b.confirmation(
        "Delete it?",
        "Everything on it is destroyed at once, and nobody can bring it back.",
        "Delete it",
        danger=True,
    )
    return [
        b.button(Action.STRAY_ASSIGN, "Assign owner", value=value, style="primary"),
        b.button(Action.STRAY_STOP, "Stop", value=value, confirm=stop),
        b.button(Action.STRAY_DELETE, "Delete", value=value, style="danger", confirm=delete),
        b.button(Action.STRAY_LEAVE, "Leave alone", value=value),
    ]


def questions(value: str) -> list[Block]:
    """Whether an instance is to go on, for the admins where no owner can be asked."""
    return [
        b.button(Action.EXTEND_1H, "Keep it, 1 h more", value=value),
        b.button(Action.EXTEND_4H, "Keep it, 4 h more", value=value),
        b.button(Action.STOP, "Stop now", value=value),
    ]


def assign_view(stray_id: str) -> Block:
    """Asks whose it is. Raises ValueError for an id that no stray has."""
    people: Block = {"type": "users_select", "placeholder": {"type": "plain_text", "text": "Choose a person"}}
    hint = "They are told at once, and from then on it is an ordinary instance of theirs."
    blocks = [b.input_(OWNER, "Whose is it?", people, hint=hint)]
    return b.modal(View.ASSIGN, "Assign an owner", blocks, close="Cancel", submit="Assign", private_metadata=stray_id)


def _line(instance: Instance, now: datetime) -> str:
    age = duration_words(max(now - instance.created_at, now - now))
    facts = [
        what(instance),
        price(instance) if instance.launch.offer else f"{price(instance)}, price unknown",
        place(instance),
        states.state(instance),
        f"made {date(instance.created_at)}, {age} ago",
        f"lease until {date(instance.lease.ends_at)}" if instance.lease.ends_at else "",
        _ORIGINS[instance.intent.origin] + (", left alone" if instance.is_left_alone else ""),
        f"Novita id {code(instance.remote.id or '', 60)}",
    ]
    return f"*{esc(instance.novita_name, 120)}*\n{' · '.join(filter(None, facts))}"


def _gaps(is_whole: bool) -> list[Block]:
    gap = "Novita does not answer, so what was made outside this bot is not shown."
    return [] if is_whole else [b.context(gap)]
