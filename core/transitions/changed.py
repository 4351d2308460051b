"""The shape of every transition's answer."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from core.events import Event
from core.models import Instance

Changed = tuple[Instance, Sequence[Event]]


def changed(instance: Instance, changes: Mapping[str, object], event: Event) -> Changed:
    """The next version of the record, and what happened."""
    return instance.model_copy(update=changes), [event]
