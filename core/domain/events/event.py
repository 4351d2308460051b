"""Every event there is, and how one is read from where it is stored."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, TypeAdapter

from core.domain.events.instance import (
    DiskReminder,
    InstanceAdopted,
    InstanceBack,
    InstanceDeleted,
    InstanceFault,
    InstanceStopped,
    NotTended,
    OwnerAssigned,
    SpotNotice,
    WebhookGivenUp,
)
from core.domain.events.launch import (
    AnswerLost,
    InstanceCreated,
    InstanceFailed,
    InstanceRequested,
    InstanceRunning,
    InstanceSlow,
    LaunchInterrupted,
    PhaseChanged,
    RegionRefused,
    StartQuestioned,
)
from core.domain.events.leases import LeaseExtended, LeaseQuestioned, LeaseReminder
from core.domain.events.orders import OrderFailed, OrderGiven, OrderStuck
from core.domain.events.reports import MachineReported, ReportsLeftOut

Event = Annotated[
    InstanceRequested
    | RegionRefused
    | AnswerLost
    | LaunchInterrupted
    | InstanceAdopted
    | OwnerAssigned
    | InstanceCreated
    | PhaseChanged
    | InstanceSlow
    | StartQuestioned
    | InstanceRunning
    | InstanceFailed
    | InstanceFault
    | InstanceStopped
    | InstanceDeleted
    | InstanceBack
    | OrderGiven
    | OrderFailed
    | OrderStuck
    | NotTended
    | LeaseReminder
    | LeaseExtended
    | LeaseQuestioned
    | DiskReminder
    | SpotNotice
    | WebhookGivenUp
    | MachineReported
    | ReportsLeftOut,
    Field(discriminator="type"),
]
_adapter: TypeAdapter[Event] = TypeAdapter(Event)


def read_event(text: str | bytes) -> Event:
    """The event behind a line of the timeline. Raises pydantic.ValidationError on anything else."""
    return _adapter.validate_json(text)
