"""What all events share: when it happened."""

from __future__ import annotations

from core.domain.base import Instant, Value


class BaseEvent(Value):
    """An event: something that happened to an instance, `at` an instant."""

    at: Instant
