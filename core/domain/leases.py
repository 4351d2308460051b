"""When a lease ends, when to remind of it, and how far it may be extended (pure)."""

from __future__ import annotations

from datetime import datetime, timedelta

from core.domain.instance import Instance, Status

REMIND_BEFORE = (60, 15)
"""Minutes before the end at which the owner is reminded."""

EVENING = 20
"""The hour at which "until tonight" ends."""

_FURTHEST = timedelta(days=3660)
"""What is asked for may be longer than a calendar is."""

UNASKED = timedelta(hours=24)
"""So much later the lease ends of an instance whose owner was to be asked first, and cannot be."""

DISK_REMINDER_EVERY = timedelta(days=7)

DATA_KEPT = timedelta(days=7)
"""How long Novita keeps the data of a stopped instance at most; of one instance Novita tells the day itself."""

RECORD_KEPT = timedelta(days=30)
"""How long the bot keeps what it knows of an instance that has ended."""

_BEFORE_THE_PURGE = timedelta(days=1)


def end_when_running(instance: Instance, now: datetime) -> datetime | None:
    """The end of the lease of an instance that has just come up: the clock runs from running, not from create."""
    return None if instance.request.lease is None else now + instance.request.lease


def extended(instance: Instance, by: timedelta, max_lease: timedelta | None, now: datetime) -> datetime:
    """The new end: `by` after the present one, at most `max_lease` from now."""
    return bounded(moved(instance, by, now), max_lease, now)


def moved(instance: Instance, by: timedelta, now: datetime) -> datetime:
    """The end that is meant by so much more: from the present one on or, where that is over, from now.

    Of what does not come up it is the end of the start that is meant: it has no lease yet.
    """
    present = max(instance.lease.ends_at or instance.startup.ends_at or now, now)
    return min(present, now + _FURTHEST) + min(by, _FURTHEST)


def from_now(length: timedelta, now: datetime) -> datetime:
    """The end of a lease of this length that begins now."""
    return now + min(length, _FURTHEST)


def end_after_use(instance: Instance, now: datetime) -> datetime | None:
    """The end that a sign of use moves a lease to: its whole length from now, once less than half of that is left.

    None while more is left, and where no lease runs. So a sign a minute is not an extension a minute.
    """
    lease, ends_at = instance.request.lease, instance.lease.ends_at
    if lease is None or ends_at is None or ends_at - now >= lease / 2:
        return None
    return now + lease


def bounded(ends_at: datetime, max_lease: timedelta | None, now: datetime) -> datetime:
    """The end that is wished for, at most `max_lease` from now; without one, within what a calendar can hold."""
    return min(ends_at, now + (_FURTHEST if max_lease is None else min(max_lease, _FURTHEST)))


def reminders(instance: Instance) -> tuple[int, ...]:
    """The reminders that fit its lease: those that would come in its first third tell nothing that is not fresh."""
    ends_at = instance.lease.ends_at
    if ends_at is None:
        return ()
    length = ends_at - (_set_at(instance, ends_at) or ends_at)
    return tuple(minutes for minutes in REMIND_BEFORE if timedelta(minutes=minutes) <= length * 2 / 3)


def _set_at(instance: Instance, ends_at: datetime) -> datetime | None:
    """From when on the lease runs to its present end."""
    if instance.lease.set_at is not None:
        return instance.lease.set_at
    return instance.running_at if instance.request.lease is None else ends_at - instance.request.lease


def reminder_due(instance: Instance, now: datetime) -> int | None:
    """The reminder to give now, in minutes before the end; of several that were missed, only the latest."""
    if instance.lease.ends_at is None or instance.status is not Status.RUNNING or now >= instance.lease.ends_at:
        return None
    left = instance.lease.ends_at - now
    passed = [minutes for minutes in reminders(instance) if left <= timedelta(minutes=minutes)]
    if not passed or min(passed) in instance.lease.reminded:
        return None
    return min(passed)


def end_as_read(instance: Instance) -> datetime | None:
    """When an instance whose record cannot be read is stopped: at the end of its lease, as far as that can be made out.

    Whoever was to be asked first has the time for an answer, although nobody can be asked.
    """
    ends_at = instance.lease.ends_at
    if ends_at is None or instance.has_ended:
        return None
    is_asked = instance.lease.asked_at is not None or not instance.past_in_doubt
    return ends_at if is_asked else ends_at + UNASKED


def is_over(instance: Instance, now: datetime) -> bool:
    """Whether a running instance has used up its lease."""
    return instance.status is Status.RUNNING and instance.lease.ends_at is not None and now >= instance.lease.ends_at


def disk_reminder_due(instance: Instance, now: datetime) -> int | None:
    """The number of whole weeks that an instance has stood still, when its owner was not yet told of this one."""
    if instance.status is not Status.STOPPED or instance.standstill.since is None:
        return None
    weeks = (now - instance.standstill.since) // DISK_REMINDER_EVERY
    if instance.standstill.data_until is not None and now >= instance.standstill.data_until - _BEFORE_THE_PURGE:
        weeks = max(weeks, 1)  # A week later the data would be gone.
    return weeks if weeks > instance.standstill.reminders else None
