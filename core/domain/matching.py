"""Which record each instance at Novita belongs to: by Novita's id, and by its name only where no id is known (pure)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from core.domain.identity import token_in
from core.domain.instance import Instance
from core.domain.novita import NovitaInstance, age_order
from core.domain.transitions.statuses import GONE_WORDS


@dataclass(frozen=True)
class Matched:
    """What one look finds: the instances with their records, those that belong to no live record, and the reverse."""

    pairs: tuple[tuple[Instance, NovitaInstance], ...]
    unknown: tuple[NovitaInstance, ...]
    """The oldest first."""
    absent: tuple[Instance, ...]


def matched(live: Iterable[Instance], listed: Iterable[NovitaInstance]) -> Matched:
    """Of several instances with one name, the oldest belongs to the record that has no Novita id yet."""
    records = list(live)
    owners = {record.remote.id: record for record in records if record.remote.id}
    nameless = {record.id: record for record in records if record.remote.id is None}
    pairs: list[tuple[Instance, NovitaInstance]] = []
    unknown: list[NovitaInstance] = []
    for novita in sorted(listed, key=_turn):
        record = owners.get(novita.id) or nameless.pop(token_in(novita.name) or "", None)
        if record is None:
            unknown.append(novita)
        else:
            pairs.append((record, novita))
    seen = {record.id for record, _ in pairs}
    return Matched(tuple(pairs), tuple(unknown), tuple(record for record in records if record.id not in seen))


def is_leaving(novita: NovitaInstance) -> bool:
    """Whether Novita is removing it, or has: it lingers in listings for a while."""
    return novita.status in GONE_WORDS


def _turn(novita: NovitaInstance) -> tuple[bool, tuple[datetime, str]]:
    """What is being removed takes no record from what stays."""
    return is_leaving(novita), age_order(novita)
