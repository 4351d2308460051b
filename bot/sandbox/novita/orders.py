"""The body of a create as Novita documents it, checked to the letter (API.md, Creating)."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic.alias_generators import to_camel

MAX_PUBLISHED = 15
RESERVED_PORTS = range(2222, 2225)

_PORT = re.compile(r"(\d{1,5})/(http|tcp)")
_OUT_OF_BOUNDS = frozenset({"greater_than_equal", "less_than_equal", "string_too_long", "string_too_short", "too_long"})


def _port_number(text: str) -> str:
    if not text.isdecimal() or not 1 <= int(text) <= 65535 or int(text) in RESERVED_PORTS:
        raise ValueError("not a port that may be used")
    return text


def _ports_text(text: str) -> str:
    for part in text.split(",") if text else ():
        match = _PORT.fullmatch(part.strip())
        if match is None:
            raise ValueError("ports are written 80/http, 3306/tcp")
        _port_number(match[1])
    return text


class _Strict(BaseModel):
    model_config = ConfigDict(strict=True, extra="allow", alias_generator=to_camel)


class Env(_Strict):
    key: str = Field(min_length=1, max_length=511)
    value: str = Field(max_length=4095)


class OrderedTool(_Strict):
    name: str
    port: Annotated[str, AfterValidator(_port_number)]
    type: Literal["http", "tcp"]


class Order(_Strict):
    """A create that Novita would read. Whether it can be met is another question."""

    name: str = Field(default="", max_length=255)
    product_id: str = Field(min_length=1, max_length=255)
    cluster_id: str = ""
    gpu_num: int = Field(ge=1, le=8)
    disk_gb: int = Field(ge=10, le=6144, alias="rootfsSize")
    image_url: str = Field(min_length=1, max_length=500)
    image_auth: str = Field(default="", max_length=10239)
    image_auth_id: str = ""
    ports: Annotated[str, AfterValidator(_ports_text)] = ""
    envs: list[Env] = Field(default=[], max_length=100)
    tools: list[OrderedTool] = []
    command: str = Field(default="", max_length=2047)
    entrypoint: str = Field(default="", max_length=2047)
    kind: Literal["gpu", "cpu"]
    billing_mode: Literal["onDemand", "monthly", "spot"] = "onDemand"
    month: int = Field(default=0, ge=0, le=12)
    min_cuda_version: str = ""

    @model_validator(mode="after")
    def _publishes_few_enough(self) -> Order:
        if len(self.published()) + len(self.tools) > MAX_PUBLISHED:
            raise ValueError("ports and tools are at most 15")
        return self

    def published(self) -> list[tuple[int, str]]:
        return [(int(port), kind) for port, kind in _PORT.findall(self.ports)]

    def unknown_fields(self) -> list[str]:
        """Fields that Novita would silently ignore (API.md, Calls)."""
        parts = [self, *self.envs, *self.tools]
        return sorted({field for part in parts for field in part.model_extra or ()})


class BadOrder(Exception):
    """The body cannot be read. `message` is Novita's, `breaches` are those that no caller should ever commit."""

    def __init__(self, error: ValidationError) -> None:
        faults = [(".".join(map(str, fault["loc"])), fault["type"], fault["msg"]) for fault in error.errors()]
        self.message = f"invalid CreateInstanceRequest.{faults[0][0]}: {faults[0][2]}"
        self.breaches = [f"{place}: {text}" for place, kind, text in faults if kind not in _OUT_OF_BOUNDS]
        super().__init__(self.message)


def read_order(body: dict[str, Any]) -> Order:
    """Raises BadOrder when Novita would answer VALIDATOR_PARAM."""
    try:
        return Order.model_validate(body)
    except ValidationError as error:
        raise BadOrder(error) from error
