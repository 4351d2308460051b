"""The same done for each of many, several at a time, and an end to what is under way."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, TypeVar

A = TypeVar("A")
T = TypeVar("T")


async def for_each(each: Iterable[A], do: Callable[[A], Awaitable[T]], at_once: int) -> list[T | BaseException]:
    """What came of each, in their order, with at most `at_once` under way.

    What one raised stands in its place: it stops none of the others, and is the caller's to judge.
    """
    slots = asyncio.Semaphore(at_once)

    async def in_turn(one: A) -> T:
        async with slots:
            return await do(one)

    return await asyncio.gather(*(in_turn(one) for one in each), return_exceptions=True)


async def end_all(tasks: Iterable[asyncio.Task[Any]]) -> None:
    """Cancels them, and waits until each is over, however it ends."""
    under_way = list(tasks)
    for task in under_way:
        task.cancel()
    await asyncio.gather(*under_way, return_exceptions=True)
