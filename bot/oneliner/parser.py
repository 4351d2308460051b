"""Reads a one-liner: each word is given its part, then the parts about one field are brought together."""

from __future__ import annotations

from bot.oneliner.fields import KEYS
from bot.oneliner.parsed import ParsedLine
from bot.oneliner.resolver import resolve
from bot.oneliner.rules import Mention, span_at
from bot.oneliner.tokenizer import Tokenizer, excess
from bot.oneliner.vocabulary import Vocabulary
from core.domain.request import Field

_TOKENIZER = Tokenizer(KEYS)


def read(text: str, vocabulary: Vocabulary) -> ParsedLine:
    """What the text asks for. No text makes it fail; what it cannot read, it collects."""
    words, said, at = _TOKENIZER.split(text), list[Mention](), 0
    while at < len(words):
        part = span_at(words, at, vocabulary)
        said += part.said
        at += part.length
    if more := excess(text):
        said.append(Mention(Field.NAME, (), f"… and {more} more characters"))
    return resolve(said, vocabulary)
