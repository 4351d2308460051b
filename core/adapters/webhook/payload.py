"""What a webhook tells: which events, under which names, as JSON."""

from __future__ import annotations

import json
from typing import Any

from pydantic.alias_generators import to_camel

from core.domain.events import (
    Event,
    InstanceAdopted,
    InstanceBack,
    InstanceCreated,
    InstanceDeleted,
    InstanceFailed,
    InstanceFault,
    InstanceRunning,
    InstanceSlow,
    InstanceStopped,
    LeaseExtended,
    LeaseQuestioned,
    LeaseReminder,
    OrderFailed,
    OrderStuck,
    OwnerAssigned,
    SpotNotice,
    StartQuestioned,
)
from core.domain.instance import Instance
from core.domain.responses import response_to

TOLD = (
    InstanceCreated,
    InstanceRunning,
    InstanceFailed,
    InstanceFault,
    InstanceSlow,
    StartQuestioned,
    InstanceStopped,
    InstanceDeleted,
    InstanceBack,
    OrderFailed,
    OrderStuck,
    LeaseReminder,
    LeaseExtended,
    LeaseQuestioned,
    OwnerAssigned,
    InstanceAdopted,
    SpotNotice,
)
"""What a program may wait for. The steps on the way are for people."""

_TYPES: dict[type[Event], str] = {OrderFailed: "instance.order_failed"}
"""What programs know an event by, where that is not its own name."""


def type_of(event: type[Event]) -> str:
    """The word in `type`."""
    return _TYPES.get(event) or str(event.model_fields["type"].default)


def is_told(event: Event) -> bool:
    """An order that is still tried may yet be done: only its end is news for a program."""
    return isinstance(event, TOLD) and (not isinstance(event, OrderFailed) or event.is_final)


def body_of(instance: Instance, event: Event, event_id: str) -> bytes:
    answer = response_to(instance).model_dump(mode="json", by_alias=True)
    elapsed = (event.at - instance.created_at).total_seconds()
    news = {
        "id": event_id,
        "type": type_of(type(event)),
        "timestamp": event.at.isoformat(),
        "elapsedSeconds": elapsed,
        "name": instance.request.name,
        **answer,
        "details": _details(event),
    }
    return json.dumps(news, separators=(",", ":")).encode()


def _details(event: Event) -> dict[str, Any]:
    """What only this kind of event has, such as when a lease ends."""
    own = event.model_dump(mode="json", exclude={"at", "type"})
    return {to_camel(name): value for name, value in own.items()}
