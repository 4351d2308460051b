"""From a request and its offers to an answer: the intent recorded, and carried out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import structlog

from core.domain import naming
from core.domain.base import PROGRAM, Actor
from core.domain.clock import Clock
from core.domain.errors import InvalidRequest, KeyOutlived, NameTaken, RecordNotReadable, RequestTaken
from core.domain.events import InstanceRequested
from core.domain.identity import id_from, new_id
from core.domain.instance import Hook, Instance, Intent, Launch, Origin
from core.domain.market import Offer
from core.domain.request import InstanceRequest
from core.domain.responses import CreateInstanceResponse, response_to
from core.services.launch.run import Catalog, LaunchRun, Novita, RecordedLaunch, Watch
from core.services.launch.timing import RetryPolicy
from core.services.outbox import UnitOfWork
from core.services.reports import new_hook, with_hook
from core.telemetry import metrics, request_id

log = structlog.get_logger(__name__)

_NAMES_TRIED = 5
"""A free name may be taken by another create at the same moment."""


class Records(Protocol):
    """Where records are read (core.adapters.redis.Store)."""

    async def get(self, instance_id: str) -> Instance | None: ...
    async def names_taken(self) -> set[str]: ...


class Launcher:
    """Creates instances. `process` is this process's id in the store, so that a worker can tell whose launches died.

    The id of a record, and with it the name at Novita, follows from the request key and `seed`: should Redis lose its
    records, the same key leads to the same name, and the instance is found by it. With a `public_url` each instance is
    given an address of its own, where it may report.
    """

    def __init__(
        self,
        novita: Novita,
        catalog: Catalog,
        records: Records,
        unit_of_work: UnitOfWork,
        clock: Clock,
        *,
        process: str,
        retry: RetryPolicy | None = None,
        public_url: str | None = None,
        seed: str = "",
    ) -> None:
        self._novita = novita
        self._catalog = catalog
        self._records = records
        self._unit_of_work = unit_of_work
        self._clock = clock
        self._process = process
        self._retry = retry or RetryPolicy()
        self._public_url = public_url
        self._seed = seed

    async def begin(
        self,
        request: InstanceRequest,
        offers: Sequence[Offer],
        *,
        owner: Actor,
        key: str,
        fingerprint: str = "",
        unlisted: str = "",
        is_renamed: bool = False,
    ) -> RecordedLaunch:
        """Records the intent: after this the launch is either finished by `finish` or taken up by a worker.

        What may be launched is decided before, by core.services.creation. `offers` are where it will be tried, the best
        first, and one at least; `unlisted` is a region that was wished for in vain.

        A repeated key gives the launch it led to before. For people a name means one machine: one that is taken is
        refused or, if it `is_renamed`, numbered. Programs may use a name twice, as they go by ids.

        Raises InvalidRequest when the name is taken, KeyOutlived and StoreUnavailable; nothing has been created then.
        """
        self._catalog.prefetch_template(request.template_id)
        record = self._record(request, owner, offers[0], key, fingerprint, unlisted)
        try:
            return await self._begun(record, offers, is_renamed=is_renamed)
        except RequestTaken as taken:
            earlier = await self._earlier(taken.instance_id)
        if _was_led_to(earlier, key):
            return RecordedLaunch(earlier, request, (), is_repeat=True)
        try:  # By an odd chance another key has led to the same id.
            return await self._begun(record.replace(id=new_id()), offers, is_renamed=is_renamed)
        except RequestTaken as taken:
            return RecordedLaunch(await self._earlier(taken.instance_id), request, (), is_repeat=True)

    async def finish(self, launch: RecordedLaunch, watch: Watch | None = None) -> CreateInstanceResponse:
        """Tries the offers until Novita says yes, no, or nothing; `watch` hears of every step on the way.

        What Novita does is in the answer and on the record, never raised; so is Redis going away half-way, after which
        no further offer is tried. Cancelled or killed, a worker goes on from what is recorded.
        """
        if launch.is_repeat:
            return response_to(launch.instance)
        run = LaunchRun(launch, self._novita, self._catalog, self._unit_of_work, self._clock, self._retry, watch)
        try:
            instance = await run.to_the_end()
        finally:
            metrics.create_ended(run.instance, self._clock.now() - launch.instance.created_at, run.waited)
        self._log(instance)
        return response_to(instance)

    async def _begun(self, record: Instance, offers: Sequence[Offer], *, is_renamed: bool) -> RecordedLaunch:
        """Writes the intent, under a name that nobody else's machine has.

        Raises RequestTaken, InvalidRequest when the name is taken and may not be another, and StoreUnavailable.
        """
        for _ in range(_NAMES_TRIED):
            try:
                return await self._written(record, offers)
            except NameTaken as taken:
                name, names = record.request.name, await self._records.names_taken()
                if not is_renamed:
                    namesake = await self._records.get(taken.instance_id)
                    status = namesake.status.value if namesake else "there"
                    raise InvalidRequest({"name": naming.taken_words(name, status, names)}) from None
                record = _renamed(record, naming.free_name(name, names))
        raise InvalidRequest({"name": "This name is taken, and so is each tried in its place. Choose another."})

    async def _written(self, instance: Instance, offers: Sequence[Offer]) -> RecordedLaunch:
        request = instance.request
        hook = new_hook(self._public_url, instance.id) if self._public_url else None
        if hook is not None:
            instance = instance.replace(hook=Hook(digest=hook.digest))
            request = with_hook(request, hook)
        news = [InstanceRequested(at=instance.created_at)]
        begun = await self._unit_of_work.begin(instance, news, has_own_name=instance.owner != PROGRAM)
        return RecordedLaunch(begun.instance, request, tuple(offers), is_novita_looked_at=begun.is_novita_looked_at)

    def _record(
        self, request: InstanceRequest, owner: Actor, offer: Offer, key: str, fingerprint: str, unlisted: str
    ) -> Instance:
        """The record as it is before Novita has been asked for anything."""
        return Instance(
            id=id_from(f"{self._seed}\n{key}"),
            intent=Intent(
                request_key=key,
                fingerprint=fingerprint,
                request_id=request_id.current(),
                env_names=tuple(sorted(request.envs)),
                template_name=self._catalog.template_name(request.template_id),
                template_env_names=self._catalog.template_env_names(request.template_id),
                unlisted_region=unlisted,
            ),
            request=request,
            owner=owner,
            launch=Launch(process=self._process, offer=offer),
            created_at=self._clock.now(),
        )

    async def _earlier(self, instance_id: str) -> Instance:
        instance = await self._records.get(instance_id)
        if instance is None:
            raise KeyOutlived
        if instance.unreadable is not None:  # It may well be the one that the key led to: nothing else is made for it.
            raise RecordNotReadable(instance.id, instance.unreadable.words)
        return instance

    def _log(self, instance: Instance) -> None:
        offer = instance.launch.offer
        log.info(
            "instance_create",
            instance_id=instance.id,
            novita_instance_id=instance.remote.id,
            product_id=offer.product_id if offer else None,
            region=offer.region.name if offer else None,
            spot_price=str(offer.price) if offer else None,
            billing_mode=instance.request.billing_mode.value,
            status=instance.status.value,
            reason=instance.failure.reason or instance.failure.kind.value if instance.failure else None,
            attempts=[
                f"{a.region} {a.product_id} {a.outcome.value} {a.reason}".rstrip() for a in instance.launch.attempts
            ],
            duration=round((self._clock.now() - instance.created_at).total_seconds(), 3),
        )


def _renamed(instance: Instance, name: str) -> Instance:
    return instance.replace(request=instance.request.replace(name=name))


def _was_led_to(instance: Instance, key: str) -> bool:
    """Whether this is what the key led to before. A record that was lost and rebuilt does not know its key."""
    return instance.intent.request_key == key or instance.intent.origin is not Origin.ASKED
