"""The answer to a create, read off its record (pure): as the instance is now, or as its launch left it."""

from __future__ import annotations

from pydantic import ConfigDict
from pydantic.alias_generators import to_camel

from core.domain.attempt import Attempt
from core.domain.base import Instant, Usd, Value
from core.domain.instance import Instance, Status
from core.domain.validation import unlisted_words


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


def first_response_to(instance: Instance) -> CreateInstanceResponse:
    """What its create was answered once Novita had said yes or no, however the instance has fared since.

    Whoever repeats the create is told the same again.
    """
    if instance.remote.id is None:
        return response_to(instance)
    return response_to(instance.replace(status=Status.STARTING, failure=None, running_at=None))


def response_to(instance: Instance) -> CreateInstanceResponse:
    """The answer to a create as it would be today."""
    offer = instance.launch.offer
    return CreateInstanceResponse(
        instance_id=instance.id,
        novita_instance_id=instance.remote.id,
        status=instance.status,
        message=_message(instance),
        product_id=offer.product_id if offer else None,
        region=offer.region.name if offer else None,
        spot_price=offer.price if offer else None,
        estimated_ready_time=instance.estimated_ready_at,
        attempts=instance.launch.attempts,
    )


def _message(instance: Instance) -> str:
    if instance.unreadable is not None:
        return instance.unreadable.words
    if instance.failure is not None:
        return instance.failure.message or instance.failure.kind.value
    if instance.status is Status.CREATING:
        return (
            "Novita's answer was lost; looking for the instance by name."
            if instance.launch.in_doubt_since
            else "Creating."
        )
    unmet = f"{unlisted_words(instance.intent.unlisted_region)} " if instance.intent.unlisted_region else ""
    return f"{unmet}Created in {instance.launch.offer.region.name}." if instance.launch.offer else "Created."
