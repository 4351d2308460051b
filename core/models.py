"""The value types that every part speaks in: requests, offers, attempts, instances.

Durations are timedelta, instants are aware UTC datetimes, money is Decimal USD. Channel, user and team are opaque
strings: core does not know that they are Slack's.
"""

from __future__ import annotations

import hashlib
import secrets
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import StrEnum
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, PlainSerializer, SecretStr
from pydantic.alias_generators import to_camel

NAME_PATTERN = r"^[A-Za-z0-9_-]{1,100}$"
GPU_NUM_LIMIT = 8
DISK_MIN_GB, DISK_MAX_GB, DISK_DEFAULT_GB = 10, 6144, 60
"""Container disk in GB (API.md, Creating); 60 GB are free."""

ENV_LIMIT = 100
"""Environment variables that Novita takes (API.md, Creating)."""

HOOK_VARIABLE = "GPU_BOT_HOOK"
"""The environment variable that gives an instance the address for its own reports (core.reports)."""

TYPICAL_TIME_TO_RUNNING = timedelta(minutes=3)
"""Novita publishes no figure; clients report 2 to 5 minutes (API.md, Time to run)."""

_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_ID_LENGTH = 10


def _require_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_require_utc)]

Usd = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
"""An amount of US dollars, in JSON a number."""


class Value(BaseModel):
    """An immutable value; a change is a copy."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class BillingMode(StrEnum):
    """Novita's words for how an instance is paid."""

    SPOT = "spot"
    ON_DEMAND = "onDemand"


class Stock(StrEnum):
    """Novita's `inventoryState`: a hint, never a promise (API.md, Products)."""

    NONE = "none"
    LOW = "low"
    NORMAL = "normal"
    HIGH = "high"
    UNKNOWN = "unknown"


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


class LeaseEnd(StrEnum):
    """What happens to an instance when its lease is over."""

    STOP = "stop"
    """Compute is no longer paid; the data is kept for a while, and its disk may cost."""
    DELETE = "delete"


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


class Verb(StrEnum):
    """What can be asked of Novita about an instance that exists."""

    START = "start"
    STOP = "stop"
    RESTART = "restart"
    DELETE = "delete"


class Cause(StrEnum):
    """Who or what wants an order.

    One more is a line here, one in StopReason if it can stop an instance, and its words (bot/words.py).
    """

    PERSON = "person"
    PROGRAM = "program"
    """Whoever holds the API token."""
    LEASE = "lease"
    """It is over."""
    HUNG = "hung"
    """It does not come up, and nobody lets it go on."""

    @property
    def is_asked(self) -> bool:
        """Whether somebody asked, who is the order's `actor`; with any other cause the bot does it by itself."""
        return self in (Cause.PERSON, Cause.PROGRAM)


class Actor(Value):
    """Who asks. `user` and `team` are opaque ids."""

    user: str
    team: str = ""

    @property
    def cause(self) -> Cause:
        """Of what this one asks for."""
        return Cause.PROGRAM if self == PROGRAM else Cause.PERSON


PROGRAM = Actor(user="api")
"""Whoever holds the API token. No id of Slack's looks like this."""

NOBODY = Actor(user="unknown")
"""The owner of an instance that nobody here is known to have asked for. No id of Slack's looks like this."""


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


class Region(Value):
    """A Novita cluster: `id` goes into a create, `name` is what people say (`CN-HK-01`), `place` adds `Hong Kong`."""

    id: str
    name: str
    place: str = ""


class Price(Value):
    """What one GPU of a product costs an hour under one billing mode, and how much of it there seems to be."""

    usd: Decimal
    stock: Stock


class Product(Value):
    """One product in one region. Prices and stock are that region's."""

    id: str
    name: str
    region: Region
    prices: dict[BillingMode, Price]
    cpu_per_gpu: int = 0
    memory_per_gpu: int = 0
    """Host RAM in GB, not VRAM, which Novita gives only inside the name."""
    min_disk: int = DISK_MIN_GB
    max_disk: int = DISK_MAX_GB


class Market(Value):
    """What Novita has for sale at one moment: its regions and the products in each."""

    as_of: Instant
    regions: tuple[Region, ...]
    products: tuple[Product, ...]

    def named(self, product_name: str) -> tuple[Product, ...]:
        return tuple(product for product in self.products if product.name == product_name)


class Port(Value):
    """A port to publish; `type` is `http` or `tcp`."""

    port: int
    type: str


class Tool(Value):
    """A tool that Novita starts beside the image, such as Jupyter."""

    name: str
    port: int
    type: str


class Template(Value):
    """A Novita template, everything a create needs of it. The values of `envs` are secrets."""

    id: str
    name: str
    channel: str
    image: str
    image_auth_id: str = ""
    command: str = ""
    entrypoint: str = ""
    rootfs_size: int = 0
    """GB; 0 when the template does not say."""
    ports: tuple[Port, ...] = ()
    tools: tuple[Tool, ...] = ()
    envs: dict[str, SecretStr] = Field(default_factory=dict, exclude=True)
    min_cuda_version: str = ""
    has_local_volumes: bool = False
    """Local volumes have no field in Novita's create (API.md, Templates): they are left out, and people are told."""


class InstanceRequest(Value):
    """What a person asks for. Environment values live in memory only: they are never written with the request."""

    name: str = Field(pattern=NAME_PATTERN)
    product_name: str
    template_id: str
    gpu_num: int = Field(default=1, ge=1, le=GPU_NUM_LIMIT)
    rootfs_size: int = Field(default=DISK_DEFAULT_GB, ge=DISK_MIN_GB, le=DISK_MAX_GB)
    region: str | None = None
    """Preferred region's name; None for any."""
    billing_mode: BillingMode = BillingMode.SPOT
    lease: timedelta | None = None
    """How long it may run, counted from running; None for no end."""
    lease_end: LeaseEnd = LeaseEnd.STOP
    channel: str | None = None
    webhook_url: str | None = None
    envs: dict[str, SecretStr] = Field(default_factory=dict, exclude=True, repr=False)


class Offer(Value):
    """One way to meet a request: a product in a region at a price (USD per GPU-hour)."""

    region: Region
    product_id: str
    product_name: str
    price: Decimal
    billing_mode: BillingMode
    stock: Stock


class AttemptOutcome(StrEnum):
    CREATED = "created"
    REFUSED = "refused"
    """No room there: the next offer is tried."""
    REJECTED = "rejected"
    """No offer can help (bad input, money, key): the launch ends."""
    UNKNOWN = "unknown"
    """Novita may or may not have made it: it is looked for, nothing else is tried."""
    UNSENT = "unsent"
    """Novita was never reached: certainly nothing was made."""


class Attempt(Value):
    """One POST create, as it went. `price` is USD per GPU-hour."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    region: str
    product_id: str
    price: Usd
    outcome: AttemptOutcome
    reason: str = ""
    """Novita's machine-readable reason, or ours where Novita gave none."""
    message: str = ""
    milliseconds: int = 0


class Failure(Value):
    """Why a launch or an instance failed. `kind` sorts it for people's words, `message` is Novita's own."""

    kind: FailureKind
    reason: str = ""
    message: str = ""


class FailureKind(StrEnum):
    """What to do next differs by kind (API.md, Error reasons)."""

    NO_CAPACITY = "no_capacity"
    MONEY = "money"
    QUOTA = "quota"
    BAD_INPUT = "bad_input"
    ACCOUNT = "account"
    GATEWAY = "gateway"
    """Something in front of Novita said no: Novita has not seen the request, so nothing was made or changed."""
    PACE = "pace"
    UNREACHABLE = "unreachable"
    DEADLINE = "deadline"
    LOST = "lost"
    """Novita's answer was lost and no instance showed up under the name."""
    STORE = "store"
    """Redis went away between two attempts: without a record nothing more is tried."""
    INSTANCE = "instance"
    """Created, but it did not come up: image pull failed, crashed."""
    OTHER = "other"


class Endpoint(Value):
    """Where a port of an instance answers. Public to whoever has the address, so no secret."""

    port: int
    type: str
    url: str


class Order(Value):
    """What the bot has asked of Novita and not seen done yet."""

    verb: Verb
    cause: Cause
    actor: Actor | None = None
    """Who asked; None where the cause is nobody's wish."""
    at: Instant
    sent: int = 0
    """How often it was sent, or was to be."""
    taken: int = 0
    """How often Novita said yes to it."""
    failures: int = 0
    """How often in a row it could not be sent, or Novita refused; by it the pauses grow."""
    unanswered: int = 0
    """How often in a row no answer came."""
    failed: int = 0
    """How often in all it failed; people hear of the 1st, 2nd, 4th, 8th …"""
    posted_at: Instant | None = None
    """When a process last set out to send it. How that went is not known while `last_try_at` is not later."""
    run: Instant | None = None
    """Novita's own stamp of the run that was the last one known when it was given."""
    last_try_at: Instant | None = None
    again_at: Instant | None = None
    """Not before this: Novita asked to slow down."""
    trouble: str = ""
    """What stood in the way the last time, empty while nothing did."""
    in_doubt: bool = False
    """Whether it may be over, although it stands here: the store was put back to an older state since it was given."""
    is_stuck: bool = False
    """Whether people were told that it has stood for too long."""

    @property
    def was_taken(self) -> bool:
        """Whether Novita ever said yes to it. Orders from before that was counted tell it by their stamp."""
        return self.taken > 0 or (self.sent == 0 and self.last_try_at is not None and not self.trouble)

    @property
    def is_outcome_unknown(self) -> bool:
        """Whether somebody set out to send it, and nobody has written down how that went."""
        return self.posted_at is not None and (self.last_try_at is None or self.last_try_at < self.posted_at)

    def is_same(self, other: Order | None) -> bool:
        """Whether `other` is this very order, however far it has come."""
        return other is not None and (other.verb, other.at) == (self.verb, self.at)


class OrderOutcome(StrEnum):
    """What became of an order."""

    DONE = "done"
    FAILED = "failed"
    """Novita refused it, or it was given up; it is not tried again by itself."""
    SUPERSEDED = "superseded"
    """Another order took its place, or the instance was gone before it was done."""


class PastOrder(Value):
    """An order that is over, and what became of it."""

    verb: Verb
    cause: Cause
    actor: Actor | None = None
    """Who asked; None where the cause is nobody's wish."""
    at: Instant
    """When it was given."""
    outcome: OrderOutcome
    reason: str = ""
    """Novita's machine-readable reason for a refusal, or ours where Novita gave none; empty when it was done."""
    message: str = ""
    ended_at: Instant


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


class NovitaInstance(Value):
    """An instance as Novita shows it, without its secrets (API.md, One instance, Listing instances)."""

    id: str
    name: str
    status: str
    region: str = ""
    region_id: str = ""
    product_id: str = ""
    product_name: str = ""
    image: str = ""
    gpu_num: int = 0
    rootfs_size: int = 0
    """GB."""
    price: Decimal | None = None
    """USD per GPU-hour."""
    created_at: Instant | None = None
    error_state: str = ""
    error_message: str = ""
    endpoints: tuple[Endpoint, ...] = ()
    is_detailed: bool = False
    """Whether it was asked for by id: the listing has no endpoints."""
    billing_mode: str = ""
    started_at: Instant | None = None
    """When it last came up, or began to: Novita does not say which."""
    stopped_at: Instant | None = None
    spot_status: str = ""
    spot_reclaim_at: Instant | None = None
    data_until: Instant | None = None
    """When the data of a stopped instance is purged (Novita's `releaseDataAt`)."""


class Connection(Value):
    """How to reach an instance, read from Novita at the moment it is shown: secret, and never written down."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    ssh_command: str = ""
    ssh_password: SecretStr = SecretStr("")
    jupyter_url: str = ""
    web_terminal_url: str = ""
    instance_log_url: str = ""
    system_log_url: str = ""
    endpoints: tuple[Endpoint, ...] = ()


class CreateInstanceResponse(Value):
    """The answer to a create; in JSON its keys are camelCase. `spot_price` is USD per GPU-hour."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    instance_id: str
    novita_instance_id: str | None
    status: Status
    message: str
    product_id: str | None
    region: str | None
    spot_price: Usd | None
    estimated_ready_time: Instant | None
    attempts: tuple[Attempt, ...]


def age_order(novita: NovitaInstance) -> tuple[datetime, str]:
    """Sorts the oldest first; what Novita does not date comes last."""
    return novita.created_at or datetime.max.replace(tzinfo=UTC), novita.id


def new_id() -> str:
    """A fresh instance id: 10 letters and digits without look-alikes, 50 random bits."""
    return "".join(secrets.choice(_ID_ALPHABET) for _ in range(_ID_LENGTH))


def id_from(text: str) -> str:
    """The instance id that a text leads to: always the same one, 50 bits of its SHA-256."""
    number = int.from_bytes(hashlib.sha256(text.encode("utf-8", "surrogatepass")).digest())
    return "".join(_ID_ALPHABET[number >> 5 * place & 31] for place in range(_ID_LENGTH))


def is_own_id(text: str) -> bool:
    """Whether it looks like an id of this bot's: Novita's are longer."""
    return len(text) == _ID_LENGTH and set(text) <= set(_ID_ALPHABET)


def token_in(novita_name: str) -> str | None:
    """The instance id at the end of a Novita name, or None when the name is not one of ours."""
    _, dash, token = novita_name.rpartition("-")
    if not dash or len(token) != _ID_LENGTH or not set(token) <= set(_ID_ALPHABET):
        return None
    return token


Failure.model_rebuild()
AtEnd.model_rebuild()
Instance.model_rebuild()
