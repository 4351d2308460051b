"""Listings are read whole, whatever Novita's page numbers and totals are like."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import NovitaRefused
from core.models import FailureKind
from core.novita.paging import PAGE_SIZE, Page, Paging


@dataclass(frozen=True)
class Row:
    id: str


@dataclass
class Listing:
    """A server that counts pages from `base`; without totals when told, and strict about page 0 when told."""

    count: int
    base: int = 1
    with_total: bool = True
    refuses_zero: bool = False
    asked: list[int] = field(default_factory=list)

    async def page(self, number: int) -> Page[Row]:
        self.asked.append(number)
        if number < self.base and self.refuses_zero:
            raise NovitaRefused(FailureKind.BAD_INPUT, "VALIDATOR_PARAM", "pageNum", 400)
        start = max(number - self.base, 0) * PAGE_SIZE
        rows = tuple(Row(str(index)) for index in range(start, min(start + PAGE_SIZE, self.count)))
        return Page(rows, len(rows), self.count if self.with_total else None)


@given(st.integers(0, 450), st.sampled_from([0, 1]), st.booleans(), st.booleans())
async def test_every_row_is_found_once(count: int, base: int, with_total: bool, refuses_zero: bool) -> None:
    listing, paging = Listing(count, base, with_total, refuses_zero), Paging()
    for _ in range(2):
        assert sorted(int(row.id) for row in await paging.every(listing.page)) == list(range(count))


@given(st.integers(1, 450), st.sampled_from([0, 1]))
async def test_once_the_base_is_known_no_call_is_wasted(count: int, base: int) -> None:
    listing, paging = Listing(count, base), Paging()
    await paging.every(listing.page)
    listing.asked.clear()
    await paging.every(listing.page)
    assert listing.asked == [base + page for page in range(-(-count // PAGE_SIZE))]


@pytest.mark.parametrize("base", [0, 1])
async def test_the_base_is_learnt_as_soon_as_there_is_a_row(base: int) -> None:
    listing, paging = Listing(0, base), Paging()
    assert await paging.every(listing.page) == []
    listing.count = 1
    assert len(await paging.every(listing.page)) == 1


async def test_a_total_that_is_never_reached_does_not_ask_for_ever() -> None:
    async def page(number: int) -> Page[Row]:
        return Page((Row("a"), Row("a")), 2, 1_000_000)

    assert await Paging().every(page) == [Row("a")]


async def test_a_wrong_belief_in_page_zero_is_dropped() -> None:
    listing, paging = Listing(250, base=0), Paging()
    await paging.every(listing.page)
    listing.base = 1
    await paging.every(listing.page)
    assert len(await paging.every(listing.page)) == 250
