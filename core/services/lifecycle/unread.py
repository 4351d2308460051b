"""The end of a lease whose record cannot be read: it is stopped, and nothing is written."""

from __future__ import annotations

from datetime import timedelta

import structlog

from core.domain import leases, transitions
from core.domain.clock import Clock
from core.domain.errors import NovitaRefused
from core.domain.instance import Instance, Status
from core.domain.redaction import without_values
from core.services.lifecycle.ports import Novita, Records

log = structlog.get_logger(__name__)

_AGAIN_AFTER = timedelta(minutes=1)
"""How often what runs beyond such a lease is looked at, and asked to stop."""


class UnreadEnds:
    """What a worker does about records that it cannot read. Whether one runs, Novita says; it is never deleted."""

    def __init__(self, novita: Novita, records: Records, clock: Clock) -> None:
        self._novita = novita
        self._records = records
        self._clock = clock

    def is_due(self, instance: Instance) -> bool:
        """Whether its lease is over, as far as that can be made out."""
        ends_at = leases.end_as_read(instance)
        return instance.unreadable is not None and ends_at is not None and self._clock.now() >= ends_at

    async def see_to(self, instance: Instance) -> None:
        """Stops it when it is due and runs; that it was asked to is remembered beside its record, by all workers.

        Raises NovitaError and StoreUnavailable.
        """
        novita_id = instance.remote.id
        if novita_id is None or not self.is_due(instance):
            return
        if not await self._records.claim_once(f"stop as read {instance.id}", _AGAIN_AFTER):
            return
        try:
            if transitions.STATUSES.get((await self._novita.instance(novita_id)).status) is not Status.RUNNING:
                return
            log.error("unreadable_lease_over", instance_id=instance.id, novita_instance_id=novita_id)
            await self._novita.stop(novita_id)
        except NovitaRefused as error:
            said = without_values(str(error), instance.secret_names)
            log.warning("unreadable_not_stopped", instance_id=instance.id, error=said)
