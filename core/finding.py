"""Which instance a person means by a name, a part of one, or an id (pure)."""

from __future__ import annotations

from collections.abc import Iterable

from core.models import Instance


def matching(instances: Iterable[Instance], text: str) -> list[Instance]:
    """The instances meant by `text`: by id, else by whole name, else by a part of the name; newest first."""
    wanted, known = text.strip().casefold(), sorted(instances, key=lambda i: i.created_at, reverse=True)
    if not wanted:
        return []
    for is_meant in (_by_id, _by_name, _by_part):
        if found := [instance for instance in known if is_meant(instance, wanted)]:
            return found
    return []


def _by_id(instance: Instance, wanted: str) -> bool:
    return wanted in (instance.id, (instance.novita_id or "").casefold(), instance.novita_name.casefold())


def _by_name(instance: Instance, wanted: str) -> bool:
    return instance.request.name.casefold() == wanted


def _by_part(instance: Instance, wanted: str) -> bool:
    return wanted in instance.request.name.casefold()
