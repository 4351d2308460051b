"""What happens to an instance that exists: its state, whose it is, and what Novita does by itself."""

from __future__ import annotations

from typing import Literal

from core.domain.attempt import Failure
from core.domain.base import Actor, Cause, Instant
from core.domain.events.base import BaseEvent
from core.domain.instance import Origin, StopReason
from core.domain.order import Verb


class InstanceAdopted(BaseEvent):
    """An instance that nobody here is known to have asked for was found at Novita, and is on record from now on."""

    type: Literal["instance_adopted"] = "instance_adopted"
    novita_id: str
    origin: Origin


class OwnerAssigned(BaseEvent):
    """An admin has given an owner to an instance that had none."""

    type: Literal["owner_assigned"] = "owner_assigned"
    owner: Actor
    actor: Actor
    lease_ends_at: Instant | None = None


class InstanceFault(BaseEvent):
    """Novita reports something beside the instance's state; without `fault`, the state itself is an unusual one."""

    type: Literal["instance_fault"] = "instance_fault"
    novita_status: str
    fault: Failure | None = None


class InstanceStopped(BaseEvent):
    """Novita reports it as exited."""

    type: Literal["instance_stopped"] = "instance_stopped"
    novita_status: str
    reason: StopReason = StopReason.ELSEWHERE
    cause: Cause | None
    """Of the order that stopped it; None when it was not the bot's doing."""
    actor: Actor | None = None


class InstanceDeleted(BaseEvent):
    """Novita no longer has it. `asked` is false when that was not the bot's doing."""

    type: Literal["instance_deleted"] = "instance_deleted"
    asked: bool = False
    cause: Cause | None
    """Of the order that deleted it; None when that was not the bot's doing."""
    actor: Actor | None = None


class InstanceBack(BaseEvent):
    """It was taken for deleted, and Novita shows it: what had been ordered, `verb`, is ordered still."""

    type: Literal["instance_back"] = "instance_back"
    verb: Verb | None = None
    lease_ends_at: Instant | None = None


class NotTended(BaseEvent):
    """A worker's work on it breaks again and again, for a reason of the bot's own."""

    type: Literal["not_tended"] = "not_tended"
    work: str


class DiskReminder(BaseEvent):
    """A stopped instance still costs its disk, and its data will be purged."""

    type: Literal["disk_reminder"] = "disk_reminder"
    weeks: int
    data_until: Instant | None = None


class SpotNotice(BaseEvent):
    """Novita will take the GPU back."""

    type: Literal["spot_notice"] = "spot_notice"
    reclaim_at: Instant | None = None


class WebhookGivenUp(BaseEvent):
    """The request's own webhook cannot be reached for good; it is told nothing more of this instance."""

    type: Literal["webhook_given_up"] = "webhook_given_up"
    why: str
