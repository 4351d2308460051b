"""What somebody asks for: the request for an instance, and its bounds."""

from __future__ import annotations

from datetime import timedelta
from enum import StrEnum

from pydantic import Field, SecretStr

from core.domain.base import BillingMode, Value

NAME_PATTERN = r"^[A-Za-z0-9_-]{1,100}$"
GPU_NUM_LIMIT = 8
DISK_MIN_GB, DISK_MAX_GB, DISK_DEFAULT_GB = 10, 6144, 60
"""Container disk in GB (API.md, Creating); 60 GB are free."""

ENV_LIMIT = 100
"""Environment variables that Novita takes (API.md, Creating)."""

HOOK_VARIABLE = "GPU_BOT_HOOK"
"""The environment variable that gives an instance the address for its own reports (core.services.reports)."""


class LeaseEnd(StrEnum):
    """What happens to an instance when its lease is over."""

    STOP = "stop"
    """Compute is no longer paid; the data is kept for a while, and its disk may cost."""
    DELETE = "delete"


class InstanceRequest(Value):
    """What a person asks for. Environment values live in memory only: they are never written with the request."""

    name: str = Field(pattern=NAME_PATTERN)
    product_name: str
    template_id: str
    gpu_num: int = Field(default=1, ge=1, le=GPU_NUM_LIMIT)
    rootfs_size: int = Field(default=DISK_DEFAULT_GB, ge=DISK_MIN_GB, le=DISK_MAX_GB)
    region: str | None = None
    """Preferred region's name; None for any."""
    billing_mode: BillingMode = BillingMode.SPOT
    lease: timedelta | None = None
    """How long it may run, counted from running; None for no end."""
    lease_end: LeaseEnd = LeaseEnd.STOP
    channel: str | None = None
    webhook_url: str | None = None
    envs: dict[str, SecretStr] = Field(default_factory=dict, exclude=True, repr=False)
