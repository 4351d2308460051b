"""The client of Novita's GPU instance API v1: one method per call, our models in and out."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import structlog
from pydantic import SecretStr

from core.adapters.novita import parse, serialize
from core.adapters.novita.paging import PAGE_SIZE, Page, Paging
from core.adapters.novita.transport import Query, Timeouts, Transport
from core.adapters.outbound import Outbound
from core.domain.base import BillingMode
from core.domain.clock import Sample
from core.domain.market import Offer, Product, Region
from core.domain.novita import Connection, NovitaInstance, age_order
from core.domain.request import InstanceRequest
from core.domain.template import Template
from core.domain.transitions.statuses import GONE_WORDS

ROOT = "/gpu-instance/openapi/v1"
BALANCE = "/openapi/v1/billing/balance/detail"
"""Not under the GPU root (API.md, Balance)."""

_log = structlog.get_logger(__name__)


class NovitaClient:
    """Novita as the rest of the program sees it. Every method raises NovitaErrors and nothing else.

    Reads are tried up to three times within a few seconds; whatever changes something is sent exactly once.
    """

    def __init__(
        self, base_url: str, api_key: SecretStr, *, timeouts: Timeouts | None = None, outbound: Outbound | None = None
    ) -> None:
        self._transport = Transport(base_url, api_key, timeouts or Timeouts(), outbound or Outbound({}))
        self._pagings: defaultdict[str, Paging] = defaultdict(Paging)
        """One for each listing, which need not count alike."""

    async def regions(self) -> list[Region]:
        """The clusters there are now (API.md, Clusters)."""
        return await self._transport.get(f"{ROOT}/clusters", parse.regions)

    async def products(self, region: Region, billing_mode: BillingMode, gpu_num: int = 1) -> list[Product]:
        """What `region` sells under `billing_mode`, sold-out products too; the stock is that of `gpu_num` at once."""
        query: Query = {"clusterId": region.id, "billingMethod": billing_mode.value, "gpuNum": gpu_num}
        return await self._transport.get(
            f"{ROOT}/products", lambda body: parse.products(body, region, billing_mode), query
        )

    async def templates(self, channel: str) -> list[Template]:
        """All templates of a channel, `official` or `private` (API.md, Templates)."""
        mine = "true" if channel == "private" else "false"

        async def page(number: int) -> Page[Template]:
            query: Query = {
                "channel": channel,
                "isMyCommunity": mine,
                "pageSize": PAGE_SIZE,
                "pageNum": number,
            }
            return await self._transport.get(f"{ROOT}/templates", parse.templates, query)

        return await self._pagings[f"templates {channel}"].every(page)

    async def template(self, template_id: str) -> Template:
        """One template. Raises NotFound when there is none."""
        return await self._transport.get(f"{ROOT}/template", parse.template, {"templateId": template_id})

    async def create(self, name: str, offer: Offer, request: InstanceRequest, template: Template) -> str:
        """Make an instance and return Novita's id for it: one POST, whatever happens (API.md, Lost answers).

        Raises NovitaUnsent when it certainly was not made, NovitaUnclear when it may have been, NovitaRefused
        (NoCapacity, RateLimited, ...) when Novita said no.
        """
        body = serialize.create_body(name, offer, request, template)
        secrets = [value.get_secret_value() for value in serialize.merged_envs(template, request).values()]
        return await self._transport.create(f"{ROOT}/gpu/instance/create", body, parse.created_id, secrets)

    async def find(self, name: str) -> NovitaInstance | None:
        """The oldest instance of exactly this name, or None. Novita's filter is fuzzy, its names are not unique."""
        listed = await self._listed({"name": name})
        found = [instance for instance in listed if instance.name == name and instance.status not in GONE_WORDS]
        if len(found) > 1:
            _log.warning("novita_name_not_unique", name=name, ids=[instance.id for instance in found])
        return min(found, key=age_order, default=None)

    async def instances(self) -> list[NovitaInstance]:
        """Every instance of the account, without endpoints (API.md, Listing instances)."""
        return await self._listed({})

    async def instance(self, novita_id: str) -> NovitaInstance:
        """One instance, with its endpoints (API.md, One instance). Raises NotFound when it is gone."""
        return await self._transport.get(f"{ROOT}/gpu/instance", parse.instance, {"instanceId": novita_id})

    async def start(self, novita_id: str) -> None:
        """Start a stopped instance. Raises NoCapacity when its GPU is taken (API.md, Orders)."""
        await self._act("start", novita_id)

    async def connection(self, novita_id: str) -> Connection:
        """How to reach an instance, as it is now: port and password change with every start. Raises NotFound."""
        return await self._transport.get(f"{ROOT}/gpu/instance", parse.connection, {"instanceId": novita_id})

    async def stop(self, novita_id: str) -> None:
        """Stop a running instance."""
        await self._act("stop", novita_id)

    async def restart(self, novita_id: str) -> None:
        """Restart a running instance."""
        await self._act("restart", novita_id)

    async def delete(self, novita_id: str) -> None:
        """Delete an instance and its data, in any state. Raises NotFound when it is already gone."""
        await self._act("delete", novita_id)

    async def balance(self) -> Decimal:
        """USD that the account can still spend (API.md, Balance)."""
        return await self._transport.get(BALANCE, parse.balance)

    async def time(self) -> Sample:
        """What time it is at Novita, to about a second."""
        return await self._transport.time(f"{ROOT}/clusters")

    async def clock_difference(self) -> timedelta:
        """How far this machine's clock is ahead of Novita's, to about a second; negative when it is behind."""
        sample = await self.time()
        return datetime.now(UTC) - (sample.said + sample.age)

    async def aclose(self) -> None:
        """Give the connections back; calls still running fail."""
        await self._transport.close()

    async def _listed(self, query: Query) -> list[NovitaInstance]:
        async def page(number: int) -> Page[NovitaInstance]:
            numbered = {**query, "pageSize": PAGE_SIZE, "pageNum": number}
            return await self._transport.get(f"{ROOT}/gpu/instances", parse.instances, numbered)

        return await self._pagings["found by name" if "name" in query else "instances"].every(page)

    async def _act(self, verb: str, novita_id: str) -> None:
        await self._transport.act(f"{ROOT}/gpu/instance/{verb}", {"instanceId": novita_id})
