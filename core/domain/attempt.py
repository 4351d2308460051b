"""One attempt at a create with what came of it, and what a failure is."""

from __future__ import annotations

from enum import StrEnum

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from core.domain.base import Usd, Value


class AttemptOutcome(StrEnum):
    CREATED = "created"
    REFUSED = "refused"
    """No room there: the next offer is tried."""
    REJECTED = "rejected"
    """No offer can help (bad input, money, key): the launch ends."""
    UNKNOWN = "unknown"
    """Novita may or may not have made it: it is looked for, nothing else is tried."""
    UNSENT = "unsent"
    """Novita was never reached: certainly nothing was made."""


class Attempt(Value):
    """One POST create, as it went. `price` is USD per GPU-hour."""

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, populate_by_name=True)

    region: str
    product_id: str
    price: Usd
    outcome: AttemptOutcome
    reason: str = ""
    """Novita's machine-readable reason, or ours where Novita gave none."""
    message: str = ""
    milliseconds: int = 0


class Failure(Value):
    """Why a launch or an instance failed. `kind` sorts it for people's words, `message` is Novita's own."""

    kind: FailureKind
    reason: str = ""
    message: str = ""


class FailureKind(StrEnum):
    """What to do next differs by kind (API.md, Error reasons)."""

    NO_CAPACITY = "no_capacity"
    MONEY = "money"
    QUOTA = "quota"
    BAD_INPUT = "bad_input"
    ACCOUNT = "account"
    GATEWAY = "gateway"
    """Something in front of Novita said no: Novita has not seen the request, so nothing was made or changed."""
    PACE = "pace"
    UNREACHABLE = "unreachable"
    DEADLINE = "deadline"
    LOST = "lost"
    """Novita's answer was lost and no instance showed up under the name."""
    STORE = "store"
    """Redis went away between two attempts: without a record nothing more is tried."""
    INSTANCE = "instance"
    """Created, but it did not come up: image pull failed, crashed."""
    OTHER = "other"


Failure.model_rebuild()
