"""The one facade: everything that a person or a program can ask for, whichever way they come.

Rights are in here: whoever calls says who asks, and cannot leave out who may.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Protocol

from core.domain.base import Actor, BillingMode
from core.domain.clock import Clock
from core.domain.errors import NoSuchInstance
from core.domain.events import Event
from core.domain.instance import Instance
from core.domain.market import Market, Offer
from core.domain.novita import Connection, NovitaInstance
from core.domain.offers import rank
from core.domain.order import Verb
from core.domain.policy import Policy
from core.domain.request import Draft, InstanceRequest
from core.domain.responses import CreateInstanceResponse
from core.domain.template import Template
from core.domain.validation import Limits
from core.services.catalog import Catalog
from core.services.creation import AGAIN, API, FORM, LINE, Creation, Door, Entry, Quote, Rules
from core.services.launch import RecordedLaunch
from core.services.launch.run import Watch
from core.services.lifecycle import Lifecycle, Ordered, can_connect, can_extend, possible
from core.services.stock import PATIENCE
from core.services.strays import Strays, own_id

__all__ = [
    "AGAIN",
    "API",
    "FORM",
    "LINE",
    "Door",
    "Entry",
    "Gpus",
    "Ordered",
    "Quote",
    "RecordedLaunch",
    "can_connect",
    "can_extend",
    "own_id",
    "possible",
]

_LOOK_PAUSE = timedelta(seconds=0.25)


class Records(Protocol):
    """Where records are read (core.adapters.redis.Store)."""

    async def get(self, instance_id: str) -> Instance | None: ...
    async def live(self) -> list[Instance]: ...
    async def retained(self, now: datetime) -> list[Instance]: ...
    async def ended_since(self, instant: datetime) -> list[Instance]: ...
    async def timeline(self, instance_id: str) -> list[Event]: ...
    async def id_for_request(self, request_key: str) -> str | None: ...
    async def names_taken(self) -> set[str]: ...
    async def last_used(self, actor: Actor) -> Draft | None: ...


class Gpus:
    """Each raises StoreUnavailable, and what the service behind it says.

    `outside` lists what is at Novita and on no record, as of a few seconds ago.
    """

    def __init__(
        self,
        creation: Creation,
        lifecycle: Lifecycle,
        strays: Strays,
        catalog: Catalog,
        records: Records,
        rules: Rules,
        outside: Callable[[], Awaitable[list[NovitaInstance]]],
    ) -> None:
        self._creation = creation
        self._lifecycle = lifecycle
        self._strays = strays
        self._catalog = catalog
        self._records = records
        self._rules = rules
        self._outside = outside

    @property
    def policy(self) -> Policy:
        """Who may do what, as of now."""
        return self._rules.policy()

    @property
    def limits(self) -> Limits:
        """What may be chosen by whoever has no more rights than others."""
        return self._rules.limits

    @property
    def default_region(self) -> str | None:
        return self._rules.default_region

    def limits_for(self, actor: Actor) -> Limits:
        """What this actor may choose."""
        return self._rules.limits_for(actor)

    # A new instance (core.services.creation)

    async def check(self, entry: Entry, *, patience: timedelta = PATIENCE) -> Quote:
        """What would be created and for how much; nothing is."""
        return await self._creation.check(entry, patience=patience)

    async def begin(self, entry: Entry) -> RecordedLaunch:
        """Checks it and records the intent."""
        return await self._creation.begin(entry)

    async def submit(self, entry: Entry) -> asyncio.Future[RecordedLaunch]:
        """`begin` for whoever has to answer soon: checked when this returns, and recorded when the future is done."""
        return await self._creation.submit(entry)

    async def finish(self, launch: RecordedLaunch, watch: Watch | None = None) -> CreateInstanceResponse:
        """Carries out what was begun."""
        return await self._creation.finish(launch, watch)

    # What becomes of an instance (core.services.lifecycle)

    async def order(self, verb: Verb, instance_id: str, actor: Actor) -> Ordered:
        """Records the order; `carry_out` gives it to Novita."""
        return await self._lifecycle.order(verb, instance_id, actor, self.policy)

    async def carry_out(self, instance: Instance) -> Instance:
        return await self._lifecycle.carry_out(instance)

    async def extend(self, instance_id: str, by: timedelta, actor: Actor) -> Instance:
        return await self._lifecycle.extend(instance_id, by, actor, self.policy)

    async def extend_until(self, instance_id: str, until: datetime, actor: Actor, *, button: str = "") -> Instance:
        return await self._lifecycle.extend_until(instance_id, until, actor, self.policy, button=button)

    async def end_at(self, instance_id: str, ends_at: datetime, actor: Actor) -> Instance:
        return await self._lifecycle.end_at(instance_id, ends_at, actor, self.policy)

    async def used(self, instance_id: str, actor: Actor) -> Instance:
        """A sign of use, which renews a lease."""
        return await self._lifecycle.used(instance_id, actor, self.policy)

    async def connect(self, instance_id: str, actor: Actor) -> tuple[Instance, Connection]:
        return await self._lifecycle.connect(instance_id, actor, self.policy)

    # What there is

    async def get(self, instance_id: str) -> Instance | None:
        return await self._records.get(instance_id)

    async def instance(self, instance_id: str) -> Instance:
        """Raises NoSuchInstance."""
        instance = await self._records.get(instance_id)
        if instance is None:
            raise NoSuchInstance(instance_id)
        return instance

    async def wait_while(
        self,
        is_under_way: Callable[[Instance], bool],
        instance: Instance,
        clock: Clock,
        *,
        until: datetime,
        pause: timedelta = _LOOK_PAUSE,
    ) -> Instance:
        """The record once that is over, whichever process carries it out; as it is when that takes too long."""
        while is_under_way(instance) and clock.now() < until:
            await clock.sleep(pause)
            instance = await self._records.get(instance.id) or instance
        return instance

    async def live(self) -> list[Instance]:
        """Every instance that has not ended, oldest first."""
        return await self._records.live()

    async def retained(self, now: datetime) -> list[Instance]:
        """Those that live, and those that ended and are still on record."""
        return await self._records.retained(now)

    async def ended_since(self, instant: datetime) -> list[Instance]:
        return await self._records.ended_since(instant)

    async def timeline(self, instance_id: str) -> list[Event]:
        """All that has happened to it."""
        return await self._records.timeline(instance_id)

    async def id_for_request(self, request_key: str) -> str | None:
        """What a key has led to."""
        return await self._records.id_for_request(request_key)

    async def names_taken(self) -> set[str]:
        return await self._records.names_taken()

    async def last_used(self, actor: Actor) -> Draft | None:
        """What this person chose last."""
        return await self._records.last_used(actor)

    # What nobody here has asked for (core.services.strays)

    async def outside(self) -> list[NovitaInstance]:
        return await self._outside()

    async def recorded(self, stray_id: str, actor: Actor) -> Instance:
        return await self._strays.recorded(stray_id, actor, self.policy)

    async def assign(self, stray_id: str, owner: Actor, actor: Actor) -> Instance:
        return await self._strays.assign(stray_id, owner, actor, self.policy)

    async def leave_alone(self, stray_id: str, actor: Actor) -> Instance:
        return await self._strays.leave_alone(stray_id, actor, self.policy)

    # What is sold, and what can be put on it (core.services.catalog)

    @property
    def market(self) -> Market | None:
        """The market at hand."""
        return self._catalog.market

    async def get_market(self) -> Market:
        return await self._catalog.get_market()

    async def get_market_for(self, gpu_num: int, *modes: BillingMode, patience: timedelta = PATIENCE) -> Market:
        return await self._catalog.get_market_for(gpu_num, *modes, patience=patience)

    def market_at_hand(self, market: Market, gpu_num: int, *modes: BillingMode) -> Market:
        return self._catalog.market_at_hand(market, gpu_num, *modes)

    def offers(self, market: Market, request: InstanceRequest) -> Sequence[Offer]:
        """Where it would be tried, the best first."""
        return rank(market, request, self._rules.priority)

    @property
    def templates(self) -> list[Template]:
        """The templates at hand."""
        return self._catalog.templates

    async def get_templates(self) -> list[Template]:
        return await self._catalog.get_templates()

    async def get_template(self, template_id: str) -> Template:
        return await self._catalog.get_template(template_id)

    def template_name(self, template_id: str) -> str:
        """Empty when it is not at hand."""
        return self._catalog.template_name(template_id)
