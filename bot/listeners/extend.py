"""Moving a lease's end: by hours, to so long from now, or until a time of day where the person is; also to earlier."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone

import structlog

from bot import wording
from bot.listeners.buttons import Click
from bot.listeners.cards import redraw
from bot.listeners.interactions import Interaction
from bot.listeners.lifecycle import refused
from bot.listeners.resolve import is_named, named
from bot.listeners.services import Services
from bot.oneliner import extents
from bot.oneliner.moments import TONIGHT, Moment
from bot.slack import errors as slack_errors
from bot.slack import typed
from bot.slack.errors import CALL_FAILED
from bot.slack.ids import COMMAND, Action
from bot.views import blocks as b
from bot.views.blocks import Message
from bot.views.buttons import EXTENDED_BY, added_cost
from bot.views.text import date, esc, mention
from core.domain import leases
from core.domain.durations import duration_words
from core.domain.errors import InvalidRequest, NotAllowed
from core.domain.events import LeaseExtended
from core.domain.instance import Instance
from core.services.gpus import can_extend

log = structlog.get_logger(__name__)

_LENGTHS: dict[str, timedelta | Moment] = {
    **{action.value: length for action, length in EXTENDED_BY.items()},
    Action.EXTEND_TONIGHT.value: TONIGHT,
}
_FURTHEST = timedelta.max
"""As far as a lease may go."""

_ONE_PRESS = timedelta(seconds=5)
"""Two presses of one button within this, by one person or two who saw the same reminder, are one wish."""

_AS_GOOD_AS = timedelta(minutes=1)
"""An end so close to the furthest one is moved no further."""


@dataclass(frozen=True)
class Extension:
    """Where the end is to move: so much further, or until then. `from_now`: the length counts from now.

    `button` is the one that was pressed; what is typed says itself whether it is the same wish once more.
    """

    extent: timedelta | Moment
    from_now: bool = False
    button: str = ""

    @property
    def is_exact(self) -> bool:
        """Whether an earlier end than the present one is meant, too."""
        return not self.button and (self.from_now or isinstance(self.extent, Moment))


async def press(services: Services, click: Click) -> None:
    """One of the Extend buttons."""
    extent = _LENGTHS.get(click.action, _FURTHEST)
    await click.say(await extend(services, click.value, Extension(extent, button=click.action), click.interaction))


async def type_extend(services: Services, interaction: Interaction, rest: str) -> Message | None:
    """`NAME 4h`, `4h NAME`, `NAME by 1d 12h`, `NAME until 18:00`."""
    return await _typed(services, interaction, rest, "extend", from_now=False)


async def type_lease(services: Services, interaction: Interaction, rest: str) -> Message | None:
    """`NAME 2h`: so long from now, be that more or less than what is left."""
    return await _typed(services, interaction, rest, "lease", from_now=True)


async def extend(services: Services, instance_id: str, wish: Extension, interaction: Interaction) -> Message:
    """Moves the end of the lease. What to say to who asked. Raises NoSuchInstance, StoreUnavailable."""
    record = await services.gpus.instance(instance_id)
    try:
        services.gpus.policy.check_act(interaction.actor, record)
    except NotAllowed as refusal:
        return await refused(services, Action.EXTEND_4H, instance_id, interaction, refusal)
    # The record was read before its timeline: whoever presses after that reading is either seen here, or moves the end
    # from the same instant to the same instant.
    if wish.button and (just_now := await _just_pressed(services, record, wish.button)) is not None:
        return _already(record, just_now)
    wanted = await _wanted(services, record, wish, interaction)
    if isinstance(wanted, Message):
        return wanted
    if can_extend(record) and (too_far := _too_far(services, record, wanted, wish)) is not None:
        return too_far
    try:
        moved = await _move(services, record, wanted, wish, interaction)
    except InvalidRequest as impossible:
        await redraw(services, instance_id)
        return b.notice(wording.error_words(impossible))
    return _moved(record, moved, wanted)


async def zone_of(services: Services, user: str) -> timezone:
    """Where the person is, as Slack knows it; UTC when Slack does not say."""
    try:
        answer = await services.client.users_info(user=user)
        return timezone(timedelta(seconds=int(answer["user"]["tz_offset"])))
    except CALL_FAILED as error:
        log.warning("time_zone_not_read", error=slack_errors.error_code(error))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        log.warning("time_zone_not_read", error=type(error).__name__)
    return UTC


async def _typed(
    services: Services, interaction: Interaction, rest: str, command: str, *, from_now: bool
) -> Message | None:
    line = typed.bare(typed.on_one_line(rest))
    readings = extents.read_extents(line)
    if not readings:
        return b.notice(f"{_bare_number(line)}{_EXAMPLES.format(command=f'{COMMAND} {command}')}")
    if not readings[0].name:
        return b.notice(f"Write which instance: {COMMAND} {command} NAME 4h. {COMMAND} list shows the names.")
    live = await services.gpus.live()
    said = next((each for each in readings if is_named(live, each.name)), readings[0])
    button = next((action for action, extent in _LENGTHS.items() if extent == said.extent and not from_now), None)
    found = await named(services, said.name, interaction, Action(button) if button else Action.STATUS)
    if isinstance(found, Message):
        return found
    return await extend(
        services, found.id, Extension(said.extent, from_now and isinstance(said.extent, timedelta)), interaction
    )


def _bare_number(line: str) -> str:
    number = extents.bare_number(line)
    return f"{number} of what? {number}h are hours, {number}m minutes. " if number else ""


async def _move(
    services: Services, record: Instance, wanted: datetime, wish: Extension, interaction: Interaction
) -> Instance:
    if wish.is_exact:
        return await services.gpus.end_at(record.id, wanted, interaction.actor)
    return await services.gpus.extend_until(record.id, wanted, interaction.actor, button=wish.button)


async def _wanted(
    services: Services, record: Instance, wish: Extension, interaction: Interaction
) -> datetime | Message:
    """The end that is meant, or why there is none."""
    now, present, extent = services.clock.now(), _present_end(record), wish.extent
    if isinstance(extent, timedelta):
        if extent == _FURTHEST:
            return leases.bounded(datetime.max.replace(tzinfo=UTC), services.gpus.limits.max_lease, now)
        return leases.from_now(extent, now) if wish.from_now else leases.moved(record, extent, now)
    ends_at = extent.at(now, await zone_of(services, interaction.actor.user))
    if ends_at <= now:
        hour = f"{extent.clock.hour}:{extent.clock.minute:02}"
        return b.notice(f"It is past {hour} where you are. Extend it by hours instead, or until tomorrow.")
    if wish.button and present is not None and ends_at <= present:
        text = f"*{esc(record.request.name, 100)}* may run until {date(present)} already, which is later."
        return Message(text, [b.section(text)])
    return ends_at


def _present_end(record: Instance) -> datetime | None:
    return record.lease.ends_at or record.startup.ends_at


def _too_far(services: Services, record: Instance, wanted: datetime, wish: Extension) -> Message | None:
    """What is more than a lease may be is not cut and done at once: how far it can go is said, and asked."""
    longest, now, present = services.gpus.limits.max_lease, services.clock.now(), _present_end(record)
    furthest = leases.bounded(wanted, longest, now)
    if longest is None or furthest >= wanted or present is None:
        return None
    rule = f"A lease ends at most {duration_words(longest)} from now, which is {date(furthest)}"
    name = esc(record.request.name, 100)
    if furthest - present < _AS_GOOD_AS:
        text = f"{rule}: *{name}* may run until {date(present)} already. Nothing was changed."
        return Message(text, [b.section(text)])
    text = (
        f"{rule}; what you asked for would be {date(wanted)}. Nothing was changed: *{name}* runs until {date(present)}."
    )
    price = added_cost(record, furthest - present)
    label = f"Extend to {duration_words(longest)} from now{f' ({price})' if price else ''}"
    most = b.button(Action.EXTEND_MOST, label, value=record.id)
    return Message(text, [b.section(text), b.actions(most)])


async def _just_pressed(services: Services, record: Instance, button: str) -> LeaseExtended | None:
    """The extension that a press of the same button has just led to."""
    now = services.clock.now()
    for event in reversed(await services.gpus.timeline(record.id)):
        if now - event.at > _ONE_PRESS:
            return None
        if isinstance(event, LeaseExtended) and event.button == button:
            return event
    return None


def _already(record: Instance, event: LeaseExtended) -> Message:
    until = f" to {date(event.ends_at)}" if event.ends_at else ""
    name, who = esc(record.request.name, 100), mention(event.actor.user)
    text = f"{who} has just extended *{name}*{until}. Press again in a few seconds to go further."
    return Message(text, [b.section(text)])


def _moved(before: Instance, instance: Instance, wanted: datetime) -> Message:
    ends_at, was = _present_end(instance) or wanted, _present_end(before)
    does = "may run" if instance.startup.ends_at is None else "may take to come up"
    text = f"*{esc(instance.request.name, 100)}* {does} until {date(ends_at)}."
    if was is not None and ends_at < was:
        text = f"{text[:-1]}, no longer until {date(was)}."
    elif was is not None and ends_at > was and (price := added_cost(instance, ends_at - was)):
        text = f"{text} That adds {price}."
    return Message(text, [b.section(text)])


_EXAMPLES = (
    "Write for how long, such as {command} train-1 4h, or until when: {command} train-1 until 18:00, tonight "
    f"({leases.EVENING}:00 where you are), tomorrow 9:00."
)
