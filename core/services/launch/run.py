"""One launch on its way: attempt after attempt, and the search for an instance whose create was not answered."""

from __future__ import annotations

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol

import structlog

from core.domain import transitions
from core.domain.attempt import Attempt, AttemptOutcome, Failure, FailureKind
from core.domain.clock import Clock
from core.domain.errors import NotFound, NovitaError, NovitaRefused, StoreUnavailable, not_done
from core.domain.identity import token_in
from core.domain.instance import Instance
from core.domain.market import Offer
from core.domain.matching import is_leaving
from core.domain.novita import NovitaInstance, age_order
from core.domain.request import InstanceRequest
from core.domain.template import Template
from core.services.launch.attempt import Attempter, Tried
from core.services.launch.attempt import Novita as Creator
from core.services.launch.timing import RetryPolicy
from core.services.outbox import Transition, UnitOfWork
from core.services.reports import within_env_limit

log = structlog.get_logger(__name__)

Watch = Callable[[Instance], None]


class Novita(Creator, Protocol):
    """What a launch asks of Novita (core.adapters.novita.NovitaClient)."""

    async def find(self, name: str) -> NovitaInstance | None: ...
    async def instances(self) -> list[NovitaInstance]: ...


class Catalog(Protocol):
    """What is for sale (core.services.catalog.Catalog)."""

    async def get_template(self, template_id: str) -> Template: ...
    def prefetch_template(self, template_id: str) -> None: ...
    def template_name(self, template_id: str) -> str: ...
    def template_env_names(self, template_id: str) -> tuple[str, ...]: ...


@dataclass(frozen=True)
class RecordedLaunch:
    """A launch whose intent is recorded. `request` still has the environment values, which the record has not."""

    instance: Instance
    request: InstanceRequest
    offers: tuple[Offer, ...]
    is_repeat: bool = False
    is_novita_looked_at: bool = True
    """Whether a worker has looked at Novita lately. If not, Redis may have forgotten what the same key led to."""


@dataclass
class LaunchRun:
    """One launch on its way; `instance` is its record as last written, `waited` the time that Novita took so far."""

    launch: RecordedLaunch
    novita: Novita
    catalog: Catalog
    unit_of_work: UnitOfWork
    clock: Clock
    retry: RetryPolicy
    watch: Watch | None

    def __post_init__(self) -> None:
        self.instance = self.launch.instance
        self.waited = timedelta()
        self._template_names: tuple[str, ...] = ()

    async def to_the_end(self) -> Instance:
        if not self.launch.is_novita_looked_at and not await self._resolve_earlier():
            return self.instance
        with self._waiting():
            template = await self._template()
        if template is not None:
            self._template_names = tuple(sorted(template.envs))
            request = within_env_limit(self.launch.request, template)
            attempter = Attempter(self.novita, self.clock, self.retry, self.instance.novita_name, request, template)
            await self._try_offers(attempter)
        return self.instance

    async def _resolve_earlier(self) -> bool:
        """True when there is nothing at Novita yet; else the record is settled here.

        Without an answer nothing is sent: an instance may be there, and a second one must not be made.
        """
        try:
            with self._waiting():
                listed = await self.novita.instances()
        except NovitaError as error:
            await self._fail(Failure(kind=FailureKind.LOST, reason="NOT_LOOKED_UP", message=str(error)))
            return False
        named = [each for each in listed if token_in(each.name) == self.instance.id and not is_leaving(each)]
        if not named:
            return True
        await self._created(min(named, key=age_order).id, None, found=True)
        return False

    async def _try_offers(self, attempter: Attempter) -> None:
        offers = self.launch.offers
        for offer, next_offer in zip(offers, (*offers[1:], None), strict=True):
            if self.clock.now() - self.instance.created_at > self.retry.total:
                await self._fail(Failure(kind=FailureKind.DEADLINE))
                return
            with self._waiting():
                tried = await attempter.try_offer(offer)
            if tried.attempt.outcome is not AttemptOutcome.REFUSED:
                await self._conclude(tried)
                return
            if next_offer is None:
                break
            try:
                await self._refused(tried.attempt, next_offer)
            except StoreUnavailable as error:
                await self._fail(Failure(kind=FailureKind.STORE, message=str(error)), tried.attempt)
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
        for pause in self.retry.looks:
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
            await self._fail(not_done(error))
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

    async def _settle(self, change: Transition) -> None:
        """Writes what is certain now. With Redis away it is shown at once, and written as soon as Redis is back."""
        for pause in (*self.retry.saves, None):
            try:
                await self._change(change)
            except StoreUnavailable as error:
                log.error("outcome_not_recorded", instance_id=self.instance.id, error=str(error))
                changed = self._named(change)(self.instance)
                if changed is None or pause is None:
                    self.instance = changed[0] if changed else self.instance
                    return
                self._show(changed[0])
                await self.clock.sleep(pause)
            else:
                return

    async def _change(self, change: Transition) -> None:
        self.instance = await self.unit_of_work.update(self.instance, self._named(change))
        self._show(self.instance)

    def _named(self, change: Transition) -> Transition:
        """The change to a record that also knows the variables of its template."""
        return lambda i: change(_knowing(i, self._template_names))

    def _show(self, instance: Instance) -> None:
        if self.watch is not None:
            self.watch(instance)


def _knowing(instance: Instance, template_names: tuple[str, ...]) -> Instance:
    """Also the variables of its template, where those are at hand."""
    if not template_names:
        return instance
    return instance.replace(intent=instance.intent.replace(template_env_names=template_names))
