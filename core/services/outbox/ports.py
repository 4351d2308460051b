"""How use cases change records: through whatever also tells what happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from core.domain.events import Event
from core.domain.instance import Instance
from core.services.outbox.delivery import Begun

Transition = Callable[[Instance], "tuple[Instance, Sequence[Event]] | None"]
"""From a record to its next version and what happened; None when there is nothing to do."""


class UnitOfWork(Protocol):
    """Where records are made and changed, and their events told (core.services.outbox.Outbox)."""

    async def begin(self, instance: Instance, events: Sequence[Event], *, has_own_name: bool = False) -> Begun: ...
    async def update(self, instance: Instance, change: Transition) -> Instance: ...
