"""The unit of work: a record and what happened to it are written in one step, and handed on to be told."""

from __future__ import annotations

from collections.abc import Sequence

from core.domain.clock import Clock
from core.domain.errors import RecordNotReadable, StoreWrongKind, VersionConflict
from core.domain.events import Event
from core.domain.instance import Instance
from core.services.outbox.delivery import Begun
from core.services.outbox.ports import RecordStore, Telling, Transition


class RecordWriter:
    """Every change of a record goes through here, so that none can be forgotten to be told."""

    def __init__(self, records: RecordStore, telling: Telling, clock: Clock) -> None:
        self._records = records
        self._telling = telling
        self._clock = clock

    async def begin(self, instance: Instance, events: Sequence[Event], *, has_own_name: bool = False) -> Begun:
        """Writes a new record and has it told. Raises RequestTaken, NameTaken or StoreUnavailable."""
        begun = await self._records.begin(instance, events, self._clock.now(), has_own_name=has_own_name)
        self._telling.start(begun.instance.id, begun.claim)
        return begun

    async def update(self, instance: Instance, change: Transition) -> Instance:
        """Applies `change` to the newest version of the record, from `instance` on, and has told what happened.

        Returns the record as it stands after it. Raises StoreUnavailable, as RecordNotReadable where it cannot be read.
        """
        while True:
            if instance.unreadable is not None:
                raise RecordNotReadable(instance.id, instance.unreadable.words)
            changed = change(instance)
            if changed is None:
                return instance
            try:
                written, claim = await self._records.commit(*changed, self._clock.now())
            except VersionConflict:
                current = await self._records.get(instance.id)
                if current is None:
                    raise StoreWrongKind(f"the record of {instance.id} is gone") from None
                instance = current
                continue
            if changed[1]:
                self._telling.start(written.id, claim)
            return written
