"""The JSON that /api answers with: instances, offers, templates and errors, as they are drawn from core's values."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

from core import costs
from core.durations import duration_words
from core.models import (
    Attempt,
    BillingMode,
    Cause,
    Connection,
    Endpoint,
    Failure,
    FailureKind,
    Instance,
    InstanceRequest,
    Instant,
    LeaseEnd,
    Market,
    Order,
    OrderOutcome,
    PastOrder,
    Port,
    Price,
    Product,
    Status,
    Stock,
    Template,
    Usd,
    Verb,
)
from core.store import KEEP_ENDED
from core.transitions import can_wait

ENDED_KEPT = duration_words(KEEP_ENDED)
"""How long an instance that has ended is still told of."""


class Shape(BaseModel):
    """One JSON object; its keys are camelCase."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)


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


class OrderShown(Shape):
    """What was asked of Novita and has not been seen done yet."""

    verb: Verb
    cause: Cause = Field(
        description="Who or what wanted it: a `person`, a `program` through this API, the end of its `lease`, or, of "
        "one that is `hung`, that it did not come up and nobody let it go on. More may come."
    )
    requested_by: str | None = Field(description="Of a person or program: an owner as in `owner`. Else null.")
    requested_at: Instant
    tries: int = Field(description="How often Novita was asked.")
    trouble: str = Field(description="What stood in the way the last time, empty while nothing did.")


class LastOrderShown(Shape):
    """The last order that is over, and what became of it."""

    verb: Verb
    cause: Cause = Field(
        description="Who or what wanted it: a `person`, a `program` through this API, the end of its `lease`, or, of "
        "one that is `hung`, that it did not come up and nobody let it go on. More may come."
    )
    requested_by: str | None = Field(description="Of a person or program: an owner as in `owner`. Else null.")
    requested_at: Instant
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


class InstanceShown(Shape):
    """An instance, from the intent to create it to 30 days after its end."""

    id: str
    instance_id: str = Field(description="The same as `id`.")
    novita_instance_id: str | None
    source: Source = Field(
        description="`novita` for what is on no record of the bot's: it is shown, and takes no orders."
    )
    name: str
    owner: str = Field(description="The Slack id of a person, `api`, or `unknown`.")
    status: Status
    novita_status: str = Field(description="Novita's own word, empty while it has said none.")
    product_name: str
    product_id: str | None
    gpu_num: int
    rootfs_size: int = Field(description="GB.")
    template_id: str
    template_name: str = Field(description="Empty when it is not known.")
    region: str | None = Field(description="Where it is or is being tried.")
    billing_mode: BillingMode
    spot_price: Usd | None = Field(description="USD per GPU and hour, under its billing mode.")
    price_per_hour: Usd | None = Field(description="USD per hour for all its GPUs.")
    cost_so_far: Usd = Field(description="USD of compute and disk as observed, an estimate.")
    lease_seconds: float | None = Field(description="How long it may run once it is up; null for no end.")
    lease_end: LeaseEnd = Field(description="What happens at the end of the lease.")
    lease_ends_at: Instant | None = Field(description="Null while it does not run, and for no end.")
    start_ends_at: Instant | None = Field(
        description="When it is stopped or deleted because it does not come up, unless its lease is extended."
    )
    channel: str | None
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
    min_rootfs_size: int
    max_rootfs_size: int


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


def shown(instance: Instance, now: datetime) -> InstanceShown:
    """An instance as whoever holds the token sees it; nothing in it is secret."""
    return InstanceShown(
        id=instance.id,
        instance_id=instance.id,
        novita_instance_id=instance.novita_id,
        source=Source.BOT,
        owner=instance.owner.user,
        status=instance.status,
        novita_status=instance.novita_status,
        template_name=instance.template_name,
        cost_so_far=round(costs.so_far(instance, now), 6),
        env_names=instance.env_names,
        port_mappings=_ports(instance.endpoints),
        order=_order(instance.order),
        last_order=_last_order(instance.last_order),
        attempts=instance.attempts,
        failure=_failure(instance.failure),
        fault=_failure(instance.fault),
        **_wished(instance.request),
        **_offered(instance),
        **_moments(instance),
    )


def order_answer(instance: Instance, now: datetime, verb: Verb, message: str) -> OrderAnswer:
    order = instance.order
    when = f"-{order.at.timestamp() * 1000:.0f}" if order is not None and order.verb is verb else ""
    return OrderAnswer(**dict(shown(instance, now)), message=message, operation_id=f"{verb.value}-{instance.id}{when}")


def use_answer(instance: Instance, now: datetime, message: str) -> UseAnswer:
    return UseAnswer(**dict(shown(instance, now)), message=message, last_used_at=now)


def connection_shown(instance: Instance, found: Connection) -> ConnectionShown:
    return ConnectionShown(
        instance_id=instance.id,
        ssh=found.ssh_command,
        ssh_password=found.ssh_password.get_secret_value(),
        jupyter=found.jupyter_url,
        web_terminal=found.web_terminal_url,
        instance_log=found.instance_log_url,
        system_log=found.system_log_url,
        port_mappings=_ports(found.endpoints),
    )


def _ports(endpoints: Iterable[Endpoint]) -> tuple[PortMapping, ...]:
    return tuple(PortMapping(port=each.port, type=each.type, endpoint=each.url) for each in endpoints)


def _wished(request: InstanceRequest) -> dict[str, Any]:
    same = ("name", "product_name", "gpu_num", "rootfs_size", "template_id", "billing_mode", "lease_end", "channel")
    lease_seconds = request.lease.total_seconds() if request.lease else None
    return {**{field: getattr(request, field) for field in same}, "lease_seconds": lease_seconds}


def _offered(instance: Instance) -> dict[str, Any]:
    """Where and for how much; of what has no offer yet, where it was wished."""
    if (offer := instance.offer) is None:
        return {"product_id": None, "region": instance.request.region, "spot_price": None, "price_per_hour": None}
    return {
        "product_id": offer.product_id,
        "region": offer.region.name,
        "spot_price": offer.price,
        "price_per_hour": instance.hourly_price,
    }


def _moments(instance: Instance) -> dict[str, datetime | None]:
    same = ("created_at", "launched_at", "lease_ends_at", "stopped_at", "data_until", "spot_reclaim_at", "ended_at")
    started, stopped = ("ready_at", "started_at", "last_started_at"), ("last_stopped_at",)
    renamed = {
        "estimated_ready_time": instance.estimated_ready_at,
        **dict.fromkeys(started, instance.running_at),
        **dict.fromkeys(stopped, instance.stopped_at),
        "start_ends_at": instance.start_ends_at if can_wait(instance) else None,
    }
    return {**{field: getattr(instance, field) for field in same}, **renamed}


def _order(order: Order | None) -> OrderShown | None:
    if order is None:
        return None
    return OrderShown(
        verb=order.verb,
        cause=order.cause,
        requested_by=order.actor.user if order.actor else None,
        requested_at=order.at,
        tries=order.sent,
        trouble=order.trouble,
    )


def _last_order(order: PastOrder | None) -> LastOrderShown | None:
    if order is None:
        return None
    return LastOrderShown(
        verb=order.verb,
        cause=order.cause,
        requested_by=order.actor.user if order.actor else None,
        requested_at=order.at,
        outcome=order.outcome,
        reason=order.reason,
        message=order.message,
        ended_at=order.ended_at,
    )


def _failure(failure: Failure | None) -> FailureShown | None:
    if failure is None:
        return None
    return FailureShown(kind=failure.kind, reason=failure.reason, message=failure.message)


def offers_of(market: Market) -> list[OfferShown]:
    """Everything that is sold, product by region by billing mode."""
    return [_offer(product, mode, price) for product in market.products for mode, price in product.prices.items()]


def _offer(product: Product, mode: BillingMode, price: Price) -> OfferShown:
    return OfferShown(
        product_name=product.name,
        product_id=product.id,
        region=product.region.name,
        place=product.region.place,
        billing_mode=mode,
        price=price.usd,
        stock=price.stock,
        cpu_per_gpu=product.cpu_per_gpu,
        memory_per_gpu=product.memory_per_gpu,
        min_rootfs_size=product.min_disk,
        max_rootfs_size=product.max_disk,
    )


def template(template: Template) -> TemplateShown:
    return TemplateShown(
        id=template.id,
        name=template.name,
        channel=template.channel,
        image=template.image,
        ports=tuple(_port(port) for port in template.ports),
    )


def _port(port: Port) -> PortShown:
    return PortShown(port=port.port, type=port.type)
