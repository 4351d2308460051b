"""What the admins are told of each kind of alarm, by direct message."""

from __future__ import annotations

from collections.abc import Callable

from bot.slack.ids import USER_ID
from bot.views import blocks as b
from bot.views import strays
from bot.views.blocks import Message
from bot.views.text import Block, date, esc, mention
from bot.wording.alarms import in_words, shown_facts
from core.services.alarms import Alarm, AlarmKind

_VALUE_LIMIT = 200


_DEEDS: dict[AlarmKind, Callable[[str], list[Block]]] = {
    AlarmKind.STRAY: strays.buttons,
    AlarmKind.LEASE_IN_DOUBT: strays.questions,
}
"""What an admin can do about it with one click, by the alarm's subject."""


def alarm_message(alarm: Alarm) -> Message:
    """For one admin's direct messages."""
    said = in_words(alarm)
    facts = {esc(label, 40): _value(value) for label, value in shown_facts(alarm).items()}
    named = ", ".join(f"{label}: {value}" for label, value in facts.items())
    text = f"🚨 {esc(said.what)}{f' ({named})' if named else ''}. {esc(said.then)}"
    blocks = [b.section(f"🚨 *{esc(said.what)}.*")]
    if facts:
        blocks.append(b.fields(facts))
    blocks.append(b.section(esc(said.then)))
    if (deeds := _DEEDS.get(alarm.kind)) is not None and alarm.subject:
        blocks.append(b.actions(*deeds(alarm.subject)))
    return Message(text, [*blocks, b.context(f"Since {date(alarm.since)}")])


def _value(value: str) -> str:
    return mention(value) if USER_ID.fullmatch(value) else esc(value, _VALUE_LIMIT)
