"""Reads every page of a listing, and learns if they count from 0 or 1 (open in novita-api.md 1.8)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, Protocol, TypeVar

from core.errors import NovitaRefused

PAGE_SIZE = 100


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

    def ends_with(self, page: Page[Row]) -> bool:
        return page.size < PAGE_SIZE if self.total is None else not self.is_short


class Paging:
    """What is known of the number of the first page. Once it is learnt, n rows cost ceil(n / 100) calls."""

    def __init__(self) -> None:
        self._first: int | None = None

    async def every(self, ask: Callable[[int], Awaitable[Page[Row]]]) -> list[Row]:
        """All rows, each id once. `ask` fetches the page with the given number, of 100 rows."""
        listing = await _read_from(1 if self._first is None else self._first, ask)
        if self._first == 0:
            # Fewer rows than promised: some left meanwhile, or what was learnt is wrong. Learn anew.
            self._first = None if listing.is_short else 0
        elif self._doubts(listing):
            await self._try_page_zero(listing, ask)
        else:
            self._first = 1
        return list(listing.rows.values())

    def _doubts(self, listing: _Listing[Row]) -> bool:
        if self._first == 1:
            return listing.is_short
        return listing.is_short or listing.total is None or not listing.rows

    async def _try_page_zero(self, listing: _Listing[Row], ask: Callable[[int], Awaitable[Page[Row]]]) -> None:
        try:
            page = await ask(0)
        except NovitaRefused:
            return
        # Counting from 1, a server may answer 0 with its first page: only wholly new rows prove a page 0.
        if page.rows and not any(row.id in listing.rows for row in page.rows):
            self._first = 0
        listing.add(page)


async def _read_from(first: int, ask: Callable[[int], Awaitable[Page[Row]]]) -> _Listing[Row]:
    listing: _Listing[Row] = _Listing()
    number = first
    while True:
        page = await ask(number)
        if not listing.add(page) or listing.ends_with(page):
            return listing
        number += 1
