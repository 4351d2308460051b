"""Something else stands under a key of an instance: orders go on, admins hear, and nothing is lost in silence."""

from __future__ import annotations

from datetime import timedelta

import redis.asyncio as aioredis

from bot.sandbox.slack import Message
from core.domain.instance import Instance, Status
from core.services.alarms import AlarmKind
from tests.bot.app_fixture import House, open_house
from tests.bot.scenarios import in_thread, read, running, told, with_lease_to
from tests.bot.watched_alarms import is_over, stands
from tests.patience import until

CY = "U0CY000001"
STRANGE = "what another program wrote"


async def stopped(house: House, instance: Instance) -> None:
    async def is_so() -> bool:
        record = await read(house, instance.id)
        return record.status is Status.STOPPED and record.order is None

    await until(is_so)


async def heard(house: House, key: str) -> Message:
    """What the admin is told of it."""
    cy = house.slack.person("cy")
    found = await house.slack.wait_until(lambda: next((dm for dm in cy.dms() if key in dm.shown), None), 40)
    assert found is not None
    return found


async def test_with_something_else_for_a_timeline_the_lease_ends_and_the_admins_hear(redis_url: str) -> None:
    async with open_house(redis_url, admins=CY) as house, aioredis.Redis.from_url(redis_url) as server:
        made, card = await running(house)
        key = f"{{gpu}}:timeline:{made.id}"
        await server.set(key, STRANGE)
        await with_lease_to(house, made, timedelta(0))
        await stopped(house, made)
        assert len(house.novita.calls_of("stop")) == 1
        assert await server.zscore("{gpu}:live", made.id) is not None
        alarm = await stands(house, AlarmKind.KEY_TAKEN)
        assert (alarm.subject, alarm.facts["name"], alarm.facts["key"]) == (made.id, "train-1", key)
        assert "told to nobody" in (await heard(house, key)).shown
        assert await server.get(key) == STRANGE.encode(), "what is not ours is left as it is"
        await server.delete(key)
        await is_over(house, AlarmKind.KEY_TAKEN)
        await house.slack.person("ada").command("/gpu start train-1")
        await house.slack.person("ada").click(await told(house, "ada", "Start *train-1*?"), "instance:start")
        await in_thread(house, card, "is being started")
        await house.slack.wait_until(lambda: sum("is running" in each.shown for each in house.slack.thread(card)) == 2)
        assert len(house.slack.thread(card)) == 4, "created, running; then started, running"


async def test_with_something_else_for_what_was_told_it_is_told_once_that_is_removed(redis_url: str) -> None:
    async with open_house(redis_url, admins=CY) as house, aioredis.Redis.from_url(redis_url) as server:
        made, card = await running(house)
        key = f"{{gpu}}:delivery:{made.id}"
        await house.slack.wait_until(lambda: len(house.slack.thread(card)) == 2)
        await until(lambda: _is_told(house))
        kept = await server.getdel(key)
        await server.rpush(key, STRANGE)
        await with_lease_to(house, made, timedelta(0))
        await stopped(house, made)
        await stands(house, AlarmKind.KEY_TAKEN)
        await heard(house, key)
        assert len(house.slack.thread(card)) == 2
        await server.delete(key)
        await server.set(key, kept or "")
        await in_thread(house, card, "is stopped")
        await is_over(house, AlarmKind.KEY_TAKEN)
        assert len(house.slack.thread(card)) == 4


async def _is_told(house: House) -> bool:
    return await house.base.store.outbox_size() == 0
