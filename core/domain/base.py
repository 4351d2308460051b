"""What all values share: immutability, instants, money, and who acts.

Durations are timedelta, instants are aware UTC datetimes, money is Decimal USD. Channel, user and team are opaque
strings: core does not know that they are Slack's.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, PlainSerializer


def _require_utc(instant: datetime) -> datetime:
    if instant.tzinfo is None:
        raise ValueError("an instant needs a time zone")
    return instant.astimezone(UTC)


Instant = Annotated[datetime, AfterValidator(_require_utc)]

Usd = Annotated[Decimal, PlainSerializer(float, return_type=float, when_used="json")]
"""An amount of US dollars, in JSON a number."""


class Value(BaseModel):
    """An immutable value; a change is a copy."""

    model_config = ConfigDict(frozen=True, extra="ignore")

    def replace(self, **changes: Any) -> Self:
        """The same with other values in these fields.

        Raises TypeError on what is no field of it, and ValidationError on a value that a field cannot hold: nothing is
        written that could not be read again.
        """
        if unknown := changes.keys() - type(self).model_fields.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        return self.model_validate(dict(self) | changes)

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """As pydantic's, which writes what it is given unseen, but for names that are no fields: see `replace`."""
        if unknown := (update or {}).keys() - type(self).model_fields.keys():
            raise TypeError(f"{type(self).__name__} has no {', '.join(sorted(unknown))}")
        return super().model_copy(update=update, deep=deep)


class BillingMode(StrEnum):
    """Novita's words for how an instance is paid."""

    SPOT = "spot"
    ON_DEMAND = "onDemand"


class Cause(StrEnum):
    """Who or what wants an order.

    One more is a line here, one in StopReason if it can stop an instance, and its words (bot/wording/).
    """

    PERSON = "person"
    PROGRAM = "program"
    """Whoever holds the API token."""
    LEASE = "lease"
    """It is over."""
    HUNG = "hung"
    """It does not come up, and nobody lets it go on."""

    @property
    def is_asked(self) -> bool:
        """Whether somebody asked, who is the order's `actor`; with any other cause the bot does it by itself."""
        return self in (Cause.PERSON, Cause.PROGRAM)


class Actor(Value):
    """Who asks. `user` and `team` are opaque ids."""

    user: str
    team: str = ""

    @property
    def cause(self) -> Cause:
        """Of what this one asks for."""
        return Cause.PROGRAM if self == PROGRAM else Cause.PERSON


PROGRAM = Actor(user="api")
"""Whoever holds the API token. No id of Slack's looks like this."""

NOBODY = Actor(user="unknown")
"""The owner of an instance that nobody here is known to have asked for. No id of Slack's looks like this."""
