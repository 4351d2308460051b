"""Whose turn a task is, as workers agree on it in a real Redis: holds, due times, and none that cannot be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from core.adapters.redis import connect
from core.adapters.redis.turns import HOLD, Turn, Turns, Wish, Wished

KEY = "{gpu}:worker:tasks"
MINUTE = timedelta(minutes=1)
TWO_HOURS = timedelta(hours=2)
SLACK = timedelta(seconds=25)
"""For how long the machine may stand still between two steps of a test."""


@pytest.fixture
async def redis(redis_url: str) -> AsyncIterator[Redis]:
    client = connect(redis_url)
    yield client
    await client.aclose()


def one(redis: Redis, holder: str) -> Turns:
    return Turns(redis, holder=holder)


async def asked(turns: Turns, wish: Wish = Wish.TAKE, left: timedelta = timedelta(), task: str = "look") -> Turn:
    [turn] = await turns.agree([Wished(task, MINUTE, wish, left)])
    return turn


async def written(redis: Redis, holder: str, until: timedelta, due: timedelta) -> None:
    """As if that had been agreed on; both from now, by Redis's clock."""
    seconds, micros = await redis.time()
    now = seconds * 1000 + micros // 1000
    each = [now + int(ahead.total_seconds() * 1000) for ahead in (until, due)]
    await redis.hset(KEY, "look", f"{holder} {each[0]} {each[1]}")


async def test_a_task_that_nobody_has_is_taken_and_due_at_once(redis: Redis) -> None:
    assert await asked(one(redis, "a")) == Turn(is_ours=True, left=timedelta())


async def test_who_asks_second_is_told_when_it_may_be_free(redis: Redis) -> None:
    await asked(one(redis, "a"))
    turn = await asked(one(redis, "b"))
    assert not turn.is_ours
    assert timedelta() < turn.left <= HOLD


async def test_an_answer_that_was_lost_is_given_again(redis: Redis) -> None:
    first = one(redis, "a")
    await asked(first)
    assert (await asked(first)).is_ours


async def test_a_lost_answer_makes_nothing_due_that_was_not(redis: Redis) -> None:
    await written(redis, "-", timedelta(), MINUTE / 2)
    first = one(redis, "a")
    for _ in range(2):
        turn = await asked(first)
        assert turn.is_ours
        assert MINUTE / 2 - SLACK < turn.left <= MINUTE / 2


async def test_what_is_kept_stays_ours_and_what_is_given_is_the_next_ones_when_it_is_due(redis: Redis) -> None:
    first, second = one(redis, "a"), one(redis, "b")
    await asked(first)
    assert (await asked(first, Wish.KEEP, MINUTE / 2)).is_ours
    assert not (await asked(second)).is_ours
    assert not (await asked(first, Wish.GIVE, MINUTE / 2)).is_ours
    turn = await asked(second)
    assert turn.is_ours
    assert MINUTE / 2 - SLACK < turn.left <= MINUTE / 2
    assert not (await asked(first, Wish.KEEP)).is_ours


async def test_nobody_gives_away_what_another_has(redis: Redis) -> None:
    first, second = one(redis, "a"), one(redis, "b")
    await asked(first)
    await asked(second, Wish.GIVE)
    assert (await asked(first, Wish.KEEP)).is_ours
    assert not (await asked(second)).is_ours


@pytest.mark.parametrize(
    ("until", "is_free"),
    [
        (-TWO_HOURS, True),
        (timedelta(), True),
        (HOLD, False),
        (HOLD + SLACK, True),
        (TWO_HOURS, True),
    ],
)
async def test_a_hold_that_is_over_or_longer_than_any_can_be_holds_nothing(
    redis: Redis, until: timedelta, is_free: bool
) -> None:
    await written(redis, "a", until, timedelta())
    assert (await asked(one(redis, "b"))).is_ours is is_free


@pytest.mark.parametrize(
    ("due", "left"),
    [
        (-TWO_HOURS, timedelta()),
        (timedelta(), timedelta()),
        (MINUTE / 2, MINUTE / 2),
        (MINUTE, MINUTE),
        (MINUTE + SLACK, timedelta()),
        (TWO_HOURS, timedelta()),
    ],
)
async def test_nothing_is_due_later_than_its_interval_from_now(redis: Redis, due: timedelta, left: timedelta) -> None:
    await written(redis, "-", timedelta(), due)
    turn = await asked(one(redis, "b"))
    assert turn.is_ours
    assert max(left - SLACK, timedelta()) <= turn.left <= left


async def test_whoever_has_a_task_keeps_it_when_redis_s_clock_jumps(redis: Redis) -> None:
    for jump in (-TWO_HOURS, TWO_HOURS):
        await written(redis, "a", jump, jump)
        assert (await asked(one(redis, "a"), Wish.KEEP)).is_ours
        assert not (await asked(one(redis, "b"))).is_ours


async def test_what_cannot_be_read_is_free(redis: Redis) -> None:
    for nonsense in ("", "a", "a b c", "a 1", "{}"):
        await redis.hset(KEY, "look", nonsense)
        assert await asked(one(redis, "b")) == Turn(is_ours=True, left=timedelta())


async def test_each_task_is_agreed_on_for_itself(redis: Redis) -> None:
    first, second = one(redis, "a"), one(redis, "b")
    await asked(first, task="look")
    wishes = [Wished("sweep", MINUTE, Wish.TAKE), Wished("look", MINUTE, Wish.TAKE), Wished("beat", MINUTE, Wish.TAKE)]
    assert [turn.is_ours for turn in await second.agree(wishes)] == [True, False, True]
    answers = await asyncio.gather(*(each.agree(wishes) for each in (first, second)))
    assert [[turn.is_ours for turn in each] for each in answers] == [[False, True, False], [True, False, True]]


async def test_turns_are_agreed_on_when_memory_is_full_too(redis: Redis) -> None:
    await redis.config_set("maxmemory", "1")
    try:
        first, second = one(redis, "a"), one(redis, "b")
        assert (await asked(first)).is_ours
        assert not (await asked(second)).is_ours
        await asked(first, Wish.GIVE)
        assert (await asked(second)).is_ours
    finally:
        await redis.config_set("maxmemory", "0")
