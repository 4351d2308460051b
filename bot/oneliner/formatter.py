"""Writes a parsed line as the line that reads back as it, and says what of a line was not understood."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import timedelta
from difflib import get_close_matches

from bot.oneliner.fields import FIELDS
from bot.oneliner.literals import is_size
from bot.oneliner.parsed import ParsedLine
from bot.oneliner.parser import read
from bot.oneliner.tokenizer import quote
from bot.oneliner.vocabulary import Vocabulary
from core.domain.clip import clip
from core.domain.durations import write_duration
from core.domain.request import DISK_MAX_GB, DISK_MIN_GB, GPU_NUM_LIMIT, Field
from core.domain.search import atoms

_PLAIN = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
"""A name that needs no quotes: nothing is cut off its ends."""

_SHOWN, _SHOWN_LENGTH, _COMPLAINT_LENGTH = 5, 60, 700
_OWN_WORDS = ("spot", "demand", "forever", "anywhere", "named", "from")


def write(parsed: ParsedLine, vocabulary: Vocabulary) -> str:
    """The one line that reads back as the same, as long as the vocabulary has what it names.

    Plain text: it is escaped where it is shown. What is ambiguous or was not understood is left out.
    """
    parts = (_part(field, parsed, vocabulary) for field in FIELDS)
    return " ".join(part for part in parts if part)


def complaint(parsed: ParsedLine, vocabulary: Vocabulary) -> str:
    """One line of plain text on what was not understood or stays open; empty when all is clear."""
    questions = [_question(Field(field), found, vocabulary) for field, found in parsed.ambiguous.items()]
    return clip(" ".join([*_unread(parsed.not_understood, vocabulary), *questions]), _COMPLAINT_LENGTH)


def _part(field: Field, parsed: ParsedLine, vocabulary: Vocabulary) -> str:
    """What is written of a field; empty where nothing is said of it."""
    value = getattr(parsed, field.value)
    match field:
        case Field.LEASE if parsed.no_end:
            return "no end"
        case Field.REGION if parsed.any_region:
            return "anywhere"
    if not value:
        return ""
    match field:
        case Field.PRODUCT_NAME:
            return _product(value, vocabulary)
        case Field.LEASE:
            return _lease(value, vocabulary)
        case Field.REGION:
            return f"in {_spelled(value)}"
        case Field.TEMPLATE_ID:
            return f"from {_template(value, vocabulary)}"
    return FIELDS[field].write(value)


def _product(name: str, vocabulary: Vocabulary) -> str:
    """Bare where that one word means the product and nothing else. A number might join the lease behind it."""
    is_clear = (
        _PLAIN.fullmatch(name) and not name[0].isdigit() and read(name, vocabulary) == ParsedLine(product_name=name)
    )
    return name if is_clear else quote(name)


def _lease(length: timedelta, vocabulary: Vocabulary) -> str:
    """Bare where it is taken for nothing else, such as a product's name."""
    text = write_duration(length)
    return text if read(text, vocabulary) == ParsedLine(lease=length) else f"lease={text}"


def _template(template_id: str, vocabulary: Vocabulary) -> str:
    """By name where only this template goes by it, otherwise by id."""
    name = dict(vocabulary.templates).get(template_id, "")
    known = vocabulary.names[Field.TEMPLATE_ID].exactly(name)
    return _spelled(name if name and known == {template_id} else template_id)


def _spelled(name: str) -> str:
    return name if _PLAIN.fullmatch(name) else quote(name)


def _unread(texts: Sequence[str], vocabulary: Vocabulary) -> list[str]:
    if not texts:
        return []
    told = [f"“{clip(text, _SHOWN_LENGTH)}”{_hint(text, vocabulary)}" for text in texts[:_SHOWN]]
    return [f"Not understood: {_listed(told, len(texts) - len(told), 'and')}."]


def _question(field: Field, found: Sequence[str], vocabulary: Vocabulary) -> str:
    told = [clip(_called(field, value, vocabulary), _SHOWN_LENGTH) for value in found[:_SHOWN]]
    return f"{FIELDS[field].question}: {_listed(told, len(found) - len(told), 'or')}?"


def _called(field: Field, value: str, vocabulary: Vocabulary) -> str:
    """A template by its name, with its id where others go by the same one."""
    if field is not Field.TEMPLATE_ID:
        return value
    names = [name for _, name in vocabulary.templates]
    name = dict(vocabulary.templates).get(value, "")
    return (name if names.count(name) == 1 else f"{name} ({value})") if name else value


def _listed(told: Sequence[str], more: int, word: str) -> str:
    every = [*told, f"{more} more"] if more else list(told)
    return f"{', '.join(every[:-1])} {word} {every[-1]}" if len(every) > 1 else every[0]


def _hint(text: str, vocabulary: Vocabulary) -> str:
    """What may have been meant by something that was not understood."""
    if re.fullmatch(r"[0-9]{1,4}", text):
        return f" ({_number_hint(int(text), text, vocabulary)})"
    if re.fullmatch(r"[x×][0-9]+|[0-9]+[x×]", text, re.IGNORECASE):
        return f" (1 to {GPU_NUM_LIMIT} GPUs)"
    if is_size(text) or text.startswith("disk "):
        return f" (a disk has {DISK_MIN_GB} to {DISK_MAX_GB} GB)"
    near = _near(text, vocabulary)
    return f" (did you mean {near}?)" if near else ""


def _number_hint(number: int, text: str, vocabulary: Vocabulary) -> str:
    models = sorted(atom for atom in vocabulary.names[Field.PRODUCT_NAME].atoms if atom.isdigit() and len(atom) > 2)
    if len(text) > 2 and (near := get_close_matches(text, models, n=1, cutoff=0.7)):
        return f"did you mean {near[0]}?"
    gpus = f"x{text} for GPUs, " if 1 <= number <= GPU_NUM_LIMIT else ""
    disk = f" or disk {text} for GB" if DISK_MIN_GB <= number <= DISK_MAX_GB else ""
    return f"write {gpus}{text}h for hours{disk}"


def _near(text: str, vocabulary: Vocabulary) -> str:
    """The known word that looks most like the last of the text."""
    word = "".join(atoms(text[-_SHOWN_LENGTH:])[-1:])
    known = {atom for names in vocabulary.names.values() for atom in names.atoms if not atom.isdigit()}
    others = sorted((known | set(_OWN_WORDS)) - {word})
    return "".join(get_close_matches(word, others, n=1, cutoff=0.75)) if len(word) > 2 else ""
