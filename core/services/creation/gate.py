"""The gate itself: names as listed, defaults, every check, where it is sold, the record, and what a key led to."""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Collection
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import TypeVar

import structlog

from core.domain import naming, validation
from core.domain.base import PROGRAM, Actor
from core.domain.clock import MOMENT
from core.domain.errors import (
    GpuBotError,
    InvalidRequest,
    KeyOutlived,
    NotFound,
    NovitaError,
    NovitaUnclear,
    RecordNotReadable,
    StoreUnavailable,
)
from core.domain.instance import Instance
from core.domain.last_used import last_used
from core.domain.market import Market, Offer
from core.domain.offers import rank
from core.domain.request import Draft, InstanceRequest
from core.domain.responses import CreateInstanceResponse
from core.domain.validation import Problems, unlisted_region
from core.services.creation.door import Door, Entry
from core.services.creation.ports import Background, Catalog, Channels, Records, Rules
from core.services.launch import Launcher, RecordedLaunch
from core.services.launch.run import Watch
from core.services.stock import PATIENCE

T = TypeVar("T")

log = structlog.get_logger(__name__)

_NO_OFFERS = "Novita does not sell this product with this billing and disk size."
_NO_TEMPLATE = "Novita has no template of this id."


@dataclass(frozen=True)
class Quote:
    """What would be created now, under the name that it would get, and where it would be tried, the best first."""

    request: InstanceRequest
    offers: tuple[Offer, ...]
    unlisted: str | None
    """The region that is wished for and not listed, so that others are used."""
    obstacle: str
    """Why its story cannot be told in its channel, as `Channels` says it; empty where nothing is in the way."""


@dataclass(frozen=True)
class Creation:
    """The gate. What comes through is recorded before Novita is asked for anything, and carried out by `finish`."""

    catalog: Catalog
    records: Records
    channels: Channels
    launcher: Launcher
    background: Background
    rules: Rules

    async def check(self, entry: Entry, *, patience: timedelta = PATIENCE) -> Quote:
        """What would be created and for how much; nothing is. Waits at most `patience` for the stock of several GPUs.

        Raises as `begin` does, but for a name that is taken, which is numbered, and a channel that is silent.
        """
        self.rules.policy().check_home(entry.actor)
        request, obstacle = await self._checked(entry)
        market, offers = await self._on_offer(request, patience)
        if entry.actor != PROGRAM:
            name = naming.free_name(request.name, await self.records.names_taken())
            request = request.replace(name=name)
        return Quote(request, offers, unlisted_region(request.region, market), obstacle)

    async def begin(self, entry: Entry) -> RecordedLaunch:
        """Records the intent. For a repeated key it is the launch of before, whatever has become of what it asked for.

        Raises InvalidRequest with what is wrong by field, KeyOutlived, NotAllowed, NovitaError when the prices or the
        template cannot be had, and StoreUnavailable; in each case nothing was created.
        """
        return await (await self.submit(entry))

    async def submit(self, entry: Entry) -> asyncio.Future[RecordedLaunch]:
        """`begin` for whoever has to answer soon: checked when this returns, and recorded when the future is done."""
        self.rules.policy().check_home(entry.actor)  # Before anything is asked, or found, for somebody from elsewhere.
        try:
            request, _ = await self._checked(entry)
        except GpuBotError as error:
            earlier = asyncio.get_running_loop().create_future()
            earlier.set_result(await self._earlier(entry, error))
            return earlier
        return asyncio.create_task(self._recorded(entry, request))

    async def finish(self, launch: RecordedLaunch, watch: Watch | None = None) -> CreateInstanceResponse:
        """Carries out what was begun (core.services.launch.Launcher.finish)."""
        return await self.launcher.finish(launch, watch)

    async def _checked(self, entry: Entry) -> tuple[InstanceRequest, str]:
        """The request, when nothing stands in its way that can be known before; and the obstacle in its channel."""
        market, obstacle, no_template = await asyncio.gather(
            self._market(entry), self.channels.obstacle(entry.draft.channel), self._no_template(entry)
        )
        draft, unclear = self._completed(entry.draft, entry.door, market)
        checked = validation.check(draft, market, self.rules.limits_for(entry.actor))
        found = checked if isinstance(checked, dict) else {}
        problems = found | self._beside(entry, obstacle, no_template) | unclear | dict(entry.unread)
        if problems or isinstance(checked, dict):
            raise InvalidRequest(problems, _unknown(draft, found.keys() - unclear.keys(), no_template))
        if no_template is not None:
            raise no_template
        self.rules.policy().check_launch(entry.actor, checked)
        return checked, obstacle

    def _beside(self, entry: Entry, obstacle: str, no_template: NovitaError | None) -> Problems:
        """What the draft and the market do not tell."""
        problems: Problems = {}
        if isinstance(no_template, NotFound):
            problems["template_id"] = _NO_TEMPLATE
        if entry.door.needs_channel and not entry.draft.channel:
            problems["channel"] = validation.NO_CHANNEL
        if obstacle and not entry.door.may_be_silent:
            problems["channel"] = self.channels.words(obstacle)
        return problems

    async def _market(self, entry: Entry) -> Market:
        try:
            return await _within(entry.door.market_patience, self.catalog.get_market())
        except TimeoutError:
            error: NovitaError = NovitaUnclear("Novita's price list is not at hand yet", is_read=True)
        except NovitaError as unavailable:
            error = unavailable
        raise InvalidRequest(dict(entry.unread)) if entry.unread else error

    async def _no_template(self, entry: Entry) -> NovitaError | None:
        """Why there is no such template; None where there is one or, for most doors, Novita does not say in time."""
        is_certain = entry.door.is_template_certain
        if not entry.draft.template_id:
            return None
        try:
            await _within(None if is_certain else MOMENT, self.catalog.get_template(entry.draft.template_id))
        except NotFound as error:
            return error
        except NovitaError as error:
            return error if is_certain else None
        except TimeoutError:
            pass
        return None

    def _completed(self, draft: Draft, door: Door, market: Market) -> tuple[Draft, Problems]:
        """The draft in the words of Novita's lists and with this installation's defaults; and what stays unclear."""
        written = draft
        if door.has_defaults:
            draft = self._with_defaults(draft)
        if not door.names_are_typed:
            return draft, {}
        draft, unclear = validation.with_listed_names(draft, market)
        if written.region is None:
            unclear.pop("region", None)  # The installation's default, which is a wish as any other.
        return draft, unclear

    def _with_defaults(self, draft: Draft) -> Draft:
        draft = replace(draft, region=draft.region or self.rules.default_region)
        if draft.lease is not None or draft.no_end:
            return draft
        default = self.rules.limits.default_lease
        return replace(draft, lease=default, no_end=default is None)

    async def _on_offer(self, request: InstanceRequest, patience: timedelta) -> tuple[Market, tuple[Offer, ...]]:
        """Where it is sold now, the best first. Raises InvalidRequest when nobody sells it."""
        market = await self.catalog.get_market_for(request.gpu_num, request.billing_mode, patience=patience)
        offers = rank(market, request, self.rules.priority)
        if not offers:
            raise InvalidRequest({"product_name": _NO_OFFERS})
        return market, tuple(offers)

    async def _recorded(self, entry: Entry, request: InstanceRequest) -> RecordedLaunch:
        try:
            market, offers = await self._on_offer(request, PATIENCE)
        except GpuBotError as error:
            return await self._earlier(entry, error)
        launch = await self.launcher.begin(
            request,
            offers,
            owner=entry.actor,
            key=entry.key or f"once:{secrets.token_hex(16)}",
            fingerprint=entry.fingerprint,
            unlisted=unlisted_region(request.region, market) or "",
            is_renamed=entry.door.is_renamed,
        )
        if entry.door.is_remembered and entry.actor != PROGRAM and not launch.is_repeat:
            self.background.start(self._remember(entry.actor, launch.request))
        return launch

    async def _earlier(self, entry: Entry, error: GpuBotError) -> RecordedLaunch:
        """What the same key led to before, whatever is in its way today. Raises `error` when that is nothing.

        A program relies on it; a person is told of the error when the store does not say soon.
        """
        if not entry.key or entry.unread:
            raise error
        try:
            found = await _within(None if entry.actor == PROGRAM else MOMENT, self._led_to(entry.key))
        except (StoreUnavailable, TimeoutError):
            if entry.actor == PROGRAM:
                raise
            raise error from None
        if found is None:
            raise error
        return RecordedLaunch(found, found.request, (), is_repeat=True)

    async def _led_to(self, key: str) -> Instance | None:
        instance_id = await self.records.id_for_request(key)
        if instance_id is None:
            return None
        instance = await self.records.get(instance_id)
        if instance is None:
            raise KeyOutlived
        if instance.unreadable is not None:
            raise RecordNotReadable(instance.id, instance.unreadable.words)
        return instance

    async def _remember(self, actor: Actor, request: InstanceRequest) -> None:
        """For the person's next form. A create goes on without it."""
        try:
            await self.records.save_last_used(actor, last_used(request))
        except StoreUnavailable as error:
            log.warning("last_used_not_saved", error=str(error))


def _unknown(draft: Draft, wrong: Collection[str], no_template: NovitaError | None) -> set[str]:
    """The fields that name something that Novita does not have."""
    product = {"product_name"} if draft.product_name and "product_name" in wrong else set[str]()
    return product | ({"template_id"} if isinstance(no_template, NotFound) else set())


async def _within(patience: timedelta | None, asked: Awaitable[T]) -> T:
    """Raises TimeoutError when the answer takes longer; None waits for it."""
    async with asyncio.timeout(patience.total_seconds() if patience is not None else None):
        return await asked
