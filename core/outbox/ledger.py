"""How use cases change records: through whatever also tells what happened."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from core.events import Event
from core.models import Instance
from core.outbox.story import Begun

Change = Callable[[Instance], "tuple[Instance, Sequence[Event]] | None"]
"""From a record to its next version and what happened; None when there is nothing to do."""


class Ledger(Protocol):
    """Where records are made and changed, and their events told (core.outbox.Outbox)."""

    async def begin(self, instance: Instance, events: Sequence[Event], *, has_own_name: bool = False) -> Begun: ...
    async def update(self, instance: Instance, change: Change) -> Instance: ...
