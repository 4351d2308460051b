"""The shape of every transition's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from core.domain.events import Event
from core.domain.instance import Instance

TransitionResult = tuple[Instance, Sequence[Event]]


def changed(instance: Instance, changes: Mapping[str, Any], event: Event) -> TransitionResult:
    """The next version of the record, and what happened."""
    return instance.replace(**changes), [event]
