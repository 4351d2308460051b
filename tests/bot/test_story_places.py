"""Where a story is told: renewed when it is lost, waited for when it is closed, and never left with nobody hearing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest
from redis.asyncio import Redis

from bot.sandbox.novita import Fault as NovitaFault
from bot.sandbox.slack import Fault, Message
from core.services.alarms import AlarmKind
from tests.bot.app_fixture import House, instance_id_of, open_house
from tests.bot.scenarios import buttons_of, in_thread
from tests.bot.watched_alarms import is_over, stands
from tests.patience import patience


def roots(house: House) -> list[Message]:
    """The messages of the channel that nobody has deleted."""
    return [each for each in house.slack.person("bo").messages("gpu") if not each.deleted]


async def running(house: House, name: str = "train-1") -> Message:
    await house.submitted(name)
    card = await house.card(f"*{name}* is running")
    await in_thread(house, card, "is running")
    return card


async def test_a_card_that_somebody_deleted_is_made_anew_with_buttons_and_the_story_goes_on_under_it(
    redis_url: str,
) -> None:
    async with open_house(redis_url) as house:
        house.novita.fail_next("create", NovitaFault.slow(0.3))
        await house.submitted("train-1")
        house.slack.workspace.delete(await house.card("is being created"))
        card = await house.card("*train-1* is running")
        await in_thread(house, card, "is created")
        await in_thread(house, card, "is running")
        assert "instance:stop" in buttons_of(card)
        assert roots(house) == [card]


async def test_a_card_that_is_deleted_while_it_runs_is_made_anew_at_the_next_news(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        card = await running(house)
        house.slack.workspace.delete(card)
        await house.slack.person("ada").command("/gpu start train-1")
        await house.slack.person("ada").command("/gpu extend train-1 4h")
        renewed = await house.card("*train-1* is running")
        await in_thread(house, renewed, "runs until")
        assert renewed.ts != card.ts
        assert instance_id_of(renewed) == instance_id_of(card)
        await house.slack.person("ada").click(renewed, "instance:stop")
        await in_thread(house, await house.card("is stopped"), "is stopped")
        assert len(roots(house)) == 1


@pytest.mark.parametrize("word", ["message_not_found", "cant_update_message", "is_inactive", "thread_not_found"])
async def test_whatever_says_that_the_card_is_lost_leads_to_one_new_card(redis_url: str, word: str) -> None:
    async with open_house(redis_url) as house:
        card = await running(house)
        house.slack.faults.next("chat.update", Fault.error(word))
        await house.slack.person("ada").command("/gpu extend train-1 4h")
        await house.slack.wait_until(lambda: len(roots(house)) == 2)
        renewed = roots(house)[-1]
        await in_thread(house, renewed, "runs until")
        assert "runs until" not in " ".join(each.shown for each in house.slack.thread(card))


async def test_a_new_card_is_made_once_whatever_fails_then(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        card = await running(house)
        house.slack.workspace.delete(card)
        house.slack.faults.next("chat.postMessage", Fault.slow(0), Fault.rate_limited(1), Fault.server_error())
        await house.slack.person("ada").command("/gpu extend train-1 4h")
        renewed = await house.card("*train-1* is running")
        await in_thread(house, renewed, "runs until")
        assert roots(house) == [renewed]


async def test_when_no_conversation_takes_a_story_the_admins_hear_and_it_goes_on_when_one_does(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.slack.faults.always("chat.postMessage", Fault.error("messages_tab_disabled"))
        await house.submitted("train-1")
        await house.outcome("Created")
        alarm = await stands(house, AlarmKind.NOT_TOLD)
        assert alarm.facts["name"] == "train-1"
        assert "messages_tab_disabled" in alarm.facts["why"]
        [record] = await house.base.store.live()
        assert alarm.subject == record.id
        assert await house.base.store.outbox_size() == 1
        house.slack.faults.clear()
        await in_thread(house, await house.card("*train-1* is running"), "is running")
        await is_over(house, AlarmKind.NOT_TOLD)


@pytest.mark.parametrize("word", ["missing_scope", "org_login_required", "team_access_not_granted", "never_heard_of"])
async def test_a_refusal_that_the_bot_does_not_know_as_passing_throws_no_news_away(redis_url: str, word: str) -> None:
    async with open_house(redis_url) as house:
        house.slack.faults.always("chat.postMessage", Fault.error(word))
        await house.submitted("train-1")
        alarm = await stands(house, AlarmKind.NOT_TOLD)
        assert word in alarm.facts["why"]
        house.slack.faults.clear()
        card = await house.card("*train-1* is running")
        await in_thread(house, card, "is created")
        await in_thread(house, card, "is running")
        await is_over(house, AlarmKind.NOT_TOLD)


async def test_a_card_whose_first_answer_was_lost_says_that_it_may_be_there_twice(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.slack.faults.next("chat.postMessage", Fault.reset_after_effect())
        await house.submitted("train-1")
        await house.slack.wait_until(lambda: len(roots(house)) == 2)
        first, second = roots(house)
        await in_thread(house, second, "is running")
        assert "may be here twice" in second.shown
        assert "may be here twice" not in first.shown
        assert house.slack.thread(first) == []


async def test_the_card_that_is_not_kept_up_to_date_says_so_when_somebody_presses_its_buttons(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.slack.faults.next("chat.postMessage", Fault.reset_after_effect())
        house.novita.fail_next("create", NovitaFault.slow(0.5))
        await house.submitted("train-1")
        await house.slack.wait_until(lambda: len(roots(house)) == 2)
        first, second = roots(house)
        await in_thread(house, second, "is running")
        # The card of a launch has no button yet, so the twin gets those of its sister.
        house.slack.workspace.edit(first, second.text, second.blocks)
        await house.slack.person("ada").click(first, "instance:connect")
        await house.slack.wait_until(lambda: "not kept up to date" in first.shown)
        assert buttons_of(first) == []
        assert second.ts.replace(".", "") in first.text + str(first.blocks)
        assert "not kept up to date" not in second.shown


async def test_what_nobody_hears_counts_as_late_however_far_its_next_try_is_put_off(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.slack.faults.always("chat.postMessage", Fault.rate_limited(86400))
        await house.submitted("train-1")
        await house.slack.wait_until(lambda: bool(house.slack.calls_of("chat.postMessage")))
        async with patience():
            late = timedelta()
            while late <= timedelta(seconds=1):
                await asyncio.sleep(0.1)
                late = await house.base.store.oldest_untold_age(house.base.clock.now())
        soon = house.base.clock.now() + timedelta(minutes=5, seconds=1)
        [record] = await house.base.store.live()
        assert record.id in await house.base.store.due(soon)


async def test_a_record_that_cannot_be_read_is_told_to_the_admins_until_it_can(redis_url: str) -> None:
    async with (
        open_house(redis_url, admins="U0CY000001") as house,
        Redis.from_url(redis_url, decode_responses=True) as redis,
    ):
        card = await running(house)
        key = f"{{gpu}}:instance:{instance_id_of(card)}"
        whole = str(await redis.hget(key, "json"))
        await redis.hset(key, "json", whole.replace('"status":"running"', '"status":"of the future"'))
        alarm = await stands(house, AlarmKind.UNREADABLE)
        assert (alarm.subject, alarm.facts["name"]) == (instance_id_of(card), "train-1")
        await house.slack.wait_until(lambda: "cannot be read" in house.slack.person("cy").sees("dm"))
        await redis.hset(key, "json", whole)
        await is_over(house, AlarmKind.UNREADABLE)


async def test_a_record_that_cannot_be_read_is_not_written_over_and_holds_up_no_look(redis_url: str) -> None:
    async with (
        open_house(redis_url, admins="U0CY000001") as house,
        Redis.from_url(redis_url, decode_responses=True) as redis,
    ):
        card = await running(house)
        key = f"{{gpu}}:instance:{instance_id_of(card)}"
        whole = str(await redis.hget(key, "json"))
        broken = whole.replace('"status":"running"', '"status":"of the future"')
        await redis.hset(key, "json", broken)
        await stands(house, AlarmKind.UNREADABLE)
        await running(house, "train-2")
        assert await redis.hget(key, "json") == broken
        live = await house.base.store.live()
        assert [(each.request.name, each.unreadable is None) for each in live] == [
            ("train-1", False),
            ("train-2", True),
        ]
        assert all(alarm.kind is not AlarmKind.STRAY for alarm in await house.base.alarms.standing())
