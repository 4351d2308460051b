"""Reads a one-liner: each word is given its part, then the parts about one field are brought together."""

from __future__ import annotations

from bot.grammar.keywords import KEYS
from bot.grammar.parts import Said, part_at
from bot.grammar.settling import settle
from bot.grammar.splitting import Splitter, excess
from bot.grammar.vocabulary import Vocabulary
from bot.grammar.wish import Wish
from bot.ids import Field

_SPLITTER = Splitter(KEYS)


def read(text: str, vocabulary: Vocabulary) -> Wish:
    """What the text asks for. No text makes it fail; what it cannot read, it collects."""
    words, said, at = _SPLITTER.split(text), list[Said](), 0
    while at < len(words):
        part = part_at(words, at, vocabulary)
        said += part.said
        at += part.length
    if more := excess(text):
        said.append(Said(Field.NAME, (), f"… and {more} more characters"))
    return settle(said, vocabulary)
