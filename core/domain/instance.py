"""The record of one instance: what was asked for, what is known of it, and what is to happen to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from core.domain.attempt import Attempt, Failure
from core.domain.base import NOBODY, PROGRAM, Actor, Instant, Value
from core.domain.market import Offer
from core.domain.novita import Endpoint
from core.domain.order import Order, PastOrder, Verb
from core.domain.request import HOOK_VARIABLE, InstanceRequest, LeaseEnd

TYPICAL_TIME_TO_RUNNING = timedelta(minutes=3)
"""Novita publishes no figure; clients report 2 to 5 minutes (API.md, Time to run)."""


class Status(StrEnum):
    """Our reading of an instance's state; Novita's own word is kept beside it."""

    CREATING = "creating"
    STARTING = "starting"
    RUNNING = "running"
    STOPPING = "stopping"
    STOPPED = "stopped"
    DELETING = "deleting"
    DELETED = "deleted"
    FAILED = "failed"
    UNKNOWN = "unknown"


class StopReason(StrEnum):
    """Why an instance stands still, as far as is known."""

    ASKED = "asked"
    """Somebody asked the bot to."""
    LEASE = "lease"
    HUNG = "hung"
    """It did not come up, and nobody let it go on."""
    RECLAIMED = "reclaimed"
    """Spot, and Novita says that it takes the GPU back, or has taken it."""
    PROBABLY_RECLAIMED = "probably_reclaimed"
    """Spot, and nobody used the bot to stop it: Novita does not always announce that it takes a GPU back."""
    ELSEWHERE = "elsewhere"
    """Not asked of the bot: stopped in Novita's console, or its main program ended."""


class Origin(StrEnum):
    """How an instance came onto its record."""

    ASKED = "asked"
    """Somebody asked this bot for it."""
    LOST = "lost"
    """Found at Novita under a name of this bot's, and on no record: Redis had lost it."""
    SECOND = "second"
    """Found at Novita under a name that another instance has: cloned in the console, or made double by Novita."""
    CONSOLE = "console"
    """Made outside this bot, and taken in by an admin."""


class AtEnd(Value):
    """What an instance had when it was taken for deleted: it gets that back when it is seen again."""

    status: Status
    novita_status: str = ""
    order: Order | None = None
    lease_ends_at: Instant | None = None
    reminded: tuple[int, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    billed: tuple[Billed, ...] = ()


class Billed(Value):
    """A stretch of time that Novita charges compute for; `until` is None while it lasts (API.md, Billing)."""

    since: Instant
    until: Instant | None = None


class Instance(Value):
    """The record of one instance from the intent to create it to its end."""

    id: str
    version: int = 0
    request_key: str
    fingerprint: str = ""
    """Tells apart requests that came under the same key, where the key was the asker's own choice."""
    request_id: str = ""
    """Under which the logs tell how it was asked for."""
    request: InstanceRequest
    env_names: tuple[str, ...] = ()
    """Of the variables that were asked for; the bot's own is not among them."""
    template_env_names: tuple[str, ...] = ()
    """Of the variables that its template brings."""
    hook_digest: str = ""
    """SHA-256 of the secret part of the address for its own reports; empty when it was given none."""
    reports_left_out: int = 0
    """How many of its own reports came too fast to be shown, and have been summed up in its thread."""
    template_name: str = ""
    """What people call the template; empty when it was not at hand."""
    unlisted_region: str = ""
    """The region that was asked for, if Novita did not list it then: it was tried elsewhere."""
    owner: Actor
    """NOBODY while it is not known."""
    origin: Origin = Origin.ASKED
    is_left_alone: bool = False
    """Whether an admin has seen that nobody owns it, and let it be."""
    listed_name: str = ""
    """Its name at Novita where that is another than the bot gives: it was found there."""
    status: Status = Status.CREATING
    novita_status: str = ""
    novita_id: str | None = None
    offer: Offer | None = None
    """The offer in use, or being tried."""
    launcher: str = ""
    """Id of the process that carries out the launch."""
    attempts: tuple[Attempt, ...] = ()
    failure: Failure | None = None
    in_doubt_since: Instant | None = None
    """Set while it is not known whether Novita made the instance: an answer was lost, or the launching process died."""
    fault: Failure | None = None
    """What Novita reports of it beside its state, while it does: a defect, planned maintenance."""
    faults_told: tuple[str, ...] = ()
    """The faults and strange states that people were told of since it last came up."""
    missing_since: Instant | None = None
    """Set while Novita does not show it: the look that missed it first."""
    missed_at: Instant | None = None
    """The last look that missed it."""
    missed_for: timedelta = timedelta()
    """For how long looks have missed it, as far as they saw that themselves."""
    at_end: AtEnd | None = None
    """What it had when it was taken for deleted, in case that it is seen again."""
    slow_notices: int = 0
    starting_since: Instant | None = None
    """When it began to come up; None while it does not."""
    start_ends_at: Instant | None = None
    """When it is stopped or deleted for not coming up, unless somebody lets it go on; set when its owner is asked."""
    order: Order | None = None
    last_order: PastOrder | None = None
    """The last order that is over."""
    lease_ends_at: Instant | None = None
    """Set when it comes up, moved by an extension; None while it does not run, and for no end."""
    lease_set_at: Instant | None = None
    """When the present end of the lease was set by an extension; None while it is counted from running."""
    past_in_doubt: bool = False
    """Whether people may have been told of another end of its lease than is written here: they are asked first."""
    asked_at: Instant | None = None
    """When they were asked whether it is to go on; its lease ends when the time for an answer is over."""
    reminded: tuple[int, ...] = ()
    """The reminders, in minutes before the lease's end, that were given for the present end."""
    stopped_at: Instant | None = None
    stopped_because: StopReason | None = None
    """Why it stands still; None while it does not, and where that was not noted."""
    stopped_reminders: int = 0
    """How many weekly reminders a stopped instance has had."""
    data_until: Instant | None = None
    """When Novita deletes the data of a stopped instance."""
    spot_noticed: bool = False
    """Whether Novita has said that it takes a spot instance back; cleared when it comes up anew."""
    spot_reclaim_at: Instant | None = None
    """When that will be, if Novita said."""
    billed: tuple[Billed, ...] = ()
    endpoints: tuple[Endpoint, ...] = ()
    endpoints_known: bool = False
    """Whether Novita was asked for them since it came up; an instance may have none."""
    created_at: Instant
    launched_at: Instant | None = None
    """When Novita said yes."""
    running_at: Instant | None = None
    """When it last came up."""
    run: Instant | None = None
    """Novita's own stamp of when it last came up, which tells one run from another; None where it has not said."""
    ended_at: Instant | None = None

    @property
    def novita_name(self) -> str:
        """The name at Novita: unique through the record's id, because Novita's names are not."""
        return self.listed_name or f"{self.request.name}-{self.id}"

    @property
    def lease_end(self) -> LeaseEnd:
        """What happens at the end of its lease. What may be known no longer is never deleted by itself."""
        return LeaseEnd.STOP if self.past_in_doubt else self.request.lease_end

    @property
    def has_person(self) -> bool:
        """Whether a person owns it, who can be asked and told: a program reads nothing."""
        return self.owner not in (PROGRAM, NOBODY)

    @property
    def is_stray(self) -> bool:
        """Whether it costs money, and nobody owns it."""
        return self.owner == NOBODY and not self.has_ended

    @property
    def secret_names(self) -> frozenset[str]:
        """The variables on it, whose values must never be told."""
        return frozenset({*self.env_names, *self.template_env_names, HOOK_VARIABLE})

    @property
    def is_launching(self) -> bool:
        """Whether it is not yet known to exist at Novita."""
        return self.status is Status.CREATING and self.novita_id is None

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it is left at Novita, as far as is known."""
        return self.status is Status.DELETED or (self.status is Status.FAILED and self.novita_id is None)

    @property
    def order_to_end(self) -> bool:
        """Whether it is to be stopped or deleted already."""
        return self.order is not None and self.order.verb in (Verb.STOP, Verb.DELETE)

    @property
    def hourly_price(self) -> Decimal | None:
        """USD per hour for all its GPUs."""
        return self.offer.price * self.request.gpu_num if self.offer else None

    @property
    def estimated_ready_at(self) -> datetime | None:
        if self.running_at is not None:
            return self.running_at
        return self.launched_at + TYPICAL_TIME_TO_RUNNING if self.launched_at else None


AtEnd.model_rebuild()
Instance.model_rebuild()
