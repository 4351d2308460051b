"""The JSON that /api answers with: instances, offers, templates and errors, as they are drawn from core's values."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from bot.http.api.requests import RequestShown
from bot.http.api.shape import Shape
from core.domain.attempt import Attempt, FailureKind
from core.domain.base import BillingMode, Cause, Instant, Usd
from core.domain.instance import Status
from core.domain.market import Stock
from core.domain.order import OrderOutcome, Verb


class FieldProblem(Shape):
    """What is wrong with one field, under the name that the caller gave it."""

    field: str
    message: str


class LaunchDetails(Shape):
    """How a create came to nothing."""

    instance_id: str = Field(description="The record that tells of it.")
    reason: str = Field(description="Novita's word for its last refusal, or ours where Novita gave none.")
    novita_message: str = Field(description="Novita's own sentence, empty when it said nothing.")
    attempts: tuple[Attempt, ...] = Field(description="Each region that was tried, in order.")


class ErrorContent(Shape):
    """`code` is for programs, `message` for people."""

    code: str
    message: str
    details: tuple[FieldProblem, ...] | LaunchDetails | None = Field(
        description="The bad fields, or how a create came to nothing."
    )
    validation_errors: tuple[FieldProblem, ...] | None = Field(
        description="The bad fields again, where clients of novita-ai-api look for them."
    )
    timestamp: Instant
    request_id: str = Field(description="Under which the bot's log tells of it; `X-Request-Id` of the answer.")


class ErrorAnswer(Shape):
    """Every error under /api."""

    error: ErrorContent


class Source(StrEnum):
    """Where an instance is known from."""

    BOT = "bot"
    """It is on a record of the bot's."""
    NOVITA = "novita"
    """It is only at Novita, made by others than the bot, who leaves it alone."""


class PortMapping(Shape):
    """Where a port of an instance answers."""

    port: int
    type: str
    endpoint: str


class _OrderAsked(Shape):
    verb: Verb
    cause: Cause = Field(
        description="Who or what wanted it: a `person`, a `program` through this API, the end of its `lease`, or, of "
        "one that is `hung`, that it did not come up and nobody let it go on. More may come."
    )
    requested_by: str | None = Field(description="Of a person or program: an owner as in `owner`. Else null.")
    requested_at: Instant


class OrderShown(_OrderAsked):
    """What was asked of Novita and has not been seen done yet."""

    tries: int = Field(description="How often Novita was asked.")
    trouble: str = Field(description="What stood in the way the last time, empty while nothing did.")


class LastOrderShown(_OrderAsked):
    """The last order that is over, and what became of it."""

    outcome: OrderOutcome = Field(
        description="`done`; `failed` when Novita refused it, or it was given up; `superseded` when another order took "
        "its place, or the instance was gone before."
    )
    reason: str = Field(description="Novita's word for its refusal, or ours where Novita gave none.")
    message: str = Field(description="What Novita said about that, empty when it said nothing.")
    ended_at: Instant


class FailureShown(Shape):
    """Why a launch or an instance failed."""

    kind: FailureKind
    reason: str
    message: str


class InstanceShown(RequestShown):
    """An instance, from the intent to create it to 30 days after its end."""

    id: str
    instance_id: str = Field(description="The same as `id`.")
    novita_instance_id: str | None
    source: Source = Field(
        description="`novita` for what is on no record of the bot's: it is shown, and takes no orders."
    )
    owner: str = Field(description="The Slack id of a person, `api`, or `unknown`.")
    status: Status
    novita_status: str = Field(description="Novita's own word, empty while it has said none.")
    product_id: str | None
    template_name: str = Field(description="Empty when it is not known.")
    region: str | None = Field(description="Where it is or is being tried.")
    spot_price: Usd | None = Field(description="USD per GPU and hour, under its billing mode.")
    price_per_hour: Usd | None = Field(description="USD per hour for all its GPUs.")
    cost_so_far: Usd = Field(description="USD of compute and disk as observed, an estimate.")
    lease_seconds: float | None = Field(description="How long it may run once it is up; null for no end.")
    lease_ends_at: Instant | None = Field(description="Null while it does not run, and for no end.")
    start_ends_at: Instant | None = Field(
        description="When it is stopped or deleted because it does not come up, unless its lease is extended."
    )
    env_names: tuple[str, ...] = Field(description="The variables that were set; their values are stored nowhere.")
    port_mappings: tuple[PortMapping, ...]
    order: OrderShown | None
    last_order: LastOrderShown | None
    attempts: tuple[Attempt, ...]
    failure: FailureShown | None
    fault: FailureShown | None = Field(description="What Novita reports beside its state, while it does.")
    created_at: Instant | None = Field(
        description="When it was asked for; null where `source` is `novita` and Novita does not say."
    )
    launched_at: Instant | None = Field(description="When Novita said yes.")
    estimated_ready_time: Instant | None
    ready_at: Instant | None = Field(description="When it last came up.")
    started_at: Instant | None = Field(description="The same as `readyAt`, as is `lastStartedAt`.")
    last_started_at: Instant | None
    stopped_at: Instant | None = Field(description="Null while it runs.")
    last_stopped_at: Instant | None = Field(description="The same as `stoppedAt`.")
    data_until: Instant | None = Field(description="When Novita deletes the data of a stopped instance.")
    spot_reclaim_at: Instant | None = Field(description="When Novita takes it back, if it has said so.")
    ended_at: Instant | None


class OrderAnswer(InstanceShown):
    """The instance that an order was given to, and what that led to."""

    message: str = Field(description="What comes of it, as a sentence.")
    operation_id: str = Field(description="The order's: the same for all who ask for the same while it is under way.")


class UseAnswer(InstanceShown):
    """The instance that was said to be in use."""

    message: str = Field(description="What that did to its lease, as a sentence.")
    last_used_at: Instant = Field(description="The moment of this request. It is kept nowhere.")


class ConnectionShown(Shape):
    """How to reach an instance: secret, read from Novita for this answer and kept nowhere. Empty: there is none."""

    instance_id: str
    ssh: str = Field(description="The command.", repr=False)
    ssh_password: str = Field(repr=False)
    jupyter: str = Field(description="An address that lets in whoever has it, as the next three.", repr=False)
    web_terminal: str = Field(repr=False)
    instance_log: str = Field(repr=False)
    system_log: str = Field(repr=False)
    port_mappings: tuple[PortMapping, ...] = Field(repr=False)


class InstanceList(Shape):
    """A page of instances, newest first."""

    instances: tuple[InstanceShown, ...]
    total: int = Field(description="How many fit the filter, on all pages together.")
    next_cursor: str | None = Field(description="`cursor` of the next page; null on the last.")


class OfferShown(Shape):
    """A GPU in a region under one billing mode."""

    product_name: str
    product_id: str
    region: str
    place: str
    billing_mode: BillingMode
    price: Usd = Field(description="USD per GPU and hour.")
    stock: Stock = Field(description="Novita's hint, never a promise.")
    cpu_per_gpu: int
    memory_per_gpu: int = Field(description="GB of the machine's memory, not the GPU's.")
    min_disk_gb: int = Field(alias="minRootfsSize")
    max_disk_gb: int = Field(alias="maxRootfsSize")


class OfferList(Shape):
    """What Novita sells, cheapest first."""

    offers: tuple[OfferShown, ...]
    total: int
    as_of: Instant


class PortShown(Shape):
    port: int
    type: str


class TemplateShown(Shape):
    """What can be put on an instance. The values of its variables are secret."""

    id: str
    name: str
    channel: str = Field(description="`official`, or `private` for the account's own.")
    image: str
    ports: tuple[PortShown, ...]


class TemplateList(Shape):
    """Templates, the account's own first."""

    templates: tuple[TemplateShown, ...]
    total: int
