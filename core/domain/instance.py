"""The record of one instance: what was asked for, what is known of it, and what is to happen to it."""

from __future__ import annotations

from datetime import datetime, timedelta
from decimal import Decimal
from enum import StrEnum

from pydantic import Field

from core.domain.attempt import Attempt, Failure
from core.domain.base import NOBODY, PROGRAM, Actor, Instant, Value
from core.domain.market import Offer
from core.domain.novita import Endpoint
from core.domain.order import Order, PastOrder, Verb
from core.domain.request import HOOK_VARIABLE, InstanceRequest, LeaseEnd
from core.domain.unreadable import Unreadable

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


class Intent(Value):
    """How it came onto its record: written once, with the record itself."""

    request_key: str
    fingerprint: str = ""
    """Tells apart requests that came under the same key, where the key was the asker's own choice."""
    request_id: str = ""
    """Under which the logs tell how it was asked for."""
    origin: Origin = Origin.ASKED
    env_names: tuple[str, ...] = ()
    """Of the variables that were asked for; the bot's own is not among them."""
    template_name: str = ""
    """What people call the template; empty when it was not at hand."""
    template_env_names: tuple[str, ...] = ()
    """Of the variables that its template brings."""
    unlisted_region: str = ""
    """The region that was asked for, if Novita did not list it then: it was tried elsewhere."""


class Launch(Value):
    """How it is made: written by the process that launches it, then by whoever finds it at Novita."""

    process: str = ""
    """Id of the process that carries out the launch."""
    offer: Offer | None = None
    """The offer in use, or being tried."""
    attempts: tuple[Attempt, ...] = ()
    in_doubt_since: Instant | None = None
    """Set while it is not known whether Novita made the instance: an answer was lost, or the launching process died."""
    accepted_at: Instant | None = None
    """When Novita said yes."""


class Remote(Value):
    """What Novita shows of it: written by whoever looks."""

    id: str | None = None
    """Novita's own id; None while it is not known to be there."""
    status: str = ""
    """Novita's own word."""
    listed_name: str = ""
    """Its name at Novita where that is another than the bot gives: it was found there."""
    endpoints: tuple[Endpoint, ...] = ()
    endpoints_known: bool = False
    """Whether Novita was asked for them since it came up; an instance may have none."""
    run: Instant | None = None
    """Novita's own stamp of when it last came up, which tells one run from another; None where it has not said."""


class Faults(Value):
    """What Novita reports of it beside its state; begun anew when it comes up."""

    present: Failure | None = None
    """What is reported now: a defect, planned maintenance."""
    told: tuple[str, ...] = ()
    """The faults and strange states that people were told of since it last came up."""


class Absence(Value):
    """How long Novita has not shown it; over when it is seen."""

    since: Instant | None = None
    """The look that missed it first."""
    missed_at: Instant | None = None
    """The last look that missed it."""
    missed_for: timedelta = timedelta()
    """For how long looks have missed it, as far as they saw that themselves."""


class Startup(Value):
    """How it comes up, as long as it does; over when it runs or stands still."""

    since: Instant | None = None
    """When it began to come up."""
    ends_at: Instant | None = None
    """When it is stopped or deleted for not coming up, unless somebody lets it go on; set when its owner is asked."""
    notices: int = 0
    """How often people were told that it takes long."""


class Lease(Value):
    """The lease of the present run; over when it stands still."""

    ends_at: Instant | None = None
    """Set when it comes up, moved by an extension; None while it does not run, and for no end."""
    set_at: Instant | None = None
    """When the present end was set by an extension; None while it is counted from running."""
    asked_at: Instant | None = None
    """When people were asked whether it is to go on; the lease ends when the time for an answer is over."""
    reminded: tuple[int, ...] = ()
    """The reminders, in minutes before the end, that were given for the present end."""


class Standstill(Value):
    """How it stands still, as long as it does; over when it runs."""

    since: Instant | None = None
    reason: StopReason | None = None
    """Why; None where that was not noted."""
    reminders: int = 0
    """How many weekly reminders its owner has had."""
    data_until: Instant | None = None
    """When Novita deletes its data."""


class Spot(Value):
    """That Novita takes a spot instance back; begun anew when it comes up."""

    noticed: bool = False
    """Whether Novita has said so."""
    reclaim_at: Instant | None = None
    """When that will be, if Novita said."""


class Hook(Value):
    """The address at which its machine may report: written by whoever gives it, and counts what comes there."""

    digest: str = ""
    """SHA-256 of the address's secret part; empty when it was given none."""
    left_out: int = 0
    """How many of its own reports came too fast to be shown, and have been summed up in its thread."""


class Billed(Value):
    """A stretch of time that Novita charges compute for; `until` is None while it lasts (API.md, Billing)."""

    since: Instant
    until: Instant | None = None


class AtEnd(Value):
    """What an instance had when it was taken for deleted: it gets that back when it is seen again."""

    status: Status
    remote: Remote
    order: Order | None = None
    lease: Lease = Lease()
    billed: tuple[Billed, ...] = ()


class Instance(Value):
    """The record of one instance from the intent to create it to its end.

    What one hand writes, and one change of state ends, stands in a group: a change replaces the group as a whole, so
    that nothing of the old one is left over.
    """

    id: str
    version: int = 0
    intent: Intent
    request: InstanceRequest
    owner: Actor
    """NOBODY while it is not known."""
    is_left_alone: bool = False
    """Whether an admin has seen that nobody owns it, and let it be."""
    past_in_doubt: bool = False
    """Whether people may have been told of another end of its lease than is written here: they are asked first."""
    status: Status = Status.CREATING
    failure: Failure | None = None
    """Why it is `failed`."""
    launch: Launch = Launch()
    remote: Remote = Remote()
    faults: Faults = Faults()
    absence: Absence = Absence()
    startup: Startup = Startup()
    order: Order | None = None
    last_order: PastOrder | None = None
    """The last order that is over."""
    lease: Lease = Lease()
    standstill: Standstill = Standstill()
    spot: Spot = Spot()
    hook: Hook = Hook()
    billed: tuple[Billed, ...] = ()
    created_at: Instant
    running_at: Instant | None = None
    """When it last came up."""
    ended_at: Instant | None = None
    at_end: AtEnd | None = None
    """What it had when it was taken for deleted, in case that it is seen again."""
    unreadable: Unreadable | None = Field(default=None, exclude=True)
    """Set where this only stands in for a record that cannot be read; never written."""

    @property
    def novita_name(self) -> str:
        """The name at Novita: unique through the record's id, because Novita's names are not."""
        return self.remote.listed_name or f"{self.request.name}-{self.id}"

    @property
    def after_lease(self) -> LeaseEnd:
        """What happens at the end of its lease. What may be known no longer is never deleted by itself."""
        return LeaseEnd.STOP if self.past_in_doubt else self.request.lease_end

    @property
    def has_person(self) -> bool:
        """Whether a person owns it, who can be asked and told: a program reads nothing."""
        return self.owner not in (PROGRAM, NOBODY)

    @property
    def is_stray(self) -> bool:
        """Whether it costs money, and nobody owns it."""
        return self.owner == NOBODY and not self.has_ended and self.unreadable is None

    @property
    def secret_names(self) -> frozenset[str]:
        """The variables on it, whose values must never be told."""
        return frozenset({*self.intent.env_names, *self.intent.template_env_names, HOOK_VARIABLE})

    @property
    def is_launching(self) -> bool:
        """Whether it is not yet known to exist at Novita."""
        return self.status is Status.CREATING and self.remote.id is None

    @property
    def has_ended(self) -> bool:
        """Whether nothing of it is left at Novita, as far as is known."""
        return self.status is Status.DELETED or (self.status is Status.FAILED and self.remote.id is None)

    @property
    def order_to_end(self) -> bool:
        """Whether it is to be stopped or deleted already."""
        return self.order is not None and self.order.verb.is_ending

    def order_to(self, verb: Verb) -> Order | None:
        """The order under way, if it is one to do this."""
        return self.order if self.order is not None and self.order.verb is verb else None

    @property
    def hourly_price(self) -> Decimal | None:
        """USD per hour for all its GPUs."""
        return self.launch.offer.price * self.request.gpu_num if self.launch.offer else None

    @property
    def estimated_ready_at(self) -> datetime | None:
        if self.running_at is not None:
            return self.running_at
        accepted_at = self.launch.accepted_at
        return accepted_at + TYPICAL_TIME_TO_RUNNING if accepted_at else None
