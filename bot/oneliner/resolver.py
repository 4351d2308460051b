"""Brings together all that was said: one meaning for each field, or the candidates where there are several."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from bot import wording
from bot.oneliner.fields import OF_SIZE
from bot.oneliner.literals import Value
from bot.oneliner.parsed import ParsedLine
from bot.oneliner.rules import Mention
from bot.oneliner.vocabulary import Vocabulary
from core.domain.base import BillingMode
from core.domain.durations import write_duration
from core.domain.request import Field
from core.domain.search import compact


def resolve(said: Sequence[Mention], vocabulary: Vocabulary) -> ParsedLine:
    """The line that was said, part by part."""
    placed = _place_sizes(said, vocabulary)
    found: dict[str, Any] = {}
    ambiguous: dict[str, tuple[str, ...]] = {}
    for field in Field:
        candidates = _candidates(field, [one for one in placed if one.field is field and one.values], vocabulary)
        if len(candidates) == 1:
            found |= _as_found(field, candidates[0])
        elif candidates:
            ambiguous[field.value] = tuple(_as_typed(field, value) for value in candidates)
    unread = tuple(dict.fromkeys(one.text for one in placed if not one.values))
    return ParsedLine(**found, not_understood=unread, ambiguous=ambiguous)


def _place_sizes(said: Sequence[Mention], vocabulary: Vocabulary) -> list[Mention]:
    """Gives each size that stands alone to the GPU or to the disk.

    Said twice it is both, as in `h100 80gb 80gb`. Where nothing else is said of a GPU it is the disk.
    """
    meant = _meant(said, vocabulary)
    placed, sizes_of_gpu = list[Mention](), set[str]()
    for one in said:
        size = compact(one.text)
        fits = vocabulary.names[Field.PRODUCT_NAME].loosely(one.text) & meant if one.is_size else frozenset()
        is_of_gpu = bool(fits) and size not in sizes_of_gpu
        placed.append(Mention(Field.PRODUCT_NAME, tuple(fits), one.text) if is_of_gpu else one)
        sizes_of_gpu |= {size} if is_of_gpu else set()
    return placed


def _meant(said: Sequence[Mention], vocabulary: Vocabulary) -> frozenset[Any]:
    """The GPUs that a size may be about: those of which something else is said, or all, when the disk is settled."""
    products = [one for one in said if one.field is Field.PRODUCT_NAME]
    if products:
        return frozenset(_shared(products) or _any(products))
    has_disk = any(one.field is OF_SIZE and not one.is_size for one in said)
    return frozenset(vocabulary.products if has_disk else ())


def _candidates(field: Field, about: Sequence[Mention], vocabulary: Vocabulary) -> list[Any]:
    """What can be meant, in an order that does not hang on the text's."""
    shared = _shared(about)
    values = shared or _any(about)
    if field not in vocabulary.names or None in values:
        return sorted(values, key=lambda value: (value is None, value))
    names = vocabulary.names[field]
    whole = names.fully_said(shared, [one.text for one in about])
    return whole if len(whole) == 1 else names.in_order(values)


def _shared(about: Sequence[Mention]) -> set[Any]:
    """What all that was said can mean."""
    return set[Value].intersection(*(set(one.values) for one in about)) if about else set()


def _any(about: Sequence[Mention]) -> set[Any]:
    """What something that was said can mean."""
    return set[Value]().union(*(one.values for one in about))


def _as_found(field: Field, value: Any) -> dict[str, Any]:
    """The parsed line's fields for a value."""
    if value is None:
        return {"no_end": True} if field is Field.LEASE else {"any_region": True}
    return {field.value: value}


def _as_typed(field: Field, value: Any) -> str:
    match value:
        case None:
            return "no end" if field is Field.LEASE else "anywhere"
        case BillingMode():
            return wording.BILLING_WORDS[value]
        case timedelta():
            return write_duration(value)
    return str(value)
