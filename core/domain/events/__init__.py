"""What happened to an instance, in the past tense: the lines of its timeline and the cause of every notification."""

from __future__ import annotations

from core.domain.events.event import Event, read_event
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
from core.domain.events.reports import MachineReported, ReportLevel, ReportsLeftOut

__all__ = [
    "AnswerLost",
    "DiskReminder",
    "Event",
    "InstanceAdopted",
    "InstanceBack",
    "InstanceCreated",
    "InstanceDeleted",
    "InstanceFailed",
    "InstanceFault",
    "InstanceRequested",
    "InstanceRunning",
    "InstanceSlow",
    "InstanceStopped",
    "LaunchInterrupted",
    "LeaseExtended",
    "LeaseQuestioned",
    "LeaseReminder",
    "MachineReported",
    "NotTended",
    "OrderFailed",
    "OrderGiven",
    "OrderStuck",
    "OwnerAssigned",
    "PhaseChanged",
    "RegionRefused",
    "ReportLevel",
    "ReportsLeftOut",
    "SpotNotice",
    "StartQuestioned",
    "WebhookGivenUp",
    "read_event",
]
