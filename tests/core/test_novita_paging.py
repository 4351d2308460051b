"""Listings are read whole, whatever Novita's page numbers and totals are like."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.adapters.novita.paging import PAGE_SIZE, Page, Paging
from core.domain.attempt import FailureKind
from core.domain.errors import NovitaRefused


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
    size: int = PAGE_SIZE
    refuses_beyond: bool = False
    asked: list[int] = field(default_factory=list)

    async def page(self, number: int) -> Page[Row]:
        self.asked.append(number)
        if number < self.base and self.refuses_zero:
            raise NovitaRefused(FailureKind.BAD_INPUT, "VALIDATOR_PARAM", "pageNum", 400)
        start = max(number - self.base, 0) * self.size
        if start > 0 and start >= self.count and self.refuses_beyond:
            raise NovitaRefused(FailureKind.BAD_INPUT, "VALIDATOR_PARAM", "pageNum", 400)
        rows = tuple(Row(str(index)) for index in range(start, min(start + self.size, self.count)))
        return Page(rows, len(rows), self.count if self.with_total else None)


async def found(paging: Paging, listing: Listing) -> list[int]:
    return sorted(int(row.id) for row in await paging.every(listing.page))


listings = st.builds(
    Listing,
    st.integers(0, 450),
    st.sampled_from([0, 1]),
    st.booleans(),
    st.booleans(),
    st.sampled_from([PAGE_SIZE, 40]),
    st.booleans(),
)


@given(listings)
async def test_every_row_is_found_once(listing: Listing) -> None:
    paging = Paging()
    for _ in range(2):
        assert await found(paging, listing) == list(range(listing.count))


@given(listings, st.sampled_from([0, 1]))
async def test_no_row_is_lost_when_a_listing_begins_to_count_otherwise(listing: Listing, base: int) -> None:
    """As happens to what was learnt of it: short, without a total, refused, given twice."""
    paging = Paging()
    await found(paging, listing)
    listing.base = base
    for _ in range(2):
        assert await found(paging, listing) == list(range(listing.count))


@pytest.mark.parametrize(("first", "then"), [(0, 1), (1, 0)])
@pytest.mark.parametrize("with_total", [True, False])
async def test_what_was_learnt_is_learnt_anew_when_it_is_refused_or_rows_are_missing(
    first: int, then: int, with_total: bool
) -> None:
    listing, paging = Listing(250, first, with_total=with_total, refuses_zero=True, refuses_beyond=True), Paging()
    await found(paging, listing)
    listing.base = then
    assert await found(paging, listing) == list(range(250))


async def test_a_refusal_that_is_not_about_the_page_is_handed_on() -> None:
    asked: list[int] = []

    async def page(number: int) -> Page[Row]:
        asked.append(number)
        raise NovitaRefused(FailureKind.ACCOUNT, "UNAUTHORIZED", "no", 401)

    with pytest.raises(NovitaRefused):
        await Paging().every(page)
    assert asked == [1]


async def test_a_listing_that_is_refused_either_way_is_not_taken_for_an_empty_one() -> None:
    asked: list[int] = []

    async def page(number: int) -> Page[Row]:
        asked.append(number)
        raise NovitaRefused(FailureKind.BAD_INPUT, "VALIDATOR_PARAM", "pageNum", 400)

    with pytest.raises(NovitaRefused):
        await Paging().every(page)
    assert asked == [1, 0]


async def test_a_later_page_that_is_refused_does_not_make_a_part_look_like_the_whole() -> None:
    whole = Listing(250, refuses_zero=True)

    async def page(number: int) -> Page[Row]:
        if number > 2:
            raise NovitaRefused(FailureKind.OTHER, "SOMETHING", "no", 400)
        return await whole.page(number)

    with pytest.raises(NovitaRefused):
        await Paging().every(page)


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


@pytest.mark.parametrize(
    ("on_page_zero", "first"),
    [(("x", "y"), 0), (("x", "a"), 1), (("a", "b"), 1), ((), 1)],
)
async def test_only_a_page_of_wholly_new_rows_proves_that_pages_count_from_zero(
    on_page_zero: tuple[str, ...], first: int
) -> None:
    """A server that counts from 1 may answer 0 with its first page, which a new row has changed meanwhile."""
    asked: list[int] = []

    async def page(number: int) -> Page[Row]:
        asked.append(number)
        rows = {0: on_page_zero, 1: ("a", "b")}.get(number, ())
        return Page(tuple(map(Row, rows)), len(rows), None)

    paging = Paging()
    for _ in range(2):
        assert {row.id for row in await paging.every(page)} == {"a", "b", *on_page_zero}
        begun_with, asked[:] = asked[0], []
    assert begun_with == first
