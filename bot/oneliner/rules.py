"""Which part of a one-liner begins at a word. The rules are asked in turn, and the first that knows answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

from bot.oneliner import literals
from bot.oneliner.fields import FIELDS, KEYS, NOISE, OF_SIZE, OPENERS, STRICT
from bot.oneliner.literals import Values
from bot.oneliner.tokenizer import Word
from bot.oneliner.vocabulary import Vocabulary
from bot.slack.typed import undash
from core.domain.durations import read_duration
from core.domain.request import Field
from core.domain.search import compact

Words = Sequence[Word]


class Mention(NamedTuple):
    """One thing that was said about a field, and what it can mean: no values, and it was not understood."""

    field: Field
    values: Values
    text: str
    is_size: bool = False
    """A size that stands alone: it may belong to the GPU instead."""


class Span(NamedTuple):
    """`length` words, and what they say."""

    length: int
    said: tuple[Mention, ...] = ()


_LONGEST = 10
"""Words in the longest lease: `1 week 2 days 3 hours 4 minutes 5 seconds`."""


def span_at(words: Words, at: int, vocabulary: Vocabulary) -> Span:
    """The part that begins at a word; every word begins one, if only to say that it was not understood."""
    return _first(_RULES, words, at, vocabulary) or Span(1, (_unread(words, at, 1),))


def _first(rules: Sequence[Rule], words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    return next((part for rule in rules if (part := rule(words, at, vocabulary))), None)


def _quoted(words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    """The name of something, of a GPU before all."""
    text = words[at].text
    if not words[at].is_quoted:
        return None
    for find in (_exactly, _loosely):
        for field in (Field.PRODUCT_NAME, Field.REGION, Field.TEMPLATE_ID):
            if values := find(vocabulary, field, text):
                return Span(1, (Mention(field, values, text),))
    return None


def _keyed(words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    """`key=value`, whatever the value is."""
    if not words[at].is_key:
        return None
    field = KEYS[words[at].text]
    if at + 1 == len(words) or words[at + 1].is_key:
        return Span(1, (Mention(field, (), words[at].text + "="),))
    if field is Field.PRODUCT_NAME and (count := FIELDS[Field.GPU_NUM].read(words[at + 1].text)):
        return Span(2, (Mention(Field.GPU_NUM, count, words[at + 1].text),))
    value = _value(field, words, at + 1, vocabulary)
    if value:
        return Span(1 + value.length, value.said)
    return Span(2, (Mention(field, (), f"{words[at].text}={words[at + 1].text}"),))


def _opened(words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    """`in sgp`, `as train-1`, `from pytorch`, `disk 100`."""
    opener = _bare(words, at, 1).lower()
    if opener not in OPENERS:
        return None
    value = _value(OPENERS[opener], words, at + 1, vocabulary)
    if value:
        return Span(1 + value.length, value.said)
    return _unmet(words, at, vocabulary) if opener in STRICT else Span(1)


def _unmet(words: Words, at: int, vocabulary: Vocabulary) -> Span:
    """An opener whose value was not understood. What has a meaning of its own is left to the next part."""
    is_last = at + 1 == len(words)
    length = 1 if is_last or _means_something(words, at + 1, vocabulary) else 2
    return Span(length, (_unread(words, at, length),))


def _spoken(words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    """What needs no opener: `x2`, `on demand`, `1 day 12 hours`, `no end`, `anywhere`. A `4090 D` is not 4090 days."""
    for text, length in _phrases(words, at):
        for field, reader in literals.SPOKEN.items():
            if (values := reader(text)) and not (field is Field.LEASE and _is_model(text, vocabulary)):
                return Span(length, (Mention(field, values, text),))
    return None


def _is_model(text: str, vocabulary: Vocabulary) -> bool:
    """Whether a number and a letter are a GPU's rather than a length of time, be it a GPU that is not sold."""
    number = text.split()[0]
    return number[0].isdigit() and bool(_products(text, vocabulary) or (number[2:] and _products(number, vocabulary)))


def _disk(words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    """`100gb disk`; but in `24gb disk 100` the word is about the number behind it."""
    for length in (3, 2):
        text = _bare(words, at, length)
        if (values := literals.read_disk(text)) and not _value(OF_SIZE, words, at + length, vocabulary):
            return Span(length, (Mention(OF_SIZE, values, text),))
    return None


def _size(words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    for length in (2, 1):
        text = _bare(words, at, length)
        if literals.is_size(text):
            return Span(length, (Mention(OF_SIZE, literals.read_size(text), text, is_size=True),))
    return None


def _product(words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    """A GPU's word, with a letter behind it or a count at its side: `4090`, `4090 D`, `2x4090`."""
    text = _bare(words, at, 2)
    if text[-2:-1] == " " and (values := _products(text, vocabulary)):
        return Span(2, (Mention(Field.PRODUCT_NAME, values, text),))
    text = _bare(words, at, 1)
    if values := _products(text, vocabulary):
        return Span(1, (Mention(Field.PRODUCT_NAME, values, text),))
    count, rest = literals.split_glued(text) or (0, "")
    if values := _products(rest, vocabulary):
        return Span(1, (Mention(Field.GPU_NUM, (count,), text), Mention(Field.PRODUCT_NAME, values, rest)))
    return None


def _products(text: str, vocabulary: Vocabulary) -> Values:
    """The GPUs that a word can mean, also in the plural (`4090s`). A single letter is too little."""
    if len(compact(text)) < 2:
        return ()
    found = _loosely(vocabulary, Field.PRODUCT_NAME, text)
    return found or _loosely(vocabulary, Field.PRODUCT_NAME, text.lower().removesuffix("s"))


def _noise(words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    """Words that make a sentence of it, and marks between words."""
    text = _bare(words, at, 1).lower()
    is_mark = bool(text) and text.isascii() and not compact(text)
    return Span(1) if text in NOISE or is_mark else None


def _place(words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    return _known(Field.REGION, words, at, vocabulary)


def _code(words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    """The code of a region that is not listed now."""
    text = _bare(words, at, 1)
    values = literals.read_region_code(text)
    return Span(1, (Mention(Field.REGION, values, text),)) if values else None


def _image(words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    return _known(Field.TEMPLATE_ID, words, at, vocabulary)


def _known(field: Field, words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    """A word of the name of a region or a template that stands on its own. A number is too little for that."""
    text = _bare(words, at, 1)
    if len(compact(text)) < 2 or not any(char.isalpha() for char in text):
        return None
    values = _exactly(vocabulary, field, text) or _loosely(vocabulary, field, text)
    return Span(1, (Mention(field, values, text),)) if values else None


Rule = Callable[[Words, int, Vocabulary], Span | None]

_MEANINGS: tuple[Rule, ...] = (_spoken, _size, _product, _place)
_RULES: tuple[Rule, ...] = (_quoted, _keyed, _opened, _spoken, _disk, _size, _product, _noise, _place, _image, _code)


def _value(field: Field, words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    """What was said to be about a field: one quoted word, or as many bare ones as belong to it."""
    if at >= len(words) or words[at].is_key:
        return None
    if field in vocabulary.names and (part := _phrase(field, words, at, vocabulary)):
        return part
    if field is OF_SIZE:
        return _disk_size(words, at, vocabulary)
    for text, length in _texts(field, words, at):
        if values := FIELDS[field].read(text):
            return Span(length, (Mention(field, values, text),))
    return None


def _disk_size(words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    """A size behind the word `disk`, be it one that no disk has."""
    if _spoken(words, at, vocabulary):
        return None
    for text, length in _texts(OF_SIZE, words, at):
        if literals.is_size(text) or text.isdecimal():
            return Span(length, (Mention(OF_SIZE, FIELDS[OF_SIZE].read(text), f"disk {text}"),))
    return None


def _texts(field: Field, words: Words, at: int) -> list[tuple[str, int]]:
    """What a value may be, and how many words that is."""
    is_one_word = field is Field.NAME or words[at].is_quoted
    return [(words[at].text, 1)] if is_one_word else _phrases(words, at)


def _phrase(field: Field, words: Words, at: int, vocabulary: Vocabulary) -> Span | None:
    """The name of something in a list, and the words after it that narrow it down and mean nothing else."""
    text = words[at].text
    exact, loose = _exactly(vocabulary, field, text), _loosely(vocabulary, field, text)
    more = () if words[at].is_quoted else _narrowing(field, words, at + 1, loose, vocabulary)
    values = loose if more else exact or loose or tuple(vocabulary.names[field].starting(text))
    return Span(1 + len(more), (Mention(field, values, text), *more)) if values else None


def _narrowing(field: Field, words: Words, at: int, left: Values, vocabulary: Vocabulary) -> tuple[Mention, ...]:
    """What the next words say, while each leaves some of the values in question."""
    said: list[Mention] = []
    while at < len(words) and not _means_something(words, at, vocabulary, beside=field):
        values = _loosely(vocabulary, field, words[at].text)
        left = tuple(set(left) & set(values))
        if not left:
            break
        said.append(Mention(field, values, words[at].text))
        at += 1
    return tuple(said)


def _means_something(words: Words, at: int, vocabulary: Vocabulary, beside: Field | None = None) -> bool:
    """Whether a part of its own begins there, about another field than `beside`."""
    if beside and not words[at].is_bare:
        return True
    if words[at].is_key or _bare(words, at, 1).lower() in OPENERS:
        return True
    part = _first(_MEANINGS, words, at, vocabulary)
    return part is not None and any(said.field is not beside for said in part.said)


def _phrases(words: Words, at: int) -> list[tuple[str, int]]:
    """The bare words from here on as one text, and how many they are, the longest first."""
    longest = max(2, _duration_length(words, at)) if at < len(words) and words[at].text[:1].isdigit() else 2
    texts = ((_bare(words, at, length), length) for length in range(longest, 0, -1))
    return [(text, length) for text, length in texts if text]


def _duration_length(words: Words, at: int) -> int:
    """How many words from here on make one duration, such as `1 day 12 hours`."""
    found = 0
    for length in range(1, _LONGEST + 1):
        if read_duration(_bare(words, at, length)):
            found = length
        elif found < length - 1:
            break
    return found


def _bare(words: Words, at: int, length: int) -> str:
    """So many bare words from here on as one text; empty where there are not so many."""
    chosen = words[at : at + length]
    return " ".join(_undashed(word.text) for word in chosen) if _all_bare(chosen, length) else ""


def _undashed(text: str) -> str:
    """Without the dashes of a `--flag`."""
    typed = undash(text)
    return typed.removeprefix("--") or typed


def _all_bare(chosen: Words, length: int) -> bool:
    return len(chosen) == length and all(word.is_bare for word in chosen)


def _unread(words: Words, at: int, length: int) -> Mention:
    return Mention(Field.NAME, (), " ".join(word.text or '""' for word in words[at : at + length]))


def _exactly(vocabulary: Vocabulary, field: Field, text: str) -> Values:
    return tuple(vocabulary.names[field].exactly(text))


def _loosely(vocabulary: Vocabulary, field: Field, text: str) -> Values:
    return tuple(vocabulary.names[field].loosely(text))
