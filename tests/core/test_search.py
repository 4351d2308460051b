"""What is meant by names as people and programs write them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from core.domain.market import Region
from core.domain.search import matching, product_names, region_names, templates_about
from core.domain.template import Template
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


SOLD = product_names(
    ["RTX 4090 24GB", "RTX 4090 D 24GB", "RTX 6000 Ada 48GB", "L40S 48GB", "H100 SXM 80GB", "H200 SXM"]
)


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("RTX 4090 24GB", ["RTX 4090 24GB"]),
        ("rtx 4090 24gb", ["RTX 4090 24GB"]),
        ("rtx4090-24g", ["RTX 4090 24GB"]),
        ("4090 24GB", ["RTX 4090 24GB"]),
        ("4090 d", ["RTX 4090 D 24GB"]),
        ("h100", ["H100 SXM 80GB"]),
        ("H100 SXM", ["H100 SXM 80GB"]),
        ("ada", ["RTX 6000 Ada 48GB"]),
        ("4090", ["RTX 4090 24GB", "RTX 4090 D 24GB"]),
        ("48GB", ["RTX 6000 Ada 48GB", "L40S 48GB"]),
        ("H20", []),
        ("L40", []),
        ("RTX 6000 48GB", []),
        ("", []),
        ("***", []),
    ],
)
def test_a_program_means_the_name_or_a_part_of_whole_words(text: str, meant: list[str]) -> None:
    assert SOLD.meant(text) == meant


def test_what_is_no_longer_sold_is_never_taken_for_its_neighbour() -> None:
    assert product_names(["RTX 4090 D 24GB"]).meant("RTX 4090 24GB") == []


def test_a_region_goes_by_its_name_its_id_and_its_place() -> None:
    regions = region_names(
        [Region(id="cn-hongkong-1", name="CN-HK-01", place="Hong Kong"), Region(id="cn-2", name="CN-SH-02")]
    )
    for text in ("CN-HK-01", "cn-hk-1", "cn-hongkong-1", "hong kong", "HK"):
        assert regions.meant(text) == ["CN-HK-01"]
    assert regions.meant("cn") == ["CN-HK-01", "CN-SH-02"]


TORCH = Template(id="17", name="PyTorch 2.9", channel="official", image="novita/torch:2.9-cuda13")
OWN = Template(id="9", name="zz-torch", channel="private", image="team/x:1")
SAME = Template(id="8", name="ZZ-Torch", channel="private", image="team/y:1")


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", [SAME, OWN, TORCH]),
        ("  ", [SAME, OWN, TORCH]),
        ("TORCH", [SAME, OWN, TORCH]),
        ("2.9 pytorch", [TORCH]),
        ("cuda13\ttorch", [TORCH]),
        ("17", [TORCH]),
        ("team/x", [OWN]),
        ("torch nowhere", []),
    ],
)
def test_a_template_is_found_by_all_words_in_any_order_the_accounts_own_first(text: str, found: list[Template]) -> None:
    assert templates_about([TORCH, OWN, SAME], text) == found
