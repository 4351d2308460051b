"""A card that an earlier version of this program posted is still the instance's card after an upgrade."""

from __future__ import annotations

import json

from redis.asyncio import Redis

from bot.sandbox.slack import Message
from tests.bot.app_fixture import House, open_house
from tests.bot.scenarios import in_thread
from tests.bot.test_mentions import answer_to
from tests.bot.test_story_places import roots, running


async def as_before(redis_url: str, instance_id: str, card: Message) -> None:
    """Makes Redis hold what the version before this one has written: the card's place is in the note alone."""
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        note = json.loads(await redis.get(f"{{gpu}}:delivery:{instance_id}") or "")
        note["by"]["slack"]["memo"] = {"channel": card.channel, "ts": card.ts, "seen": "1795000000"}
        await redis.set(f"{{gpu}}:delivery:{instance_id}", json.dumps(note))
        await redis.delete("{gpu}:cards", "{gpu}:threads")
        await redis.hdel(f"{{gpu}}:instance:{instance_id}", "t:slack", "t:webhook")


async def lives_on(house: House, card: Message) -> None:
    """Its thread is known to be about it, what is pressed on it is done, and its story goes on there."""
    assert "train-1" in (await answer_to(house, "@gpu-bot status", thread=card)).shown
    await house.slack.person("ada").command("/gpu extend train-1 4h")
    await in_thread(house, card, "runs until")
    await house.slack.person("ada").click(card, "instance:stop")
    await in_thread(house, card, "is stopped")
    assert roots(house) == [card]


async def test_after_an_upgrade_the_story_goes_on_under_the_card_that_is_there(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        card = await running(house)
        record = await house.record(card)
        await as_before(redis_url, record.id, card)
        async with house.another_web() as port, Redis.from_url(redis_url, decode_responses=True) as redis:
            assert await redis.hgetall("{gpu}:threads") == {f"{card.channel}:{card.ts}": record.id}
            house.slack.bot_url = f"http://127.0.0.1:{port}"
            await lives_on(house, card)
            house.slack.bot_url = house.front.url


async def test_a_note_that_an_earlier_version_writes_beside_this_one_is_found_too(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        card = await running(house)
        await as_before(redis_url, (await house.record(card)).id, card)
        await lives_on(house, card)
