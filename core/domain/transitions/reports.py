"""What an instance says of itself."""

from __future__ import annotations

from datetime import datetime

from core.domain.events import Event, MachineReported, ReportLevel, ReportsLeftOut
from core.domain.instance import Instance, Status
from core.domain.transitions.change import TransitionResult


def takes_reports(instance: Instance) -> bool:
    """Whether its own address is open: from the intent on, stopped too, until it has failed or is gone."""
    return not instance.has_ended and instance.status is not Status.FAILED


def reported(
    instance: Instance, text: str, level: ReportLevel, left_out: int, now: datetime
) -> TransitionResult | None:
    """A program on it said something, after `left_out` reports in all its life that were not shown."""
    if not takes_reports(instance):
        return None
    instance, events = summed_up(instance, left_out, now) or (instance, ())
    return instance, [*events, MachineReported(at=now, text=text, level=level)]


def summed_up(instance: Instance, left_out: int, now: datetime) -> TransitionResult | None:
    """So many of its reports were not shown in all its life; those that people have not heard of yet are told."""
    more = left_out - instance.hook.left_out
    if more <= 0:
        return None
    news: list[Event] = [ReportsLeftOut(at=now, count=more)]
    return instance.replace(hook=instance.hook.replace(left_out=left_out)), news
