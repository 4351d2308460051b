"""The fields that a one-liner can say: what opens them, what they are called, and how a value is read and written."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.oneliner import literals
from bot.oneliner.literals import Values
from bot.wording import BILLING_WORDS
from core.domain.request import Field


def _read_nothing(text: str) -> Values:
    return ()


def _read_count(text: str) -> Values:
    said = text.strip()
    return literals.read_count(said) or literals.read_count(f"x{said}")


def _read_disk(text: str) -> Values:
    said = text.strip()
    return literals.read_size(said) or literals.read_size(f"{said}gb")


def _read_lease(text: str) -> Values:
    said = text.strip().lower()
    if said in ("none", "never", "infinite"):
        return (None,)
    return literals.read_lease(said) or literals.read_length(said)


def _read_region(text: str) -> Values:
    if text.strip().lower() in ("any", "*"):
        return (None,)
    return literals.read_anywhere(text) or literals.read_region_code(text, announced=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sayable:
    """One field in a line."""

    question: str
    """What is asked when it could be several."""
    strict: tuple[str, ...] = ()
    """Words that say what the next ones are about, and that nobody types without meaning them."""
    openers: tuple[str, ...] = ()
    """The same, but they may be mere words ("a pytorch template")."""
    keys: tuple[str, ...] = ()
    """What may stand before `=`, beside all these and the field's own name."""
    read: Callable[[str], Values] = _read_nothing
    """What a text means that was said to be about this field: there a bare number will do."""
    write: Callable[[Any], str] = str
    """The value as it reads back, where that hangs on nothing that can be named."""


FIELDS = {
    Field.PRODUCT_NAME: Sayable(question="Which GPU", keys=("gpu", "product")),
    Field.GPU_NUM: Sayable(question="How many GPUs", keys=("gpus", "count"), read=_read_count, write="x{}".format),
    Field.BILLING_MODE: Sayable(
        question="Which billing", keys=("billing",), read=literals.read_billing, write=BILLING_WORDS.__getitem__
    ),
    Field.LEASE: Sayable(question="Which lease", keys=("for",), read=_read_lease),
    Field.REGION: Sayable(question="Which region", strict=("in",), openers=("region",), read=_read_region),
    Field.NAME: Sayable(
        question="Which name",
        strict=("as", "named", "called"),
        openers=("name",),
        read=literals.read_name,
        write="as {}".format,
    ),
    Field.TEMPLATE_ID: Sayable(question="Which template", strict=("from",), openers=("using", "template")),
    Field.ROOTFS_SIZE: Sayable(
        question="How many GB of disk", openers=literals.DISK_WORDS, read=_read_disk, write="disk {}gb".format
    ),
}
"""In the order in which they are written."""

OF_SIZE = Field.ROOTFS_SIZE
"""What a size is about, unless it is a GPU's."""

STRICT = {word for each in FIELDS.values() for word in each.strict}
OPENERS = {word: name for name, each in FIELDS.items() for word in (*each.strict, *each.openers)}
KEYS = OPENERS | {word: name for name, each in FIELDS.items() for word in (*each.keys, name.value)}

_FILLERS = "a an and at create for give i lease me need of on please the to want with x"
_KINDS = "card cards disk geforce gpu gpus instance instances name nvidia region rootfs storage template using"
NOISE = frozenset(f"{_FILLERS} {_KINDS}".split())
"""Words that make a sentence of it."""
