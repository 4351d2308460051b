"""One attempt: one offer, one POST that takes effect at most once, and what its outcome means."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from core.domain.attempt import Attempt, AttemptOutcome, Failure, FailureKind
from core.domain.clock import Clock
from core.domain.errors import NoCapacity, NovitaError, NovitaRefused, NovitaUnsent, RateLimited
from core.domain.market import Offer
from core.domain.request import InstanceRequest
from core.domain.template import Template
from core.services.launch.timing import RetryPolicy


class Novita(Protocol):
    """The create of core.adapters.novita.NovitaClient: sends one POST, never two."""

    async def create(self, name: str, offer: Offer, request: InstanceRequest, template: Template) -> str: ...


@dataclass(frozen=True)
class Tried:
    """How an attempt went. `novita_id` is set when it succeeded, `failure` when no other offer can help."""

    attempt: Attempt
    novita_id: str | None = None
    failure: Failure | None = None


@dataclass(frozen=True)
class Attempter:
    """Makes attempts for one launch."""

    novita: Novita
    clock: Clock
    retry: RetryPolicy
    name: str
    request: InstanceRequest
    template: Template

    async def try_offer(self, offer: Offer) -> Tried:
        """Sends the create. Again only when it certainly had no effect: a 429, or a connection that was never made."""
        began = self.clock.now()
        unsent_pauses, waits = list(self.retry.unsent_pauses), self.retry.rate_limit_waits
        while True:
            try:
                novita_id = await self.novita.create(self.name, offer, self.request, self.template)
            except RateLimited as error:
                pause = self._pause_for(error)
                if waits == 0 or pause > self.retry.longest_retry_after:
                    return self._refusal(offer, began, error)
                waits -= 1
            except NovitaUnsent as error:
                if not unsent_pauses:
                    return self._unsent(offer, began, error)
                pause = unsent_pauses.pop(0)
            except NovitaRefused as error:
                return self._refusal(offer, began, error)
            except NovitaError as error:
                return Tried(self._attempt(offer, began, AttemptOutcome.UNKNOWN, "NO_ANSWER", str(error)))
            else:
                return Tried(self._attempt(offer, began, AttemptOutcome.CREATED), novita_id=novita_id)
            await self.clock.sleep(pause)

    def _pause_for(self, error: RateLimited) -> timedelta:
        return self.retry.default_retry_after if error.retry_after is None else error.retry_after

    def _refusal(self, offer: Offer, began: datetime, error: NovitaRefused) -> Tried:
        if isinstance(error, NoCapacity):
            return Tried(self._attempt(offer, began, AttemptOutcome.REFUSED, error.reason, error.message))
        attempt = self._attempt(offer, began, AttemptOutcome.REJECTED, error.reason, error.message)
        return Tried(attempt, failure=Failure(kind=error.kind, reason=error.reason, message=error.message))

    def _unsent(self, offer: Offer, began: datetime, error: NovitaUnsent) -> Tried:
        attempt = self._attempt(offer, began, AttemptOutcome.UNSENT, "UNREACHABLE", str(error))
        return Tried(attempt, failure=Failure(kind=FailureKind.UNREACHABLE, message=str(error)))

    def _attempt(
        self, offer: Offer, began: datetime, outcome: AttemptOutcome, reason: str = "", message: str = ""
    ) -> Attempt:
        spent = self.clock.now() - began
        return Attempt(
            region=offer.region.name,
            product_id=offer.product_id,
            price=offer.price,
            outcome=outcome,
            reason=reason,
            message=message,
            milliseconds=max(0, int(spent.total_seconds() * 1000)),
        )
