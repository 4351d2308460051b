"""What the routes of /api work with, given by the composition root."""

from __future__ import annotations

from dataclasses import dataclass

from bot.process.background import Background
from core.domain.clock import Clock
from core.services.gpus import Gpus


@dataclass(frozen=True)
class Services:
    """One of each."""

    gpus: Gpus
    background: Background
    clock: Clock
