"""Which instance a person means."""

from __future__ import annotations

from datetime import timedelta

from core.finding import matching
from tests.core.samples import NOON, instance, request

TRAIN = instance(request=request(name="train-1"), novita_id="abc123", created_at=NOON)
TRAINER = instance(request=request(name="train-12"), created_at=NOON + timedelta(hours=1))
COMFY = instance(request=request(name="Comfy"))
ALL = [TRAIN, TRAINER, COMFY]


def test_a_whole_name_wins_over_names_that_contain_it() -> None:
    assert matching(ALL, "train-1") == [TRAIN]


def test_a_part_finds_every_name_that_contains_it_newest_first_whatever_the_case() -> None:
    assert matching(ALL, "TRAIN") == [TRAINER, TRAIN]
    assert matching(ALL, "omf") == [COMFY]


def test_ids_of_either_kind_find_exactly_one() -> None:
    for text in (TRAIN.id, "ABC123", TRAIN.novita_name):
        assert matching(ALL, text) == [TRAIN]


def test_nothing_finds_nothing() -> None:
    assert matching(ALL, " ") == matching(ALL, "zzz") == []
