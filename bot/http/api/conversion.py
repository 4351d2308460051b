"""From core's values to the JSON that /api answers with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from bot.http.api.requests import request_shown
from bot.http.api.schemas import (
    ConnectionShown,
    FailureShown,
    InstanceShown,
    LastOrderShown,
    OfferShown,
    OrderAnswer,
    OrderShown,
    PortMapping,
    PortShown,
    Source,
    TemplateShown,
    UseAnswer,
)
from core.domain import costs
from core.domain.attempt import Failure
from core.domain.base import BillingMode
from core.domain.instance import Instance
from core.domain.market import Market, Price, Product
from core.domain.novita import Connection, Endpoint
from core.domain.order import Order, PastOrder, Verb
from core.domain.template import Port, Template
from core.domain.transitions import can_wait


def shown(instance: Instance, now: datetime) -> InstanceShown:
    """An instance as whoever holds the token sees it; nothing in it is secret."""
    return InstanceShown(
        id=instance.id,
        instance_id=instance.id,
        novita_instance_id=instance.remote.id,
        source=Source.BOT,
        owner=instance.owner.user,
        status=instance.status,
        novita_status=instance.remote.status,
        template_name=instance.intent.template_name,
        cost_so_far=round(costs.so_far(instance, now), 6),
        env_names=instance.intent.env_names,
        port_mappings=_ports(instance.remote.endpoints),
        order=_order(instance.order),
        last_order=_last_order(instance.last_order),
        attempts=instance.launch.attempts,
        failure=_failure(instance.failure),
        fault=_failure(instance.faults.present),
        lease_seconds=lease.total_seconds() if (lease := instance.request.lease) else None,
        **request_shown(instance.request),
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


def _offered(instance: Instance) -> dict[str, Any]:
    """Where and for how much; of what has no offer yet, where it was wished."""
    if (offer := instance.launch.offer) is None:
        return {"product_id": None, "region": instance.request.region, "spot_price": None, "price_per_hour": None}
    return {
        "product_id": offer.product_id,
        "region": offer.region.name,
        "spot_price": offer.price,
        "price_per_hour": instance.hourly_price,
    }


def _moments(instance: Instance) -> dict[str, datetime | None]:
    return {
        "created_at": instance.created_at,
        "launched_at": instance.launch.accepted_at,
        "estimated_ready_time": instance.estimated_ready_at,
        **dict.fromkeys(("ready_at", "started_at", "last_started_at"), instance.running_at),
        "start_ends_at": instance.startup.ends_at if can_wait(instance) else None,
        "lease_ends_at": instance.lease.ends_at,
        **dict.fromkeys(("stopped_at", "last_stopped_at"), instance.standstill.since),
        "data_until": instance.standstill.data_until,
        "spot_reclaim_at": instance.spot.reclaim_at,
        "ended_at": instance.ended_at,
    }


def _order(order: Order | None) -> OrderShown | None:
    if order is None:
        return None
    return OrderShown(**_asked(order), tries=order.sent, trouble=order.trouble)


def _last_order(order: PastOrder | None) -> LastOrderShown | None:
    if order is None:
        return None
    return LastOrderShown(
        **_asked(order), outcome=order.outcome, reason=order.reason, message=order.message, ended_at=order.ended_at
    )


def _asked(order: Order | PastOrder) -> dict[str, Any]:
    """What is shown of an order whether or not it is over."""
    return {
        "verb": order.verb,
        "cause": order.cause,
        "requested_by": order.actor.user if order.actor else None,
        "requested_at": order.at,
    }


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
        min_disk_gb=product.min_disk,
        max_disk_gb=product.max_disk,
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
