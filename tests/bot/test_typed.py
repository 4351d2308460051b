"""What phones and Slack do to typed text is undone in every command and for every name."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack import typed
from tests.bot.app_fixture import House, open_house
from tests.bot.scenarios import running

NAMES = [
    "train-1",
    "“train-1”",
    "‘train-1’",
    '"train-1"',
    "`train-1`",
    "```train-1```",
    "*train-1*",
    "_train-1_",
    "~train-1~",
    "*_train-1_*",
    "train–1",
    "train‑1",
    "train−1",
    "train\u200b-1",
    "\ufefftrain-1",
    "train-1\u00a0",
    "\u00a0train-1",
    "train-1\n",
    "train-1.",
    "train-1,",
    "“train-1.”",
    "“train-1”.",
    "Train-1",
    "ＴＲＡＩＮ－１",
    "ｔｒａｉｎ-１",
    "<#C0GPU00001|train-1>",
    "<@U0ADA00001|train-1>",
    "<http://train-1|train-1>",
    "<http://train-1>",
    "&lt;train-1&gt;",
    "(train-1)",
    "[train-1]",
    "train-1…",
]


@pytest.mark.parametrize("text", NAMES)
def test_a_name_is_read_whatever_was_made_of_it(text: str) -> None:
    assert "train-1" in [reading.casefold() for reading in typed.readings(text)]


@pytest.mark.parametrize("name", ["_train_", "__x", "x__", "-a-", "_", "a_b", "train--1"])
def test_a_name_that_looks_like_formatting_is_read_as_it_stands_before_anything_else(name: str) -> None:
    assert next(iter(typed.readings(name))) == name
    assert typed.name(name) == name


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("stop  train-1", "stop train-1"),
        ("stop\u00a0train-1", "stop train-1"),
        ("stop\ntrain-1", "stop train-1"),
        ("stop\u2003train-1\u3000", "stop train-1"),
        ("extend train—1 ４ｈ", "extend train--1 4h"),
        ("pull <http://ghcr.io|ghcr.io>/x", "pull ghcr.io/x"),
        ("R&amp;D &lt;3", "R&D <3"),
        ("&amp;lt;", "&lt;"),
        ("<@U1>", "@U1"),
        ("", ""),
        ("\u200b\u2060", ""),
    ],
)
def test_a_line_is_what_was_typed(text: str, line: str) -> None:
    assert typed.on_one_line(text) == line


@given(st.text(max_size=60))
def test_no_text_makes_a_reader_fail_and_what_is_read_once_stays(text: str) -> None:
    list(typed.readings(text))
    assert typed.bare(typed.bare(text)) == typed.bare(text)
    assert typed.visible(typed.visible(text)) == typed.visible(text)
    assert typed.name(typed.name(text)) is not None


@pytest.fixture
async def house(redis_url: str) -> AsyncIterator[House]:
    async with open_house(redis_url) as opened:
        yield opened


async def said(house: House, line: str) -> str:
    """What ada is told in the ack."""
    person = house.slack.person("ada")
    before = len(person.ephemerals("gpu"))
    await person.command(line)
    told = await house.slack.wait_until(lambda: person.ephemerals("gpu")[before:])
    return told[-1].shown


async def test_every_command_finds_the_instance_however_its_name_was_typed(house: House) -> None:
    await running(house)
    for text in NAMES:
        for command in ("status", "Status", "“status”", "*status*", "`status`", "status."):
            if command != "status" and text is not NAMES[2]:
                continue
            told = await said(house, f"/gpu {command} {text}")
            assert "train-1" in told, (command, text, told)
            assert "No instance is called" not in told, (command, text, told)
        for command, answer in (("stop", "stop"), ("delete", "delete"), ("start", "running")):
            if text in NAMES[::6]:
                told = await said(house, f"/gpu {command} {text}")
                assert answer.lower() in told.lower(), (command, text, told)
                assert "No instance is called" not in told, (command, text, told)


@pytest.mark.parametrize(
    "line",
    [
        "extend “train–1” by ４h.",
        "Extend train-1 For 4H",
        "extend\u00a0train-1\u00a04\u00a0h",
        "extend `train-1` *4h*",
        "extend train-1, until: 4h",
        "`extend train-1 4h`",
    ],
)
async def test_extend_is_understood_however_it_was_typed(house: House, line: str) -> None:
    await running(house)
    assert "may run until" in await said(house, f"/gpu {line}")


@pytest.mark.parametrize(
    "line", ["List All.", "“list all”", "`list` all", "list *all*", "list\u00a0ａｌｌ", "list all!"]
)
async def test_other_peoples_instances_are_listed_however_that_was_typed(house: House, line: str) -> None:
    await house.submitted("train-1", who="bo")
    assert "train-1" in await said(house, f"/gpu {line}")


async def test_words_for_offers_and_templates_are_read_the_same_way(house: House) -> None:
    for line in ("offers “4090”", "Offers *4090*.", "offers\u00a0４０９０", "offers `4090`"):
        assert "RTX 4090" in await said(house, f"/gpu {line}"), line
    for line in ("templates “PyTorch”.", "templates *pytorch*", "templates\u200b pytorch"):
        assert "No template fits" not in await said(house, f"/gpu {line}"), line


@pytest.mark.parametrize(
    "name", ["train–9", "“train-9”", "`train-9`", "train-9\u200b", " train-9\u00a0", "ｔｒａｉｎ－９", "train-9."]
)
async def test_a_name_typed_into_the_form_is_read_the_same_way(house: House, name: str) -> None:
    modal = await house.modal()
    await modal.fill("name", name)
    assert (await modal.submit()).updated
    await house.card("train-9")
