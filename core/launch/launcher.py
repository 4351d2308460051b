"""From a request to an answer: intent, attempts, and the search for an instance whose create was not answered."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from core import metrics, request_id, transitions
from core.clock import Clock
from core.errors import InvalidRequest, NotFound, NovitaError, NovitaRefused, RequestTaken, StoreUnavailable
from core.events import Event, InstanceRequested
from core.launch.attempts import Attempter, Tried
from core.launch.attempts import Novita as Creator
from core.launch.patience import Patience
from core.models import (
    Actor,
    Attempt,
    AttemptOutcome,
    CreateInstanceResponse,
    Failure,
    FailureKind,
    Instance,
    InstanceRequest,
    Market,
    NovitaInstance,
    Offer,
    Template,
    new_id,
)
from core.offers import rank
from core.outbox import Change
from core.reports import fitting, new_hook, with_hook
from core.responses import response_to

log = structlog.get_logger(__name__)

Watch = Callable[[Instance], None]


class Novita(Creator, Protocol):
    """What a launch asks of Novita (core.novita.NovitaClient)."""

    async def find(self, name: str) -> NovitaInstance | None: ...


class Catalog(Protocol):
    """What is for sale (core.catalog.Catalog)."""

    async def get_market(self) -> Market: ...
    async def get_template(self, template_id: str) -> Template: ...
    def prefetch_template(self, template_id: str) -> None: ...
    def template_name(self, template_id: str) -> str: ...


class Ledger(Protocol):
    """Where records are changed and their events told (core.outbox.Outbox)."""

    async def begin(self, instance: Instance, events: Sequence[Event]) -> Instance: ...
    async def update(self, instance: Instance, change: Change) -> Instance: ...


class Records(Protocol):
    """Where records are read (core.store.Store)."""

    async def get(self, instance_id: str) -> Instance | None: ...


@dataclass(frozen=True)
class Launch:
    """A launch whose intent is recorded. `request` still has the environment values, which the record has not."""

    instance: Instance
    request: InstanceRequest
    offers: tuple[Offer, ...]
    is_repeat: bool = False


class Launcher:
    """Creates instances. `process` is this process's id in the store, so that a worker can tell whose launches died.

    With a `public_url` each instance is given an address of its own, where it may report.
    """

    def __init__(
        self,
        novita: Novita,
        catalog: Catalog,
        ledger: Ledger,
        records: Records,
        clock: Clock,
        *,
        process: str,
        priority: Sequence[str] = (),
        patience: Patience | None = None,
        public_url: str | None = None,
    ) -> None:
        self._novita = novita
        self._catalog = catalog
        self._ledger = ledger
        self._records = records
        self._clock = clock
        self._process = process
        self._priority = tuple(priority)
        self._patience = patience or Patience()
        self._public_url = public_url

    async def begin(self, request: InstanceRequest, *, owner: Actor, key: str, fingerprint: str = "") -> Launch:
        """Records the intent: after this the launch is either finished by `finish` or taken up by a worker.

        A repeated key gives the launch it led to before. Raises InvalidRequest when nothing on offer fits, NovitaError
        when a cold catalog cannot be filled, and StoreUnavailable; in each case nothing has been created.
        """
        self._catalog.prefetch_template(request.template_id)
        offers = rank(await self._catalog.get_market(), request, self._priority)
        if not offers:
            raise InvalidRequest({"product_name": "Novita does not sell this product with this billing and disk size."})
        new = new_id()
        hook = new_hook(self._public_url, new) if self._public_url else None
        instance = Instance(
            id=new,
            request_key=key,
            fingerprint=fingerprint,
            request_id=request_id.current(),
            request=request,
            env_names=tuple(sorted(request.envs)),
            hook_digest=hook.digest if hook else "",
            template_name=self._catalog.template_name(request.template_id),
            owner=owner,
            offer=offers[0],
            launcher=self._process,
            created_at=self._clock.now(),
        )
        try:
            written = await self._ledger.begin(instance, [InstanceRequested(at=instance.created_at)])
        except RequestTaken as taken:
            return Launch(await self._earlier(taken.instance_id), request, (), is_repeat=True)
        return Launch(written, with_hook(request, hook) if hook else request, tuple(offers))

    async def finish(self, launch: Launch, watch: Watch | None = None) -> CreateInstanceResponse:
        """Tries the offers until Novita says yes, no, or nothing; `watch` hears of every step on the way.

        What Novita does is in the answer and on the record, never raised. Raises StoreUnavailable when Redis went away
        half-way: no further offer is tried then. Cancelled, killed or raised, a worker goes on from what is recorded.
        """
        if launch.is_repeat:
            return response_to(launch.instance)
        run = _Run(launch, self._novita, self._catalog, self._ledger, self._clock, self._patience, watch)
        try:
            instance = await run.to_the_end()
        finally:
            metrics.create_ended(run.instance, self._clock.now() - launch.instance.created_at, run.waited)
        self._log(instance)
        return response_to(instance)

    async def _earlier(self, instance_id: str) -> Instance:
        instance = await self._records.get(instance_id)
        if instance is None:
            raise InvalidRequest({"name": "This form was used long ago. Open a new one for another instance."})
        return instance

    def _log(self, instance: Instance) -> None:
        offer = instance.offer
        log.info(
            "instance_create",
            instance_id=instance.id,
            novita_instance_id=instance.novita_id,
            product_id=offer.product_id if offer else None,
            region=offer.region.name if offer else None,
            spot_price=str(offer.price) if offer else None,
            billing_mode=instance.request.billing_mode.value,
            status=instance.status.value,
            reason=instance.failure.reason or instance.failure.kind.value if instance.failure else None,
            attempts=[f"{a.region} {a.product_id} {a.outcome.value} {a.reason}".rstrip() for a in instance.attempts],
            duration=round((self._clock.now() - instance.created_at).total_seconds(), 3),
        )


@dataclass
class _Run:
    """One launch on its way; `instance` is its record as last written, `waited` the time that Novita took so far."""

    launch: Launch
    novita: Novita
    catalog: Catalog
    ledger: Ledger
    clock: Clock
    patience: Patience
    watch: Watch | None

    def __post_init__(self) -> None:
        self.instance = self.launch.instance
        self.waited = timedelta()

    async def to_the_end(self) -> Instance:
        with self._waiting():
            template = await self._template()
        if template is not None:
            request = fitting(self.launch.request, template)
            attempter = Attempter(self.novita, self.clock, self.patience, self.instance.novita_name, request, template)
            await self._try_offers(attempter)
        return self.instance

    async def _try_offers(self, attempter: Attempter) -> None:
        offers = self.launch.offers
        for offer, next_offer in zip(offers, (*offers[1:], None), strict=True):
            if self.clock.now() - self.instance.created_at > self.patience.total:
                await self._fail(Failure(kind=FailureKind.DEADLINE))
                return
            with self._waiting():
                tried = await attempter.try_offer(offer)
            if tried.attempt.outcome is not AttemptOutcome.REFUSED:
                await self._conclude(tried)
                return
            if next_offer is None:
                break
            await self._refused(tried.attempt, next_offer)
            if not self.instance.is_launching:
                return
        last = tried.attempt
        await self._fail(Failure(kind=FailureKind.NO_CAPACITY, reason=last.reason, message=last.message), last)

    async def _conclude(self, tried: Tried) -> None:
        if tried.failure is not None:
            await self._fail(tried.failure, tried.attempt)
        elif tried.novita_id is not None:
            await self._created(tried.novita_id, tried.attempt, found=False)
        else:
            await self._settle(lambda i: transitions.answer_lost(i, tried.attempt, self.clock.now()))
            await self._look_for_it()

    async def _look_for_it(self) -> None:
        """The instance may exist, so nothing else is tried; what is not found here is left to the worker."""
        for pause in self.patience.looks:
            try:
                with self._waiting():
                    await self.clock.sleep(pause)
                    found = await self.novita.find(self.instance.novita_name)
            except NovitaError:
                continue
            if found is not None:
                await self._created(found.id, None, found=True)
                return

    async def _template(self) -> Template | None:
        try:
            return await self.catalog.get_template(self.launch.request.template_id)
        except NotFound as error:
            await self._fail(Failure(kind=FailureKind.BAD_INPUT, reason="TEMPLATE_NOT_FOUND", message=error.message))
        except NovitaRefused as error:
            await self._fail(Failure(kind=error.kind, reason=error.reason, message=error.message))
        except NovitaError as error:
            await self._fail(Failure(kind=FailureKind.UNREACHABLE, message=str(error)))
        return None

    @contextmanager
    def _waiting(self) -> Generator[None]:
        """Adds up what Novita takes of the time."""
        began = self.clock.now()
        try:
            yield
        finally:
            self.waited += self.clock.now() - began

    async def _created(self, novita_id: str, attempt: Attempt | None, *, found: bool) -> None:
        await self._settle(lambda i: transitions.created(i, novita_id, self.clock.now(), attempt, found=found))

    async def _refused(self, attempt: Attempt, next_offer: Offer) -> None:
        await self._change(lambda i: transitions.refused(i, attempt, next_offer, self.clock.now()))

    async def _fail(self, failure: Failure, attempt: Attempt | None = None) -> None:
        await self._settle(lambda i: transitions.launch_failed(i, failure, self.clock.now(), attempt))

    async def _settle(self, change: Change) -> None:
        """Writes what is certain now. With Redis away it is shown at once, and written as soon as Redis is back."""
        for pause in (*self.patience.saves, None):
            try:
                await self._change(change)
            except StoreUnavailable as error:
                log.error("outcome_not_recorded", instance_id=self.instance.id, error=str(error))
                changed = change(self.instance)
                if changed is None or pause is None:
                    self.instance = changed[0] if changed else self.instance
                    return
                self._show(changed[0])
                await self.clock.sleep(pause)
            else:
                return

    async def _change(self, change: Change) -> None:
        self.instance = await self.ledger.update(self.instance, change)
        self._show(self.instance)

    def _show(self, instance: Instance) -> None:
        if self.watch is not None:
            self.watch(instance)
