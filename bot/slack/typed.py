"""What a person typed, from what phones, keyboards and Slack made of it on the way (pure)."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator

LIMIT = 2000
"""Characters that are read of a text as it was typed, before Slack's escaping; it takes a script to type more."""

DOUBLE_QUOTES = '"“”„‟«»＂'
SINGLE_QUOTES = "'‘’‚‛`´＇"
_BRACKETS = "()[]{}<>"
_AROUND = DOUBLE_QUOTES + SINGLE_QUOTES + _BRACKETS
_STOPS = ".,;:!?…。，；：！？"
_MARKS = "*_~"
"""Around a word they are Slack's bold, italic and struck; a name may have a _ of its own."""
_ENTITIES = {"&amp;": "&", "&lt;": "<", "&gt;": ">"}
_ENTITY = re.compile("|".join(_ENTITIES))
_MARKUP = re.compile(r"<((?:[@#!]|https?://|mailto:)[^<>|]*)(?:\|([^<>]*))?>")
_SCHEME = re.compile(r"(?:https?://|mailto:)", re.IGNORECASE)
_INVISIBLE = re.compile("[\u00ad\u034f\u061c\u180e\u200b-\u200f\u202a-\u202e\u2060-\u206f\ufe00-\ufe0f\ufeff]")
_DASHES = str.maketrans({"–": "-", "‐": "-", "‑": "-", "‒": "-", "−": "-", "﹣": "-", "－": "-", "—": "--", "―": "--"})
"""Phones and Macs make dashes of hyphens, and one long dash of two."""


def visible(text: str) -> str:
    """The text without characters that nobody sees, such as spaces of no width."""
    return _INVISIBLE.sub("", text)


def without_markup(text: str) -> str:
    """What stood in the field: Slack's links, mentions and entities undone, and nothing in it that nobody sees.

    Markup first: typed brackets are entities.
    """
    shown = _MARKUP.sub(lambda found: _label(found[1], found[2] or ""), visible(text))
    return _ENTITY.sub(lambda found: _ENTITIES[found[0]], shown)


def undash(text: str) -> str:
    """The hyphens that were typed before something made dashes of them."""
    return text.translate(_DASHES)


def on_one_line(text: str) -> str:
    """The text with plain letters, digits and hyphens, and single spaces between its words."""
    plain = unicodedata.normalize("NFKC", undash(without_markup(text)[:LIMIT]))
    return " ".join(visible(plain).split())


def bare(text: str) -> str:
    """The text without the quotes, brackets and formatting around it, and the full stop that a keyboard put behind."""
    before = ""
    while text != before:
        before = text
        text = text.strip().strip(_AROUND).rstrip(_STOPS)
        if len(text) > 2 and text[0] == text[-1] and text[0] in _MARKS:
            text = text[1:-1]
    return text


def is_wrapped(line: str) -> bool:
    """Whether all of it stands in quotes or backticks, as what was copied from an example does."""
    quotes = DOUBLE_QUOTES + SINGLE_QUOTES
    return len(line) > 1 and line[0] in quotes and line[-1] in quotes and not any(c in quotes for c in line[1:-1])


def readings(text: str) -> Iterator[str]:
    """What a name can have been, the likeliest first: as it stands, then with less and less of what is around it."""
    line = on_one_line(text)
    closer = line.strip().strip(_AROUND).rstrip(_STOPS).strip(_AROUND)
    inner = bare(line)
    yield from dict.fromkeys((line, closer, inner, _SCHEME.sub("", inner).lstrip("@#").strip(_MARKS + "/")))


def name(text: str) -> str:
    """A name that somebody typed for something new."""
    line = on_one_line(text)
    return line.strip(_AROUND).rstrip(_STOPS).strip(_AROUND).strip()


def _label(target: str, label: str) -> str:
    mark = target[0] if target[0] in "@#" else ""
    return mark + label.lstrip(mark or None) if label else target
