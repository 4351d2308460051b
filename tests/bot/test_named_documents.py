"""What a file of the repository says about another exists: a document that is named, and the heading in it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[2]
ROOMS = ("bot", "core", "tests", ".github", ".ci")
TEXTS = {".py", ".md", ".toml", ".yml", ".yaml", ".js", ".css", ".html", ".example", ""}

_NAMED = re.compile(r"(?<![\w./-])((?:[\w.-]+/)*[\w-]+\.md)\b(?!/)(?:, (?=[A-Z]))?")
_HEADING = re.compile(r"[A-Z][\w ]*")
_OWN_LINE = re.compile(r"\s*\n[ \t]*(?:# |\* |> )?[ \t]*")


class Named(NamedTuple):
    """A document's name as it was written, with the heading after it, if one was."""

    document: str
    heading: str


def named_in(text: str) -> Iterator[Named]:
    """`API.md, Templates, Creating` names two headings; what is on the web is not ours."""
    line = _OWN_LINE.sub(" ", re.sub(r"https?://\S+", "", text))
    for found in _NAMED.finditer(line):
        if not found[0].endswith(", "):
            yield Named(found[1], "")
            continue
        rest = line[found.end() :]
        while heading := _HEADING.match(rest):
            yield Named(found[1], heading[0].strip())
            rest = rest[heading.end() :]
            if not rest.startswith(", "):
                break
            rest = rest[2:]


def texts() -> list[Path]:
    inside = (path for room in ROOMS for path in (ROOT / room).rglob("*"))
    return sorted(path for path in (*ROOT.iterdir(), *inside) if path.is_file() and path.suffix in TEXTS)


def headings(document: Path) -> set[str]:
    return set(re.findall(r"^#+ (.+)$", document.read_text(), re.M))


def missing(named: Named, documents: list[Path]) -> bool:
    name = "/" + re.sub(r"^(\.\.?/)+", "", named.document)
    places = [path for path in documents if f"/{path.relative_to(ROOT)}".endswith(name)]
    return not any(not named.heading or named.heading in headings(place) for place in places)


def test_every_document_that_a_file_names_is_there_and_has_the_heading() -> None:
    files = texts()
    documents = [path for path in files if path.suffix == ".md"]
    wrong = [
        f"{path.relative_to(ROOT)}: {', '.join(filter(None, named))}"
        for path in files
        if path != Path(__file__)
        for named in named_in(path.read_text(errors="replace"))
        if missing(named, documents)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('"""The fields (API.md, Creating)."""', [("API.md", "Creating")]),
        ("(API.md,\n    Listing instances)", [("API.md", "Listing instances")]),
        (
            "# as it says (PLATFORM.md, Modals, Block\n# Kit).",
            [("PLATFORM.md", "Modals"), ("PLATFORM.md", "Block Kit")],
        ),
        ("see house.md, it says so", [("house.md", "")]),
        ("core/adapters/novita/API.md", [("core/adapters/novita/API.md", "")]),
        ("https://docs.example.com/guide.md", []),
        ("(slack.md\nA2)", [("slack.md", "")]),
    ],
)
def test_names_are_read_over_the_ends_of_lines(text: str, expected: list[tuple[str, str]]) -> None:
    assert list(named_in(text)) == expected


def test_a_heading_that_is_not_there_is_missing() -> None:
    documents = [path for path in texts() if path.suffix == ".md"]
    assert not missing(Named("API.md", "Creating"), documents)
    assert missing(Named("API.md", "Creation"), documents)
    assert missing(Named("slack.md", ""), documents)
