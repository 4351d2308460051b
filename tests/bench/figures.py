"""What a figure is: a measured number with its aim and the limit seen, and how such numbers are made of samples."""

from __future__ import annotations

import math
import statistics
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

Measure = Callable[["Effort"], Awaitable[list["Row"]]]


@dataclass(frozen=True)
class Effort:
    """How many samples are worth their time."""

    quick: bool = False

    def samples(self, usual: int, quick: int) -> int:
        return quick if self.quick else usual


@dataclass(frozen=True)
class Row:
    """One line of the table. `measured` None: it could not be measured, and `how` says why.

    An aim of None is no aim: the number is there to be seen.
    """

    figure: str
    measured: float | None
    at_most: float | None = None
    at_least: float | None = None
    limit: str = ""
    how: str = ""
    digits: int = 2
    unit: str = ""

    @property
    def met(self) -> bool | None:
        """None when there is nothing to meet."""
        if self.measured is None or (self.at_most is None and self.at_least is None):
            return None
        low = -math.inf if self.at_least is None else self.at_least
        high = math.inf if self.at_most is None else self.at_most
        return low <= round(self.measured, self.digits) <= high

    @property
    def aim(self) -> str:
        if self.at_most is None:
            return "" if self.at_least is None else f"≥ {self.at_least:g}{self.unit}"
        if self.at_least == self.at_most:
            return f"{self.at_most:g}{self.unit}"
        return f"≤ {self.at_most:g}{self.unit}" if self.at_least is None else f"{self.at_least:g} to {self.at_most:g}"


@dataclass(frozen=True)
class Figure:
    """Some rows that are measured together, under the name that `--only` takes."""

    name: str
    what: str
    measure: Measure


def percentile(samples: Sequence[float], percent: float) -> float:
    """The smallest sample that at least `percent` of them do not exceed. Raises ValueError without samples."""
    if not samples:
        raise ValueError("there is no percentile of nothing")
    place = math.ceil(len(samples) * percent / 100)
    return sorted(samples)[max(0, place - 1)]


def median(samples: Sequence[float]) -> float:
    return statistics.median(samples)


def spread(samples: Sequence[float], digits: int = 2) -> str:
    """From the smallest to the largest."""
    return f"{min(samples):.{digits}f} to {max(samples):.{digits}f}"
