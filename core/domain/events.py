"""What happened to an instance, in the past tense: the lines of its timeline and the cause of every notification."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from core.domain.attempt import Attempt, Failure
from core.domain.base import Actor, Cause, Instant, Value
from core.domain.instance import Origin
from core.domain.instance import StopReason as StopReason
from core.domain.market import Offer
from core.domain.novita import Endpoint
from core.domain.order import Verb
from core.domain.request import LeaseEnd


class _Event(Value):
    at: Instant


class InstanceRequested(_Event):
    """The intent is recorded; nothing has been sent to Novita yet."""

    type: Literal["instance_requested"] = "instance_requested"


class RegionRefused(_Event):
    """Novita had no room in a region; the launch goes on with the next offer."""

    type: Literal["region_refused"] = "region_refused"
    attempt: Attempt
    next_offer: Offer


class AnswerLost(_Event):
    """Novita's answer to a create never came; the instance is looked for by name."""

    type: Literal["answer_lost"] = "answer_lost"
    attempt: Attempt


class InstanceCreated(_Event):
    """Novita made the instance. `found` is true when it was found by name after a lost answer or a restart."""

    type: Literal["instance_created"] = "instance_created"
    novita_id: str
    found: bool = False


class InstanceAdopted(_Event):
    """An instance that nobody here is known to have asked for was found at Novita, and is on record from now on."""

    type: Literal["instance_adopted"] = "instance_adopted"
    novita_id: str
    origin: Origin


class OwnerAssigned(_Event):
    """An admin has given an owner to an instance that had none."""

    type: Literal["owner_assigned"] = "owner_assigned"
    owner: Actor
    actor: Actor
    lease_ends_at: Instant | None = None


class LaunchInterrupted(_Event):
    """The process that was creating it died; whether Novita made the instance is being looked up by name."""

    type: Literal["launch_interrupted"] = "launch_interrupted"


class PhaseChanged(_Event):
    """Novita's own word for its state changed on the way up (such as `pulling`): the card is edited."""

    type: Literal["phase_changed"] = "phase_changed"
    novita_status: str


class InstanceSlow(_Event):
    """It takes longer than usual to come up; billing has begun (API.md, Billing)."""

    type: Literal["instance_slow"] = "instance_slow"
    minutes: int
    novita_status: str


class StartQuestioned(_Event):
    """It does not come up and may be billed: at `ends_at` it is stopped or deleted, unless somebody lets it go on."""

    type: Literal["start_questioned"] = "start_questioned"
    since: Instant
    ends_at: Instant
    verb: Verb


class InstanceRunning(_Event):
    """It has come up."""

    type: Literal["instance_running"] = "instance_running"
    endpoints: tuple[Endpoint, ...] = ()


class InstanceFailed(_Event):
    """The launch or the instance failed; nothing more will happen by itself."""

    type: Literal["instance_failed"] = "instance_failed"
    failure: Failure


class InstanceFault(_Event):
    """Novita reports something beside the instance's state; without `fault`, the state itself is an unusual one."""

    type: Literal["instance_fault"] = "instance_fault"
    novita_status: str
    fault: Failure | None = None


class InstanceStopped(_Event):
    """Novita reports it as exited."""

    type: Literal["instance_stopped"] = "instance_stopped"
    novita_status: str
    reason: StopReason = StopReason.ELSEWHERE
    cause: Cause | None
    """Of the order that stopped it; None when it was not the bot's doing."""
    actor: Actor | None = None


class InstanceDeleted(_Event):
    """Novita no longer has it. `asked` is false when that was not the bot's doing."""

    type: Literal["instance_deleted"] = "instance_deleted"
    asked: bool = False
    cause: Cause | None
    """Of the order that deleted it; None when that was not the bot's doing."""
    actor: Actor | None = None


class InstanceBack(_Event):
    """It was taken for deleted, and Novita shows it: what had been ordered, `verb`, is ordered still."""

    type: Literal["instance_back"] = "instance_back"
    verb: Verb | None = None
    lease_ends_at: Instant | None = None


class OrderGiven(_Event):
    """A change is wanted; Novita has not been seen to do it yet. Without `actor` it is nobody's wish."""

    type: Literal["order_given"] = "order_given"
    verb: Verb
    cause: Cause
    actor: Actor | None = None


class OrderFailed(_Event):
    """Novita refused, or did not answer. With `is_final` it is not tried again by itself."""

    type: Literal["order_failed"] = "order_failed"
    verb: Verb
    cause: Cause
    actor: Actor | None = None
    why: Failure
    tries: int
    """How often it was sent by then."""
    is_final: bool


class OrderStuck(_Event):
    """An order to stop or delete has stood for so long that people must hear that what it was to end goes on."""

    type: Literal["order_stuck"] = "order_stuck"
    verb: Verb
    cause: Cause
    actor: Actor | None = None
    since: Instant
    tries: int
    why: str = ""
    """What stood in the way the last time; empty when Novita said yes and did nothing."""


class NotTended(_Event):
    """A worker's work on it breaks again and again, for a reason of the bot's own."""

    type: Literal["not_tended"] = "not_tended"
    work: str


class LeaseReminder(_Event):
    """The lease is over soon."""

    type: Literal["lease_reminder"] = "lease_reminder"
    minutes: int
    ends_at: Instant
    end: LeaseEnd


class LeaseExtended(_Event):
    """The lease ends at another time: later or, when that was asked for, earlier."""

    type: Literal["lease_extended"] = "lease_extended"
    actor: Actor
    ends_at: Instant | None
    was: Instant | None = None
    """The end before."""
    button: str = ""
    """The button that was pressed for it: two presses of one within seconds are one wish."""

    @property
    def is_shortened(self) -> bool:
        return self.ends_at is not None and self.was is not None and self.ends_at < self.was


class LeaseQuestioned(_Event):
    """The lease is over by a record whose past is in doubt: it is stopped at `stops_at` unless somebody keeps it."""

    type: Literal["lease_questioned"] = "lease_questioned"
    stops_at: Instant


class DiskReminder(_Event):
    """A stopped instance still costs its disk, and its data will be purged."""

    type: Literal["disk_reminder"] = "disk_reminder"
    weeks: int
    data_until: Instant | None = None


class SpotNotice(_Event):
    """Novita will take the GPU back."""

    type: Literal["spot_notice"] = "spot_notice"
    reclaim_at: Instant | None = None


class WebhookGivenUp(_Event):
    """The request's own webhook cannot be reached for good; it is told nothing more of this instance."""

    type: Literal["webhook_given_up"] = "webhook_given_up"
    why: str


class ReportLevel(StrEnum):
    """How a machine means what it reports."""

    INFO = "info"
    DONE = "done"
    ERROR = "error"


class MachineReported(_Event):
    """A program on the instance posted a line to its own address. `text` is clean, clipped, and not to be trusted."""

    type: Literal["machine_reported"] = "machine_reported"
    text: str
    level: ReportLevel = ReportLevel.INFO


class ReportsLeftOut(_Event):
    """More reports than are shown came within a minute."""

    type: Literal["reports_left_out"] = "reports_left_out"
    count: int


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
