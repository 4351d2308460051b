"""A served make-believe Novita, the real client before it, and the request that both are tried with."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal

from pydantic import SecretStr

from bot.sandbox.novita import SandboxNovita
from bot.sandbox.novita.server import DEFAULT_API_KEY
from core.adapters.novita import NovitaClient, Timeouts
from core.domain.base import BillingMode
from core.domain.market import Offer, Region, Stock
from core.domain.request import InstanceRequest
from core.domain.template import Template

HONG_KONG = Region(id="cn-hongkong-1", name="CN-HK-01", place="Hong Kong")
PRIVATE_TEMPLATE = "107672"
IMPATIENT = Timeouts(read=timedelta(seconds=1), create=timedelta(seconds=1))


class Clock:
    """Unix seconds that move when told."""

    def __init__(self, now: float = 1_764_547_300.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


@dataclass
class Meeting:
    """The two sides, and the shortest way to a create."""

    sandbox: SandboxNovita
    client: NovitaClient
    clock: Clock

    async def create(self, name: str = "box-1", template: Template | None = None, **changes: object) -> str:
        request = InstanceRequest.model_validate(REQUEST.model_dump() | changes)
        return await self.client.create(name, OFFER, request, template or IMAGE)

    def creates_sent(self) -> int:
        return len(self.sandbox.calls_of("create"))


OFFER = Offer(
    region=HONG_KONG,
    product_id="4090.16c62g",
    product_name="RTX 4090 24GB",
    price=Decimal("0.18"),
    billing_mode=BillingMode.SPOT,
    stock=Stock.NORMAL,
)
REQUEST = InstanceRequest(name="box", product_name="RTX 4090 24GB", template_id="103")
IMAGE = Template(id="103", name="Ubuntu", channel="official", image="docker.io/ubuntu:22.04")


@asynccontextmanager
async def meeting(
    *, timeouts: Timeouts | None = None, api_key: str = DEFAULT_API_KEY, page_base: int = 1, boot_seconds: float = 10
) -> AsyncIterator[Meeting]:
    clock = Clock()
    sandbox = SandboxNovita(clock=clock, page_base=page_base, boot_seconds=boot_seconds)
    client = NovitaClient(await sandbox.start(), SecretStr(api_key), timeouts=timeouts)
    try:
        yield Meeting(sandbox, client, clock)
    finally:
        await client.aclose()
        await sandbox.stop()
