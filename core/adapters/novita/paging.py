"""Reads every page of a listing, and learns if its pages count from 0 or 1, which Novita does not say."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from core.domain.attempt import FailureKind
from core.domain.errors import NovitaRefused

PAGE_SIZE = 100

_OF_A_PAGE = (FailureKind.BAD_INPUT, FailureKind.OTHER)
"""Refusals that may be about the page's number; the others are about who asks, and how often."""


class HasId(Protocol):
    @property
    def id(self) -> str: ...


Row = TypeVar("Row", bound=HasId)


@dataclass(frozen=True)
class Page(Generic[Row]):
    """The readable rows of one page. `size` counts all rows; `total` is None when the reply does not say."""

    rows: tuple[Row, ...]
    size: int
    total: int | None


@dataclass
class _Listing(Generic[Row]):
    rows: dict[str, Row] = field(default_factory=dict)
    total: int | None = None
    refusal: NovitaRefused | None = None
    """Why the last page was not given."""

    def add(self, page: Page[Row]) -> bool:
        """Whether the page had any row not seen before."""
        before = len(self.rows)
        for row in page.rows:
            self.rows.setdefault(row.id, row)
        self.total = page.total
        return len(self.rows) > before

    @property
    def is_short(self) -> bool:
        return self.total is not None and len(self.rows) < self.total

    @property
    def is_whole(self) -> bool:
        return self.total is not None and not self.is_short


class Paging:
    """What is known of the first page's number in one listing: each listing may count in its own way.

    Once it is learnt, n rows cost ceil(n / 100) calls. It is learnt anew when the page is refused, or rows are missing.
    """

    def __init__(self) -> None:
        self._first: int | None = None

    async def every(self, ask: Callable[[int], Awaitable[Page[Row]]]) -> list[Row]:
        """All rows, each id once. `ask` fetches the page with the given number, of 100 rows.

        Raises what `ask` raises, a refusal only when neither way of counting leads to all rows.
        """
        listing: _Listing[Row] = _Listing()
        first = 1 if self._first is None else self._first
        await _read_from(first, ask, listing)
        if self._doubts(listing, first):
            self._first = await _read_otherwise(1 - first, ask, listing)
        elif listing.rows:
            self._first = first
        if listing.refusal is not None:
            raise listing.refusal
        return list(listing.rows.values())

    def _doubts(self, listing: _Listing[Row], first: int) -> bool:
        """Whether there may be rows that were not given; an empty listing says nothing while nothing is learnt."""
        if listing.is_short or listing.refusal is not None:
            return True
        return (first == 1 and listing.total is None) or (self._first is None and not listing.rows)


async def _read_from(number: int, ask: Callable[[int], Awaitable[Page[Row]]], listing: _Listing[Row]) -> None:
    """Page after page until all are there, or two pages in a row bring nothing new, or one is refused.

    Pages may be smaller than was asked for, and one page may come under two numbers.
    """
    first, listing.refusal, repeated = number, None, 0
    while repeated < 2:
        try:
            page = await ask(number)
        except NovitaRefused as error:
            if error.kind not in _OF_A_PAGE:
                raise
            listing.refusal = error if listing.is_short or number == first else None
            return
        repeated = 0 if listing.add(page) else repeated + 1
        if listing.is_whole or not page.rows:
            return
        number += 1


async def _read_otherwise(first: int, ask: Callable[[int], Awaitable[Page[Row]]], listing: _Listing[Row]) -> int | None:
    """Reads on as if the first page had the other number, and returns the number that it has, if that is clear now."""
    before, refusal = set(listing.rows), listing.refusal
    if first == 1:
        await _read_from(1, ask, listing)
        return 1 if len(listing.rows) > len(before) else None
    try:
        page = await ask(0)
    except NovitaRefused as error:
        if error.kind not in _OF_A_PAGE:
            raise
        return 1 if before else None
    # Counting from 1, a server may answer 0 with its first page: only wholly new rows prove a page 0.
    is_new = bool(page.rows) and not any(row.id in before for row in page.rows)
    listing.add(page)
    listing.refusal = refusal if listing.is_short else None
    if is_new:
        return 0
    return 1 if before and not listing.is_short else None
