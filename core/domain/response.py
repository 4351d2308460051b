"""The answer to a create."""

from __future__ import annotations

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from core.domain.attempt import Attempt
from core.domain.base import Instant, Usd, Value
from core.domain.instance import Status


class CreateInstanceResponse(Value):
    """The answer to a create; in JSON its keys are camelCase. `spot_price` is USD per GPU-hour."""

    model_config = ConfigDict(frozen=True, alias_generator=to_camel, populate_by_name=True)

    instance_id: str
    novita_instance_id: str | None
    status: Status
    message: str
    product_id: str | None
    region: str | None
    spot_price: Usd | None
    estimated_ready_time: Instant | None
    attempts: tuple[Attempt, ...]
