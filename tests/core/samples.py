"""Small honest values for the tests of core."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

from pydantic import SecretStr

from core.adapters.redis.migrations import GROUPS
from core.domain.base import Actor, BillingMode
from core.domain.identity import new_id
from core.domain.instance import Instance, Intent, Launch
from core.domain.market import Market, Offer, Price, Product, Region, Stock
from core.domain.novita import NovitaInstance
from core.domain.policy import Policy
from core.domain.request import InstanceRequest
from core.domain.template import Template

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
ADA = Actor(user="U0ADA", team="T0HOME")
POLICY = Policy(home_team="T0HOME")
SECRET = "env-value-that-nobody-may-see"


class TurnedClock:
    """Time that the test turns by hand; a sleep moves it on."""

    def __init__(self, start: datetime = NOON) -> None:
        self.instant = start
        self.slept: list[timedelta] = []

    def now(self) -> datetime:
        return self.instant

    async def sleep(self, duration: timedelta) -> None:
        self.slept.append(duration)
        self.instant += duration
        await asyncio.sleep(0)

    def turn(self, **by: float) -> None:
        self.instant += timedelta(**by)


def region(name: str) -> Region:
    return Region(id=name.lower(), name=name)


def product(
    where: str,
    usd: str = "0.18",
    *,
    product_id: str = "4090.16c62g",
    name: str = "RTX 4090 24GB",
    stock: Stock = Stock.NORMAL,
    mode: BillingMode = BillingMode.SPOT,
    memory: int = 62,
    cpu: int = 16,
    max_disk: int = 300,
) -> Product:
    return Product(
        id=product_id,
        name=name,
        region=region(where),
        prices={mode: Price(usd=Decimal(usd), stock=stock)},
        memory_per_gpu=memory,
        cpu_per_gpu=cpu,
        max_disk=max_disk,
    )


def market(*products: Product) -> Market:
    regions = {entry.region.name: entry.region for entry in products}
    return Market(as_of=NOON, regions=tuple(regions.values()), products=products)


def request(**changes: object) -> InstanceRequest:
    base = InstanceRequest(
        name="train-1",
        product_name="RTX 4090 24GB",
        template_id="107672",
        channel="C0GPU",
        lease=timedelta(hours=8),
        envs={"TOKEN": SecretStr(SECRET)},
    )
    return base.model_copy(update=changes)


def offer(where: str = "CN-HK-01", usd: str = "0.18") -> Offer:
    return Offer(
        region=region(where),
        product_id="4090.16c62g",
        product_name="RTX 4090 24GB",
        price=Decimal(usd),
        billing_mode=BillingMode.SPOT,
        stock=Stock.NORMAL,
    )


def instance(**changes: object) -> Instance:
    """By the flat names of `record_with`."""
    fresh = Instance(
        id=new_id(),
        intent=Intent(request_key=f"view:{new_id()}", env_names=("TOKEN",)),
        request=request(),
        owner=ADA,
        launch=Launch(process="process-1", offer=offer()),
        created_at=NOON,
    )
    return record_with(fresh, **changes)


def record_with(record: Instance, **changes: Any) -> Instance:
    """The record with other values, each by the flat name that it had before there were groups: what stands in which
    group is none of a test's business."""
    grouped: dict[str, dict[str, Any]] = {}
    for group, names in GROUPS.items():
        moved = {new: changes.pop(old) for old, new in names.items() if old in changes}
        if moved:
            grouped[group] = getattr(record, group).model_copy(update=moved)
    return record.model_copy(update=grouped | changes)


def flat_value(record: Instance, name: str) -> Any:
    """What the record says by such a name."""
    places = {old: (group, new) for group, names in GROUPS.items() for old, new in names.items()}
    group, field = places.get(name, ("", name))
    return getattr(getattr(record, group) if group else record, field)


def template() -> Template:
    return Template(id="107672", name="comfy", channel="official", image="example.com/comfy:1")


def at_novita(record: Instance, status: str = "creating", **more: object) -> NovitaInstance:
    return NovitaInstance.model_validate({"id": "n-1", "name": record.novita_name, "status": status, **more})
