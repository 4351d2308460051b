"""What the one-liner promises: the wording people use, any order, nothing guessed, and no text that makes it fail."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Iterable
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from bot.oneliner import ParsedLine, Vocabulary, complaint, parsed_line_of, read, vocabulary, write
from bot.slack.typed import LIMIT
from core.domain.base import BillingMode
from core.domain.durations import LONGEST, read_duration
from core.domain.market import Region
from core.domain.request import DISK_MAX_GB, DISK_MIN_GB, NAME_PATTERN, InstanceRequest
from core.domain.template import Template
from tests.bot.factories import H100, HONG_KONG, HOSTILE, RTX, SINGAPORE, SYDNEY, anything, market, product

L40S, A100, ADA = "L40S 48GB", "A100 SXM 80GB", "RTX 6000 Ada 48GB"
US_CA, US_WEST = Region(id="us-ca-6", name="US-CA-06", place="California"), Region(id="us-west-1", name="US-WEST-01")
PYTORCH, COMFY, UBUNTU, VLLM, PROD = "101", "102", "103", "104", "107672"
SHOP = Vocabulary(
    products=(RTX, H100, L40S, A100, ADA),
    regions=(HONG_KONG, SINGAPORE, SYDNEY, US_CA, US_WEST),
    templates=(
        (PYTORCH, "PyTorch 2.6"),
        (COMFY, "ComfyUI"),
        (UBUNTU, "Ubuntu 22.04 + CUDA"),
        (VLLM, "vLLM"),
        (PROD, "comfy-prod"),
    ),
)
HOURS_4 = timedelta(hours=4)
SPOT, ON_DEMAND = BillingMode.SPOT, BillingMode.ON_DEMAND

SAYABLE = [each.name for each in fields(ParsedLine)]

TRAIN = ParsedLine(
    name="train-1",
    product_name=RTX,
    gpu_num=2,
    billing_mode=SPOT,
    lease=HOURS_4,
    region="AS-SGP-02",
    template_id=PYTORCH,
)


def heard(text: str, words: Vocabulary = SHOP) -> dict[str, Any]:
    """What was understood, without what was not said."""
    parsed = read(text, words)
    fields = {name: getattr(parsed, name) for name in SAYABLE}
    return {name: value for name, value in fields.items() if value not in (None, False, (), {})}


def shop(*products: str, templates: Iterable[tuple[str, str]] = ()) -> Vocabulary:
    return Vocabulary(products=products, regions=SHOP.regions, templates=tuple(templates) or SHOP.templates)


# --- wording ---------------------------------------------------------------------------------------------------------


def test_the_line_of_the_manual_is_understood_whole() -> None:
    assert read("4090 x2 spot 4h in sgp as train-1 from pytorch", SHOP) == TRAIN


@pytest.mark.parametrize(
    "text",
    [
        "RTX4090, 2x, SPOT, for 4 hours, in Singapore, named train-1, from PyTorch 2.6.",
        "2x4090 spot 4H AS-SGP-02 called train-1 from “pytorch 2.6”",
        "4090x2 from pytorch singapore as train-1 for 240m spot",
        "name=train-1 gpu=4090 gpus=2 billing=spot lease=4h region=sgp template=pytorch",
        "--name train-1 --gpu=4090 --count=2 —region=as–sgp–02 --template='PyTorch 2.6' spot 4h",
        "product_name: 4090 gpu_num: 2 billing_mode: spot lease: 4h region: sgp2 template_id: 101 name: train-1",
        "I want 2x nvidia 4090s on spot for 4 hours in as-sgp-02 with a pytorch template named train–1 please",
        "2 gpus “RTX 4090 24GB” spot 3h 60m in “AS-SGP-02” as 'train-1' from 101",
        "  4090   ×2\tspot\n4h in sgp as train-1 using pytorch  ",
    ],
)
def test_the_same_wish_in_other_words_is_the_same_wish(text: str) -> None:
    assert read(text, SHOP) == TRAIN


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("4090", RTX),
        ("rtx 4090", RTX),
        ("4090 24gb", RTX),
        ("4090 24 GB", RTX),
        ("h100", H100),
        ("h100sxm", H100),
        ("a100 80gb", A100),
        ("80gb a100", A100),
        ("a100-80g", A100),
        ("L40s", L40S),
        ("6000 ada", ADA),
        ("rtx6000ada", ADA),
        ("gpu=ada 6000", ADA),
        ('"A100 SXM 80GB"', A100),
    ],
)
def test_a_gpu_is_found_by_loose_words(text: str, name: str) -> None:
    assert heard(text) == {"product_name": name}


@pytest.mark.parametrize(
    "text", ["x2", "2x", "X2", "×2", "*2", "2 x", "x 2", "2 gpus", "2gpu", "gpus=2", "gpu=2", "2 cards"]
)
def test_a_count_is_understood(text: str) -> None:
    assert heard(text) == {"gpu_num": 2}


@pytest.mark.parametrize("text", ["on demand", "ondemand", "on-demand", "On–Demand", "onDemand", "billing=on demand"])
def test_on_demand_is_understood_however_it_is_written(text: str) -> None:
    assert heard(text) == {"billing_mode": ON_DEMAND}


@pytest.mark.parametrize(
    "text", ["no end", "forever", "no-end", "without end", "for: forever", "lease=none", "no limit"]
)
def test_no_end_is_not_the_same_as_no_word_about_the_lease(text: str) -> None:
    assert heard(text) == {"no_end": True}


@pytest.mark.parametrize("text", ["anywhere", "any region", "in any region", "in any", "region=any", "region=*"])
def test_anywhere_is_not_the_same_as_no_word_about_the_region(text: str) -> None:
    assert heard(text) == {"any_region": True}


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("in CN-HK-01", "CN-HK-01"),
        ("cn-hk-01", "CN-HK-01"),
        ("hk", "CN-HK-01"),
        ("hk1", "CN-HK-01"),
        ("hong kong", "CN-HK-01"),
        ("in Hong Kong", "CN-HK-01"),
        ("region=hongkong", "CN-HK-01"),
        ("in as sgp 02", "AS-SGP-02"),
        ("as-sgp-2", "AS-SGP-02"),
        ("in us california", "US-CA-06"),
        ("in us west", "US-WEST-01"),
        ("in cali", "US-CA-06"),
    ],
)
def test_a_region_goes_by_name_id_and_place(text: str, name: str) -> None:
    assert heard(text) == {"region": name}


@pytest.mark.parametrize(
    ("text", "template_id"),
    [
        ("from pytorch", PYTORCH),
        ("from pytorch 2.6", PYTORCH),
        ("from “PyTorch 2.6”", PYTORCH),
        ("from jupy", "105"),
        ("template=comfyui", COMFY),
        ("from comfy prod", PROD),
        ("from comfy-prod", PROD),
        ("from ubuntu 22.04 + cuda", UBUNTU),
        ("from 107672", PROD),
        ("vllm", VLLM),
        ("a vllm template", VLLM),
    ],
)
def test_a_template_goes_by_its_words_and_its_id(text: str, template_id: str) -> None:
    words = replace(SHOP, templates=(*SHOP.templates, ("105", "JupyterLab")))
    assert heard(text, words) == {"template_id": template_id}


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("100gb", 100),
        ("100 GB", 100),
        ("disk 100", 100),
        ("disk 100gb", 100),
        ("100gb disk", 100),
        ("100 gb storage", 100),
        ("disk=100", 100),
        ("rootfs_size=100g", 100),
        ("1tb", 1024),
    ],
)
def test_a_disk_is_understood(text: str, size: int) -> None:
    assert heard(text) == {"rootfs_size": size}


def test_a_size_is_the_gpus_own_where_the_gpu_has_it_and_the_disk_otherwise() -> None:
    assert heard("a100 80gb") == {"product_name": A100}
    assert heard("a100 100gb") == {"product_name": A100, "rootfs_size": 100}
    assert heard("a100 80gb 80gb") == {"product_name": A100, "rootfs_size": 80}
    assert heard("80gb a100 disk 80") == {"product_name": A100, "rootfs_size": 80}
    assert heard("80gb disk a100") == {"product_name": A100, "rootfs_size": 80}
    assert heard("80gb") == {"rootfs_size": 80}


def test_words_around_a_number_of_hours_do_not_make_it_a_disk() -> None:
    assert heard("100gb disk 12 hours") == {"rootfs_size": 100, "lease": timedelta(hours=12)}
    assert heard("80gb disk 5 a100") == {"product_name": A100, "not_understood": ("disk 5",)}
    assert heard("24gb disk 100 4090") == {"rootfs_size": 100, "product_name": RTX}


def test_two_cards_that_share_a_word_are_told_apart_by_a_letter() -> None:
    words = shop("RTX 4090 24GB", "RTX 4090 D 24GB")
    assert heard("4090 d", words) == {"product_name": "RTX 4090 D 24GB"}
    assert heard("4090d x2", words) == {"product_name": "RTX 4090 D 24GB", "gpu_num": 2}
    assert heard("4090 D") == {"product_name": RTX, "not_understood": ("D",)}
    assert heard("4090s", words) == {"ambiguous": {"product_name": ("RTX 4090 24GB", "RTX 4090 D 24GB")}}


def test_several_cards_that_are_not_sold_are_no_lease_in_seconds() -> None:
    assert heard("5090s spot") == {"billing_mode": SPOT, "not_understood": ("5090s",)}
    assert heard("lease=90s") == {"lease": timedelta(seconds=90)}


def test_text_is_read_as_it_was_typed_before_slack_escaped_it() -> None:
    words = shop("A & B <1>", '5" "inch"', "&lt;")
    assert heard("gpu='A &amp; B &lt;1&gt;'", words) == {"product_name": "A & B <1>"}
    assert heard(r"gpu=“5\" \"inch\"”", words) == {"product_name": '5" "inch"'}
    assert heard("as <http://train.ml|train-ml> in <#C012AB3CD|sgp>") == {"name": "train-ml", "region": "AS-SGP-02"}
    assert heard("gpu='&amp;lt;'", words) == {"product_name": "&lt;"}
    assert heard("<@U012AB3CD|bob> <https://a.example>") == {"not_understood": ("@bob", "https://a.example")}


def test_dashes_that_a_phone_made_are_hyphens_again() -> None:
    assert heard("as train–1 in cn—hk—01") == {"name": "train-1", "region": "CN-HK-01"}
    assert heard("as train—1") == {"name": "train--1"}


# --- what is not understood, and what stays open ---------------------------------------------------------------------


def test_unknown_words_are_collected_in_the_order_of_the_text_and_each_once() -> None:
    text = "foo 4090 in mars bar foo from pytroch as na!me x9 disk 5 2gb gpu=banana lease="
    unread = ("foo", "in mars", "bar", "from pytroch", "as na!me", "x9", "disk 5", "2gb", "gpu=banana", "lease=")
    assert heard(text) == {"product_name": RTX, "not_understood": unread}


def test_an_opener_does_not_swallow_what_means_something_else() -> None:
    assert heard("4090 in x2 spot") == {
        "product_name": RTX,
        "gpu_num": 2,
        "billing_mode": SPOT,
        "not_understood": ("in",),
    }
    assert heard("4090 as") == {"product_name": RTX, "not_understood": ("as",)}
    assert heard('as "no name" 4090') == {"product_name": RTX, "not_understood": ("as no name",)}


def test_what_several_things_share_is_reported_and_not_guessed() -> None:
    assert heard("48gb rtx disk 60") == {"product_name": ADA, "rootfs_size": 60}
    assert heard("rtx in us from comfy-prod vllm") == {
        "ambiguous": {
            "product_name": (RTX, ADA),
            "region": ("US-CA-06", "US-WEST-01"),
            "template_id": (VLLM, PROD),
        }
    }


def test_one_whole_name_wins_over_longer_ones() -> None:
    words = shop("A100 80GB", "A100")
    assert heard("a100", words) == {"product_name": "A100"}
    assert heard("a100 80gb", words) == {"product_name": "A100 80GB"}
    assert heard("a100 h100", shop("A100 80GB", "H100"))["ambiguous"] == {"product_name": ("A100 80GB", "H100")}


def test_the_letter_case_decides_where_nothing_else_does() -> None:
    words = shop("rtx", "RTX")
    assert heard('"RTX"', words) == {"product_name": "RTX"}
    assert heard("Rtx 4h", words) == {"ambiguous": {"product_name": ("rtx", "RTX")}, "lease": HOURS_4}


def test_two_different_answers_to_one_question_are_both_reported() -> None:
    assert heard("4090 h100 spot on demand x2 x4 4h no end hk sgp as b as a 60gb 80gb disk") == {
        "ambiguous": {
            "product_name": (RTX, H100),
            "billing_mode": ("on demand", "spot"),
            "gpu_num": ("2", "4"),
            "lease": ("4h", "no end"),
            "region": ("CN-HK-01", "AS-SGP-02"),
            "name": ("a", "b"),
            "rootfs_size": ("60", "80"),
        }
    }


def test_the_same_answer_twice_is_one_answer() -> None:
    assert read("4090 rtx spot 4h in sgp singapore x2 2x spot as train-1 4h pytorch from 101", SHOP) == TRAIN


def test_a_wish_is_clear_only_when_all_of_it_was_understood() -> None:
    assert read("4090 spot", SHOP).is_clear
    assert not read("4090 sport", SHOP).is_clear
    assert not read("rtx", SHOP).is_clear


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("4090 4h", ""),
        ("from pytroch", "Not understood: “from pytroch” (did you mean pytorch?)."),
        ("4090 sport", "Not understood: “sport” (did you mean spot?)."),
        ("h100 9", "Not understood: “9” (write 9h for hours)."),
        ("h100 80 x9", "Not understood: “80” (write 80h for hours or disk 80 for GB) and “x9” (1 to 8 GPUs)."),
        ("h100 2", "Not understood: “2” (write x2 for GPUs, 2h for hours)."),
        ("disk 7000", "Not understood: “disk 7000” (a disk has 10 to 6144 GB)."),
        ("4gb", "Not understood: “4gb” (a disk has 10 to 6144 GB)."),
        ("rtx x2 x3", f"Which GPU: {RTX} or {ADA}? How many GPUs: 2 or 3?"),
        ("from comfyui vllm q", "Not understood: “q”. Which template: ComfyUI or vLLM?"),
    ],
)
def test_the_complaint_is_one_helpful_line(text: str, line: str) -> None:
    assert complaint(read(text, SHOP), SHOP) == line


def test_a_complaint_names_templates_of_one_name_by_their_ids_and_counts_what_it_leaves_out() -> None:
    words = replace(SHOP, templates=tuple((str(number), "base") for number in range(8)))
    told = "base (0), base (1), base (2), base (3), base (4) or 3 more"
    assert complaint(read("from base", words), words) == f"Which template: {told}?"


# --- durations -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "minutes"),
    [
        ("4h", 240),
        ("90m", 90),
        ("1d12h", 36 * 60),
        ("1 day 12 hours", 36 * 60),
        ("1.5h", 90),
        ("2 HRS 5 Min", 125),
        ("1w", 7 * 24 * 60),
        ("120s", 2),
    ],
)
def test_a_duration_is_read(text: str, minutes: int) -> None:
    assert read_duration(text) == timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "text", ["", "4", "h", "0h", "-4h", "4h4h", "12h1d", "1 2h", "4 months", "tonight", "999999999w", "٤h"]
)
def test_what_is_no_duration_is_none(text: str) -> None:
    assert read_duration(text) is None


# --- promises about every text ---------------------------------------------------------------------------------------

PIECES = [
    *("4090", "x2", "2x", "x", "2", "gpus", "spot", "on", "demand", "4h", "h", "d", "no", "end", "any", "region"),
    *("in", "as", "from", "disk", "100", "gb", "name=", "gpu=", "lease:", "template =", "for", "hk", "01", "us"),
    *('"', "“", "”", "'", "’", "\\", '\\"', "\\u26;", "&amp;", "&lt;", "<", ">", "<@U1|", "<http://a|b>", "–", "—"),
    *("=", ":", ",", ";", ".", "+", "&", "--", "train-1", "PyTorch 2.6", "４０９０", "GPU", "!", "s", "24gb"),
    *("\n", "\u200b", "\u2028"),
]
texts = st.lists(st.sampled_from(PIECES) | anything, max_size=30).flatmap(
    lambda pieces: st.sampled_from(["", " "]).map(lambda gap: gap.join(pieces))
)
names = st.one_of(
    st.text(min_size=1, max_size=30),
    st.lists(st.sampled_from([*PIECES, "RTX", "D", "80GB", "4", "day"]), min_size=1, max_size=4).map(" ".join),
    st.sampled_from([*PIECES, "GPUs", "any region", "no end", "2 days", "1h", "lease=4h", " ", "a b"]),
    st.sampled_from([hostile[:200] for hostile in HOSTILE]),
)
regions = st.builds(Region, id=names, name=names, place=names | st.just(""))
vocabularies = st.builds(
    Vocabulary,
    products=st.lists(names, max_size=6, unique=True).map(tuple),
    regions=st.lists(regions, max_size=6, unique_by=lambda region: region.name).map(tuple),
    templates=st.lists(st.tuples(names, names | st.just("")), max_size=6, unique_by=lambda pair: pair[0]).map(tuple),
)


@st.composite
def wishes(draw: st.DrawFn, words: Vocabulary) -> ParsedLine:
    """Anything that can be wished for with these words."""

    def perhaps(values: Iterable[str]) -> str | None:
        return draw(st.sampled_from([None, *values]))

    any_region, no_end = draw(st.booleans()), draw(st.booleans())
    lease = draw(st.none() | st.timedeltas(min_value=timedelta(microseconds=1), max_value=LONGEST) | leases)
    return ParsedLine(
        name=draw(
            st.none() | st.from_regex(NAME_PATTERN.replace("$", r"\Z")) | st.sampled_from(["as", "4h", "x", "--x"])
        ),
        product_name=perhaps(words.products),
        gpu_num=draw(st.none() | st.integers(1, 8)),
        billing_mode=draw(st.none() | st.sampled_from(BillingMode)),
        lease=None if no_end else lease,
        no_end=no_end,
        region=None if any_region else perhaps(region.name for region in words.regions),
        any_region=any_region,
        template_id=perhaps(template_id for template_id, _ in words.templates),
        rootfs_size=draw(st.none() | st.integers(DISK_MIN_GB, DISK_MAX_GB)),
    )


instance_names = st.from_regex(NAME_PATTERN.replace("$", r"\Z")) | st.sampled_from(["as", "4h", "x", "--x"])
leases = st.integers(1, 1000).map(lambda minutes: timedelta(minutes=minutes))


@given(texts, vocabularies)
@example('"' + '\\" ' * 50, SHOP)
@example("\ud800 as \udfff", SHOP)
def test_no_text_makes_it_fail_and_the_complaint_is_one_short_line(text: str, words: Vocabulary) -> None:
    for known in (words, SHOP):
        parsed = read(text, known)
        line = complaint(parsed, known)
        assert bool(line) is not parsed.is_clear
        assert len(line) <= 700
        assert len(line.splitlines()) <= 1
        assert all(parsed.not_understood)


@given(st.data(), vocabularies)
def test_a_written_wish_reads_back_as_itself(data: st.DataObject, words: Vocabulary) -> None:
    parsed = data.draw(wishes(words))
    line = write(parsed, words)
    assert len(line.splitlines()) <= 1
    assert read(line, words) == parsed
    typed = line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    assert read(typed, words) == parsed, "also as Slack sends it when a person types the line"


def test_names_that_slacks_escaping_lengthens_are_read_whole() -> None:
    """Each of them alone is a thousand characters on the wire; what counts is what a person typed."""
    long = "&" * 200
    words = Vocabulary(products=(long,), regions=(Region(id=long, name=long, place=""),), templates=((long, ""),))
    parsed = ParsedLine(product_name=long, region=long, template_id=long, name="train-1")
    typed = write(parsed, words).replace("&", "&amp;")
    assert len(typed) > 3000
    assert read(typed, words) == parsed


def test_what_is_typed_beyond_the_limit_is_counted_as_it_was_typed() -> None:
    line = "as train-1 "
    full = line + "&amp;" * (LIMIT - len(line))
    assert not any("more characters" in told for told in read(full, SHOP).not_understood)
    assert read(full, SHOP).name == "train-1"
    assert read(full + "&amp;", SHOP).not_understood[-1] == "… and 1 more characters"
    assert read(full + "&amp;&lt;", SHOP).not_understood[-1] == "… and 2 more characters"


@given(st.data(), vocabularies, st.randoms(use_true_random=False))
def test_the_order_of_the_written_parts_does_not_matter(
    data: st.DataObject, words: Vocabulary, shuffled: random.Random
) -> None:
    parsed = data.draw(wishes(words))
    parts = [write(replace(ParsedLine(), **part), words) for part in _single_fields(parsed)]
    shuffled.shuffle(parts)
    assert read(" ".join(parts), words) == parsed


def _single_fields(parsed: ParsedLine) -> list[dict[str, Any]]:
    fields = [name for name in SAYABLE if name not in ("not_understood", "ambiguous", "envs")]
    return [{name: value} for name in fields if (value := getattr(parsed, name)) not in (None, False)]


LOOSE_PARTS = st.tuples(
    *(
        st.sampled_from([*wordings, ""])
        for wordings in (
            ("4090", "rtx4090", "rtx 4090", "a100 80gb", "H100", "l40s", "6000 ada", "2x4090", "rtx", "4090 h100"),
            ("x2", "2x", "2 gpus", "gpus=2", "x9"),
            ("spot", "on demand", "ondemand", "on-demand", "billing=spot"),
            ("4h", "for 4h", "1 day 12 hours", "no end", "lease=90m", "12 hours"),
            ("in sgp", "hk", "Hong Kong", "in Hong Kong", "in us", "region=cn-hk-01", "anywhere", "in mars"),
            ("as train-1", "named 4h", "name=x2", "as 4090"),
            ("from pytorch", "from pytorch 2.6", 'from "PyTorch 2.6"', "template=comfy prod", "vllm", "from foo"),
            ("disk 100", "100gb", "100 gb", "disk=80gb", "80gb", "24gb", "disk 5"),
            ("please", "foo", "a", "+", "9", "nvidia"),
        )
    )
)


@given(LOOSE_PARTS, st.randoms(use_true_random=False))
def test_the_order_of_loosely_worded_parts_does_not_matter(parts: tuple[str, ...], shuffled: random.Random) -> None:
    mixed = list(parts)
    shuffled.shuffle(mixed)
    first, other = read(" ".join(parts), SHOP), read(" ".join(mixed), SHOP)
    assert sorted(other.not_understood) == sorted(first.not_understood)
    assert replace(other, not_understood=()) == replace(first, not_understood=())


@given(st.data())
def test_a_printed_request_reads_back_as_the_same_request(data: st.DataObject) -> None:
    parsed = data.draw(wishes(SHOP))
    assume(parsed.name and parsed.product_name and parsed.template_id)
    request = InstanceRequest(
        name=parsed.name or "",
        product_name=parsed.product_name or "",
        template_id=parsed.template_id or "",
        gpu_num=parsed.gpu_num or 1,
        rootfs_size=parsed.rootfs_size or 60,
        region=parsed.region,
        billing_mode=parsed.billing_mode or SPOT,
        lease=parsed.lease,
        channel="C0GPU00001",
    )
    assert read(write(parsed_line_of(request), SHOP), SHOP) == parsed_line_of(request)


@pytest.mark.parametrize(
    "name", ["&lt;", "<@U1|x>", '5" “x”', r"a\u26;b\\", "a  b\n", "spot", "gpus", "4h", "0H", "NOEND", "x2", "GPU!"]
)
def test_a_product_of_any_name_can_be_printed_and_read(name: str) -> None:
    words = shop(name, RTX)
    for lease in (HOURS_4, timedelta(minutes=1)):
        parsed = ParsedLine(product_name=name, lease=lease)
        line = write(parsed, words)
        assert read(line, words) == parsed
        assert read(line.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;"), words) == parsed


def test_a_printed_request_is_what_a_person_would_type() -> None:
    line = '"RTX 4090 24GB" x2 spot 4h in AS-SGP-02 as train-1 from "PyTorch 2.6"'
    assert write(TRAIN, SHOP) == line
    assert write(replace(TRAIN, template_id=COMFY, region=None, any_region=True, lease=None, no_end=True), SHOP) == (
        '"RTX 4090 24GB" x2 spot no end anywhere as train-1 from ComfyUI'
    )


def test_what_the_vocabulary_lacks_is_still_printed_and_not_understood_when_read() -> None:
    line = write(replace(TRAIN, product_name="RTX 9090", template_id="gone-1"), SHOP)
    assert line.startswith('"RTX 9090" x2') and "from gone-1" in line
    assert read(line, SHOP).not_understood == ("RTX 9090", "from gone-1")


@pytest.mark.parametrize(
    "piece",
    [
        '"',
        "'",
        '\\" ',
        "1h ",
        "9 ",
        "in us ",
        "from a ",
        "a-",
        "<",
        "&",
        "name ",
        "100gb disk ",
        "4090 ",
        "2x",
        "from pytorch ",
        "=",
        "\u3000",
    ],
)
def test_a_text_without_end_is_read_in_bounded_time_and_its_rest_is_reported(piece: str) -> None:
    began = time.process_time()
    parsed = read(piece * 100_000, SHOP)
    spent = time.process_time() - began
    assert spent < 1, "it takes about a tenth of a second"
    assert re.fullmatch(r"… and \d+ more characters", parsed.not_understood[-1])
    assert sum(map(len, parsed.not_understood)) < 3000


def test_the_vocabulary_is_what_novita_sells_at_the_moment() -> None:
    sold = market(product(HONG_KONG), product(SINGAPORE), product(SINGAPORE, name=H100))
    kept = Template(id=PROD, name="comfy-prod", channel="private", image="example.com/comfy:1")
    words = vocabulary(sold, [kept])
    assert words.products == (RTX, H100)
    assert words.regions == sold.regions
    assert heard("h100 in sydney from comfy", words) == {
        "product_name": H100,
        "region": "OC-AU-01",
        "template_id": PROD,
    }


@pytest.mark.parametrize(("typed", "meant"), [("4009", "4090"), ("4900", "4090")])
def test_a_number_with_a_slip_in_it_is_taken_for_the_gpu_that_is_near(typed: str, meant: str) -> None:
    assert f"did you mean {meant}?" in complaint(read(typed, SHOP), SHOP)


def test_a_part_of_the_world_is_the_regions_in_it() -> None:
    regions = tuple(Region(id=name.lower(), name=name) for name in ("EU-GB-01", "US-CA-06", "US-TX-01"))
    words = Vocabulary(products=(), regions=regions, templates=())
    assert read("in europe", words).region == "EU-GB-01"
    assert read("in America", words).ambiguous == {"region": ("US-CA-06", "US-TX-01")}
