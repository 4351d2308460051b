"""Extending a lease: by hours, or until this evening where the person is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import structlog

from bot import faults, words
from bot.faults import CALL_FAILED
from bot.ids import Action
from bot.listeners.cards import redraw
from bot.listeners.clicks import Click
from bot.listeners.orders import refused
from bot.listeners.visits import Visit
from bot.parts import Parts
from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.text import date, esc, mention
from core import leases
from core.durations import duration_words
from core.errors import InvalidRequest, NotAllowed
from core.events import LeaseExtended
from core.models import Instance

log = structlog.get_logger(__name__)

TONIGHT = "tonight"
By = timedelta | str
"""How far: a duration from the present end, or TONIGHT."""

BUTTONS: dict[By, Action] = {
    timedelta(hours=1): Action.EXTEND_1H,
    timedelta(hours=4): Action.EXTEND_4H,
    TONIGHT: Action.EXTEND_TONIGHT,
}
_LENGTHS: dict[str, By] = {action.value: by for by, action in BUTTONS.items()}

_ONE_PRESS = timedelta(seconds=5)
"""Two presses within this, by one person or two who saw the same reminder, are one wish."""


async def press(parts: Parts, click: Click) -> None:
    """One of the Extend buttons."""
    await click.say(await extend(parts, click.value, _LENGTHS[click.action], click.visit))


async def extend(parts: Parts, instance_id: str, by: By, visit: Visit) -> Message:
    """Moves the end of the lease. What to say to who asked. Raises NoSuchInstance, StoreUnavailable."""
    record = await parts.instance(instance_id)
    try:
        parts.policy.check_act(visit.actor, record)
    except NotAllowed as refusal:
        return await refused(parts, Action.EXTEND_4H, instance_id, visit, refusal)
    # The record was read before its timeline: whoever extends after that reading is either seen here, or moves the end
    # from the same instant to the same instant.
    just_now = await _just_extended(parts, record)
    if just_now is not None:
        return _already(record, just_now)
    wanted = await _wanted(parts, record, by, visit)
    if isinstance(wanted, Message):
        return wanted
    try:
        moved = await parts.lifecycle.extend_until(instance_id, wanted, visit.actor, parts.policy)
    except InvalidRequest as impossible:
        await redraw(parts, instance_id)
        return b.notice(words.error_words(impossible))
    return _moved(moved, wanted, parts.limits.max_lease)


async def _wanted(parts: Parts, record: Instance, by: By, visit: Visit) -> datetime | Message:
    """The end that is meant, or why there is none."""
    now, present = parts.clock.now(), record.lease_ends_at
    if isinstance(by, timedelta):
        return leases.moved(record, by, now)
    evening = leases.evening_of(now, await _zone(parts, visit.actor.user))
    if evening <= now:
        return b.notice(f"It is past {leases.EVENING}:00 where you are. Extend it by hours instead.")
    if present is not None and evening <= present:
        text = f"*{esc(record.request.name, 100)}* may run until {date(present)} already, which is later."
        return Message(text, [b.section(text)])
    return evening


async def _zone(parts: Parts, user: str) -> timezone:
    """Where the person is, as Slack knows it; UTC when Slack does not say."""
    try:
        answer = await parts.client.users_info(user=user)
        return timezone(timedelta(seconds=int(answer["user"]["tz_offset"])))
    except CALL_FAILED as error:
        log.warning("time_zone_not_read", error=faults.word_of(error))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        log.warning("time_zone_not_read", error=type(error).__name__)
    return UTC


async def _just_extended(parts: Parts, record: Instance) -> LeaseExtended | None:
    now = parts.clock.now()
    for event in reversed(await parts.store.timeline(record.id)):
        if now - event.at > _ONE_PRESS:
            return None
        if isinstance(event, LeaseExtended):
            return event
    return None


def _already(record: Instance, event: LeaseExtended) -> Message:
    until = f" to {date(event.ends_at)}" if event.ends_at else ""
    name, who = esc(record.request.name, 100), mention(event.actor.user)
    text = f"{who} has just extended *{name}*{until}. Press again in a few seconds to go further."
    return Message(text, [b.section(text)])


def _moved(instance: Instance, wanted: datetime, longest: timedelta | None) -> Message:
    ends_at = instance.lease_ends_at or instance.start_ends_at or wanted
    does = "may run" if instance.start_ends_at is None else "may take to come up"
    text = f"*{esc(instance.request.name, 100)}* {does} until {date(ends_at)}."
    if ends_at < wanted and longest is not None:
        text += f" That is as far as it goes: a lease ends at most {duration_words(longest)} from now."
    return Message(text, [b.section(text)])
