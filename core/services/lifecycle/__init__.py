"""What people ask of an instance that exists, and what the end of its lease asks."""

from __future__ import annotations

from core.services.lifecycle.lifecycle import Lifecycle, Ordered
from core.services.lifecycle.ports import Novita, Records
from core.services.lifecycle.possible import can_connect, can_extend, possible, why_impossible

__all__ = ["Lifecycle", "Novita", "Ordered", "Records", "can_connect", "can_extend", "possible", "why_impossible"]
