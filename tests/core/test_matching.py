"""Which record an instance at Novita belongs to."""

from __future__ import annotations

from datetime import timedelta

from core.domain.matching import matched
from core.domain.novita import NovitaInstance
from tests.core.samples import NOON, at_novita, instance, record_with

NAMELESS = instance()


def _seen(novita_id: str, minutes: float | None, status: str = "running") -> NovitaInstance:
    made = None if minutes is None else NOON + timedelta(minutes=minutes)
    return at_novita(NAMELESS, status, id=novita_id, created_at=made)


def test_of_several_by_one_name_the_oldest_belongs_to_the_record_that_has_no_id() -> None:
    for first, others in (
        (_seen("n-9", 0), [_seen("n-1", 1), _seen("n-2", None)]),
        (_seen("n-1", 0), [_seen("n-2", 0)]),
        (_seen("n-9", 5), [_seen("n-1", 0, "removing"), _seen("n-2", 1, "removed")]),
    ):
        for listed in ([first, *others], [*others, first]):
            found = matched([NAMELESS], listed)
            assert found.pairs == ((NAMELESS, first),)
            assert {each.id for each in found.unknown} == {each.id for each in others}
            assert found.absent == ()


def test_a_record_with_an_id_has_no_other_instance_and_is_absent_without_it() -> None:
    known = record_with(NAMELESS, novita_id="n-5")
    found = matched([known], [_seen("n-1", 0)])
    assert (found.pairs, found.absent) == ((), (known,))
    assert matched([known], [_seen("n-1", 0), _seen("n-5", 1)]).pairs[0][1].id == "n-5"
