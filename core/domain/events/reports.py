"""What a machine says of itself."""

from __future__ import annotations

from enum import StrEnum
from typing import Literal

from core.domain.events.base import BaseEvent


class ReportLevel(StrEnum):
    """How a machine means what it reports."""

    INFO = "info"
    DONE = "done"
    ERROR = "error"


class MachineReported(BaseEvent):
    """A program on the instance posted a line to its own address. `text` is clean, clipped, and not to be trusted."""

    type: Literal["machine_reported"] = "machine_reported"
    text: str
    level: ReportLevel = ReportLevel.INFO


class ReportsLeftOut(BaseEvent):
    """More reports than are shown came within a minute."""

    type: Literal["reports_left_out"] = "reports_left_out"
    count: int
