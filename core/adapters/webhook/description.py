"""What a webhook sends, as models: their schemas are what openapi.json promises of each type of event."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, create_model
from pydantic.alias_generators import to_camel

from core.adapters.webhook.payload import TOLD, type_of
from core.domain.base import Instant
from core.domain.responses import CreateInstanceResponse

_AS_SENT = ConfigDict(alias_generator=to_camel, populate_by_name=True, json_schema_serialization_defaults_required=True)


class News(CreateInstanceResponse):
    """What every event has: the answer to a create as it would be now, and when which event happened."""

    model_config = _AS_SENT

    id: str = Field(description="The same each time this event is sent; also in `X-Webhook-Id`.")
    timestamp: Instant = Field(description="When it happened.")
    elapsed_seconds: float = Field(description="From the request to this event.")
    name: str = Field(description="As it was asked for.")


class _Details(BaseModel):
    model_config = _AS_SENT


@cache
def described() -> dict[str, type[News]]:
    """Each type of event that is told, by the word in `type`, with the model of what is sent."""
    return {type_of(event): _news(event) for event in TOLD}


def _news(event: type[BaseModel]) -> type[News]:
    said: dict[str, Any] = {
        "type": (Literal[type_of(event)], ...),  # type: ignore[arg-type]
        "details": (_details(event), Field(description="What only this event has.")),
    }
    return create_model(f"{event.__name__}News", __base__=News, __doc__=event.__doc__, **said)


def _details(event: type[BaseModel]) -> type[_Details]:
    own: dict[str, Any] = {
        name: (field.annotation, field) for name, field in event.model_fields.items() if name not in ("at", "type")
    }
    return create_model(f"{event.__name__}Details", __base__=_Details, __doc__="", **own)
