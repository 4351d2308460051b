"""What the one-liner can name: the products, regions and templates of the moment, found by words of their names."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

from bot.ids import Field
from core.models import Market, Region, Template

_ATOM = re.compile(r"[^\W_]+")
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_MEMORY = re.compile(r"([0-9]+)g(?:i?b)?")
_SHORTEST_START = 3
_LONGEST_RUN = 6
"""How many of a name's words may be typed as one, as in `rtx4090`."""


@dataclass(frozen=True)
class Vocabulary:
    """`templates` are pairs of id and name."""

    products: tuple[str, ...]
    regions: tuple[Region, ...]
    templates: tuple[tuple[str, str], ...]

    @cached_property
    def names(self) -> dict[Field, Names]:
        """What can be meant in each field that is chosen from a list."""
        return {
            Field.PRODUCT_NAME: Names((name, ()) for name in self.products),
            Field.REGION: Names((region.name, (region.id, region.place)) for region in self.regions),
            Field.TEMPLATE_ID: Names((template_id, (name,)) for template_id, name in self.templates),
        }


def vocabulary(market: Market, templates: Sequence[Template]) -> Vocabulary:
    """What can be named while the market and the templates are these."""
    return Vocabulary(
        products=tuple(dict.fromkeys(product.name for product in market.products)),
        regions=market.regions,
        templates=tuple((template.id, template.name) for template in templates),
    )


class Names:
    """Values that are chosen from a list, each with the other names it goes by, found by what people type."""

    def __init__(self, entries: Iterable[tuple[str, Sequence[str]]]) -> None:
        self._names = {value: tuple(name for name in (value, *others) if name) for value, others in entries if value}
        self._places = {value: place for place, value in enumerate(self._names)}
        self._by_name: dict[str, set[str]] = defaultdict(set)
        self._by_run: dict[str, set[str]] = defaultdict(set)
        self.atoms: set[str] = set()
        for value, name in ((value, name) for value, names in self._names.items() for name in names):
            self._by_name[name].add(value)
            self.atoms.update(atoms(name))
            for run in _runs(atoms(name)):
                self._by_run[run].add(value)

    @cached_property
    def _sorted_runs(self) -> list[str]:
        return sorted(self._by_run)

    def exactly(self, text: str) -> frozenset[str]:
        """What the text is the very name of: a value before everything that merely goes by that name."""
        return frozenset({text} if text in self._names else self._by_name.get(text, ()))

    def loosely(self, text: str) -> frozenset[str]:
        """Everything in whose names all words of the text stand."""
        words = atoms(text)
        together = self._by_run.get("".join(words))
        if together or not words:
            return frozenset(together or ())
        return frozenset(set[str].intersection(*(self._by_run.get(word, set()) for word in words)))

    def starting(self, text: str) -> frozenset[str]:
        """Everything in whose names a word starts with the text, which has three letters or more."""
        start = compact(text)
        if len(start) < _SHORTEST_START:
            return frozenset()
        runs = takewhile(lambda run: run.startswith(start), self._sorted_runs[bisect_left(self._sorted_runs, start) :])
        return frozenset(value for run in runs for value in self._by_run[run])

    def fully_said(self, values: Iterable[str], texts: Sequence[str]) -> list[str]:
        """Those of the values that have a name all of whose words were said."""
        said = {word for text in texts for word in (*atoms(text), compact(text))}
        return [value for value in values if any(_is_said(name, said) for name in self._names[value])]

    def in_order(self, values: Iterable[str]) -> list[str]:
        """The values as they stand in the list."""
        return sorted(values, key=self._places.__getitem__)


def atoms(text: str) -> list[str]:
    """The words of a name, as they are compared: `CN-HK-01` is cn, hk, 1 and `24G` is 24gb."""
    folded = unicodedata.normalize("NFKC", text).casefold()
    return [_MEMORY.sub(r"\1gb", atom) if _MEMORY.fullmatch(atom) else _short(atom) for atom in _ATOM.findall(folded)]


def compact(text: str) -> str:
    """The words of a name as one."""
    return "".join(atoms(text))


def _short(atom: str) -> str:
    return _LEADING_ZEROS.sub("", atom)


def _runs(words: Sequence[str]) -> set[str]:
    lengths = range(1, min(_LONGEST_RUN, len(words)) + 1)
    runs = {"".join(words[at : at + length]) for length in lengths for at in range(len(words) - length + 1)}
    return (runs | {"".join(words)}) - {""}


def _is_said(name: str, said: set[str]) -> bool:
    words = atoms(name)
    return bool(words) and (said.issuperset(words) or "".join(words) in said)
