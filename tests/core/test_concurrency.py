"""The same done for each of many, several at a time."""

from __future__ import annotations

import asyncio

import pytest

from core.services.concurrency import for_each


@pytest.mark.parametrize(("many", "at_once", "most"), [(1, 3, 1), (3, 3, 3), (4, 3, 3), (7, 1, 1)])
async def test_never_more_are_under_way_than_may_be_and_never_fewer_than_could_be(
    many: int, at_once: int, most: int
) -> None:
    under_way, seen = 0, 0

    async def work(_: int) -> None:
        nonlocal under_way, seen
        under_way += 1
        seen = max(seen, under_way)
        await asyncio.sleep(0)
        under_way -= 1

    await for_each(range(many), work, at_once)
    assert seen == most


async def test_what_one_raises_stands_in_its_place_and_stops_no_other() -> None:
    broken = ValueError("two")

    async def work(number: int) -> int:
        await asyncio.sleep(0)
        if number == 2:
            raise broken
        return number * 10

    assert await for_each([1, 2, 3], work, at_once=2) == [10, broken, 30]


async def test_nothing_comes_of_none() -> None:
    assert await for_each([], asyncio.sleep, at_once=2) == []
