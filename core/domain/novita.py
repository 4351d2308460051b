"""An instance as Novita shows it, and how it is reached."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal

from pydantic import ConfigDict, SecretStr

from core.domain.base import Instant, Value


class Endpoint(Value):
    """Where a port of an instance answers. Public to whoever has the address, so no secret."""

    port: int
    type: str
    url: str


class NovitaInstance(Value):
    """An instance as Novita shows it, without its secrets (API.md, One instance, Listing instances)."""

    id: str
    name: str
    status: str
    region: str = ""
    region_id: str = ""
    product_id: str = ""
    product_name: str = ""
    image: str = ""
    gpu_num: int = 0
    disk_gb: int = 0
    price: Decimal | None = None
    """USD per GPU-hour."""
    created_at: Instant | None = None
    error_state: str = ""
    error_message: str = ""
    endpoints: tuple[Endpoint, ...] = ()
    is_detailed: bool = False
    """Whether it was asked for by id: the listing has no endpoints."""
    billing_mode: str = ""
    started_at: Instant | None = None
    """When it last came up, or began to: Novita does not say which."""
    stopped_at: Instant | None = None
    spot_status: str = ""
    spot_reclaim_at: Instant | None = None
    data_until: Instant | None = None
    """When the data of a stopped instance is purged (Novita's `releaseDataAt`)."""


class Connection(Value):
    """How to reach an instance, read from Novita at the moment it is shown: secret, and never written down."""

    model_config = ConfigDict(frozen=True, hide_input_in_errors=True)

    ssh_command: str = ""
    ssh_password: SecretStr = SecretStr("")
    jupyter_url: str = ""
    web_terminal_url: str = ""
    instance_log_url: str = ""
    system_log_url: str = ""
    endpoints: tuple[Endpoint, ...] = ()


def age_order(novita: NovitaInstance) -> tuple[datetime, str]:
    """Sorts the oldest first; what Novita does not date comes last."""
    return novita.created_at or datetime.max.replace(tzinfo=UTC), novita.id
