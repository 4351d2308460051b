"""Takes the reports of machines: so many a minute go into the thread, the rest is counted and summed up there."""

from __future__ import annotations

from datetime import datetime, timedelta
from enum import StrEnum
from typing import Protocol

import structlog

from core.domain import transitions
from core.domain.clock import Clock
from core.domain.errors import StoreWrongKind
from core.domain.instance import Instance
from core.services.outbox import UnitOfWork
from core.services.reports.hook import token_matches
from core.services.reports.parse import Report

log = structlog.get_logger(__name__)

SHOWN_PER_WINDOW, WINDOW = 20, timedelta(minutes=1)


class Receipt(StrEnum):
    """What became of a report."""

    POSTED = "posted"
    COUNTED = "counted"
    """It came too fast to be shown."""
    ENDED = "ended"
    """The instance has failed or is gone, and its address with it."""


class Records(Protocol):
    """What is read of the store (core.adapters.redis.Store)."""

    async def get(self, instance_id: str) -> Instance | None: ...


class Counts(Protocol):
    """The pace of reports, counted over all processes (core.adapters.redis.Store)."""

    async def count_report(
        self, instance_id: str, now: datetime, *, limit: int, window: timedelta, left_out: int, audience: str
    ) -> tuple[bool, int]: ...
    async def reports_left_out(self, now: datetime, window: timedelta) -> dict[str, int]: ...
    async def reports_summed_up(self, instance_id: str, left_out: int) -> None: ...


class Reports:
    """Every method raises StoreUnavailable. `audience` is the notifier that tells reports to people."""

    def __init__(
        self, records: Records, counts: Counts, unit_of_work: UnitOfWork, clock: Clock, *, audience: str
    ) -> None:
        self._records = records
        self._counts = counts
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._audience = audience

    async def sender(self, instance_id: str, token: str) -> Instance | None:
        """The instance whose own address this is."""
        instance = await self._records.get(instance_id)
        return instance if token_matches(token, instance) else None

    async def take(self, sender: Instance, report: Report) -> Receipt:
        """Puts a report into the instance's story. Beyond the pace nothing is written but a number."""
        if not transitions.takes_reports(sender):
            return Receipt.ENDED
        now, known = self._clock.now(), sender.hook.left_out
        is_shown, left_out = await self._counts.count_report(
            sender.id, now, limit=SHOWN_PER_WINDOW, window=WINDOW, left_out=known, audience=self._audience
        )
        if not is_shown:
            return Receipt.COUNTED
        record = await self._unit_of_work.update(
            sender, lambda i: transitions.reported(i, report.text, report.level, left_out, now)
        )
        return Receipt.POSTED if transitions.takes_reports(record) else Receipt.ENDED

    async def sum_up(self) -> None:
        """For a worker, every few seconds: tells how many were not shown in minutes that are over."""
        for instance_id, left_out in (await self._counts.reports_left_out(self._clock.now(), WINDOW)).items():
            try:
                await self._sum_up(instance_id, left_out)
            except StoreWrongKind as error:
                log.error("not_summed_up", instance_id=instance_id, error=str(error))

    async def _sum_up(self, instance_id: str, left_out: int) -> None:
        """Noted as done last: when the process dies before that, the record knows that it is."""
        record = await self._records.get(instance_id)
        if record is not None:
            await self._unit_of_work.update(record, lambda i: transitions.summed_up(i, left_out, self._clock.now()))
        await self._counts.reports_summed_up(instance_id, left_out)
