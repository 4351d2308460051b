"""What the store knows of machines' reports: their pace, counted over all processes, and those that came too fast."""

from __future__ import annotations

import secrets
from datetime import datetime, timedelta

from core.adapters.redis.commands import Commands, duration_ms, key_of, ms
from core.adapters.redis.scripts import COUNT_REPORT, SUMMED_UP
from core.domain.leases import RECORD_KEPT

_COUNTS_KEPT = RECORD_KEPT
_WAITING_LIMIT = 40
"""Events of an instance that may wait to be told to people before no more reports join them."""
_UNTOLD_LIMIT = 2000
"""The same for whoever is furthest behind, such as a webhook that is away: until it has heard, they are all kept."""


class ReportCounts(Commands):
    """Part of the store. Every method raises StoreUnavailable when Redis cannot answer."""

    async def count_report(
        self, instance_id: str, now: datetime, *, limit: int, window: timedelta, left_out: int, audience: str
    ) -> tuple[bool, int]:
        """Counts one report: whether it is among the `limit` of this `window`, and how many ever were not.

        `left_out` is how many those are at the least, by the record. It is left out, too, while much waits to be told
        to the notifier named `audience`.
        """
        arguments = [
            instance_id,
            secrets.token_hex(8),
            ms(now),
            duration_ms(window),
            limit,
            left_out,
            duration_ms(_COUNTS_KEPT),
            audience,
            _WAITING_LIMIT,
            _UNTOLD_LIMIT,
        ]
        shown, over = await self._run(COUNT_REPORT, _keys(instance_id) + _story_keys(instance_id), arguments)
        return bool(shown), int(over)

    async def reports_left_out(self, now: datetime, window: timedelta, limit: int = 100) -> dict[str, int]:
        """How many reports ever were left out, of the instances whose last window with some is over."""
        ids = await self._scored("left_out", now, window, limit)

        counts = await self._of_each(ids, lambda pipe, id_: pipe.hget(key_of("reports", id_), "over"), None)
        return {instance_id: int(count or 0) for instance_id, count in zip(ids, counts, strict=True)}

    async def reports_summed_up(self, instance_id: str, left_out: int) -> None:
        """People have been told of so many; those that have come since then stay noted."""
        await self._run(SUMMED_UP, _keys(instance_id), [instance_id, left_out])


def _story_keys(instance_id: str) -> list[str]:
    return [key_of(kind, instance_id) for kind in ("instance", "timeline")]


def _keys(instance_id: str) -> list[str]:
    return [key_of("reports", instance_id), key_of("left_out")]
