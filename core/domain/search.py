"""What is meant by a name, a part of one, or an id, as people and programs write them (pure)."""

from __future__ import annotations

import re
import unicodedata
from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from functools import cached_property
from itertools import takewhile

from core.domain.instance import Instance
from core.domain.market import Region
from core.domain.template import Template

_ATOM = re.compile(r"[^\W_]+")
_LEADING_ZEROS = re.compile(r"(?<![0-9])0+(?=[0-9])")
_MEMORY = re.compile(r"([0-9]+)g(?:i?b)?")
_SHORTEST_START = 3
_LONGEST_RUN = 6
"""How many of a name's words may be typed as one, as in `rtx4090`."""


def matching(instances: Iterable[Instance], text: str) -> list[Instance]:
    """The instances meant by `text`: by id, else by whole name, else by a part of the name; newest first."""
    wanted, known = text.strip().casefold(), sorted(instances, key=lambda i: i.created_at, reverse=True)
    if not wanted:
        return []
    for is_meant in (_by_id, _by_name, _by_part):
        if found := [instance for instance in known if is_meant(instance, wanted)]:
            return found
    return []


def _by_id(instance: Instance, wanted: str) -> bool:
    return wanted in (instance.id, (instance.remote.id or "").casefold(), instance.novita_name.casefold())


def _by_name(instance: Instance, wanted: str) -> bool:
    return instance.request.name.casefold() == wanted


def _by_part(instance: Instance, wanted: str) -> bool:
    return wanted in instance.request.name.casefold()


def templates_about(templates: Iterable[Template], text: str) -> list[Template]:
    """Those whose name, image or id holds all the words, in any order; the account's own first, then by name."""
    wanted = text.casefold().split()
    found = [each for each in templates if _is_about(each, wanted)]
    return sorted(found, key=lambda each: (each.channel != "private", each.name.casefold(), each.id))


def _is_about(template: Template, wanted: Sequence[str]) -> bool:
    about = f"{template.name} {template.id} {template.image}".casefold()
    return all(word in about for word in wanted)


def product_names(names: Iterable[str]) -> Names:
    """GPUs, to be found by what is typed."""
    return Names((name, ()) for name in names)


def region_names(regions: Iterable[Region]) -> Names:
    """Regions, which go by their name, Novita's id and their place."""
    return Names((region.name, (region.id, region.place, _part_of_the_world(region))) for region in regions)


_PARTS_OF_THE_WORLD = {"EU": "Europe", "AS": "Asia", "CN": "Asia", "US": "America", "NA": "America", "OC": "Australia"}
"""By the first letters of a region's name."""


def _part_of_the_world(region: Region) -> str:
    return _PARTS_OF_THE_WORLD.get(region.name.partition("-")[0].upper(), "")


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

    def meant(self, text: str) -> list[str]:
        """What a program's text can mean, with nobody there to confirm it: the very name, else the name written
        otherwise (`rtx-4090 24gb`), else every value in whose names the text is a part of whole words.

        Words that stand apart in a name are no part of it: `RTX 4090 24GB` is never taken for an `RTX 4090 D 24GB`.
        """
        typed = compact(text)
        written_otherwise = [value for value, names in self._names.items() if typed and typed in map(compact, names)]
        return self.in_order(self.exactly(text)) or written_otherwise or self.in_order(self._by_run.get(typed, ()))

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
        return [value for value in values if any(_is_said(name, said) for name in self._names.get(value, ()))]

    def in_order(self, values: Iterable[str]) -> list[str]:
        """The values as they stand in the list; those that do not, behind them."""
        return sorted(values, key=lambda value: (self._places.get(value, len(self._places)), value))


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
