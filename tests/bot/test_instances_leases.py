"""Leases in the whole bot: extended as far as allowed, reminded of once, and ended for certain."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.sandbox.novita import Fault
from core.domain.base import Cause
from core.domain.instance import Status
from core.domain.order import Verb
from core.domain.request import LeaseEnd
from core.domain.transitions import ordered
from core.services.alarms import AlarmKind
from tests.bot.app_fixture import House, open_house
from tests.bot.scenarios import buttons_of, change, in_thread, read, running, seen, told, with_lease_to, written
from tests.core.samples import record_with
from tests.patience import patience

HOUR = timedelta(hours=1)
CY = "U0CY000001"


@pytest.mark.parametrize(("action", "by"), [("instance:extend:1h", HOUR), ("instance:extend:4h", 4 * HOUR)])
async def test_a_button_extends_the_lease_from_its_present_end(redis_url: str, action: str, by: timedelta) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        assert made.lease.ends_at is not None
        await house.slack.person("ada").click(card, action)
        await told(house, "ada", "may run until")
        assert (await read(house, made.id)).lease.ends_at == made.lease.ends_at + by
        await in_thread(house, card, "Extended by its owner")


async def test_a_typed_extension_takes_any_length(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house)
        assert made.lease.ends_at is not None
        await house.slack.person("ada").command("/gpu extend train-1 90m")
        await told(house, "ada", "may run until")
        assert (await read(house, made.id)).lease.ends_at == made.lease.ends_at + timedelta(minutes=90)


@pytest.mark.parametrize("line", ["/gpu extend train-1", "/gpu extend", "/gpu extend train-1 soon"])
async def test_an_extension_without_a_length_is_answered_with_an_example(redis_url: str, line: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await house.slack.person("ada").command(line)
        await told(house, "ada", "Write for how long, such as /gpu extend train-1 4h")


async def test_an_extension_beyond_the_longest_lease_goes_that_far_when_asked_again(
    redis_url: str,
) -> None:
    async with open_house(redis_url, max_lease="9h") as house:
        made, _ = await running(house)
        ada = house.slack.person("ada")
        await ada.command("/gpu extend train-1 20h")
        await told(house, "ada", "A lease ends at most 9 h from now")
        assert (await read(house, made.id)).lease.ends_at == made.lease.ends_at, "said before it is done"
        (offered,) = ada.ephemerals()
        await ada.click(offered, "instance:extend:most")
        await told(house, "ada", "may run until")
        ends_at = (await read(house, made.id)).lease.ends_at
        assert ends_at is not None
        assert timedelta() <= house.base.clock.now() + 9 * HOUR - ends_at < timedelta(minutes=1)


async def test_two_people_who_extend_at_once_over_two_webs_extend_it_once_and_both_are_told(redis_url: str) -> None:
    async with open_house(redis_url, webs=2, admins=(CY,)) as house:
        made, card = await running(house)
        assert made.lease.ends_at is not None
        people = [house.slack.person(who) for who in ("ada", "cy")]
        await asyncio.gather(*(person.click(card, "instance:extend:4h") for person in people))
        await house.slack.wait_until(lambda: all(len(person.ephemerals()) == 1 for person in people))
        assert (await read(house, made.id)).lease.ends_at == made.lease.ends_at + 4 * HOUR
        for person in people:
            assert "may run until" in person.sees() or "has just extended" in person.sees()


async def test_a_double_click_on_extend_extends_once(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        assert made.lease.ends_at is not None
        ada = house.slack.person("ada")
        await ada.click(card, "instance:extend:1h")
        await told(house, "ada", "may run until")
        await ada.click(card, "instance:extend:1h")
        await told(house, "ada", "has just extended")
        assert (await read(house, made.id)).lease.ends_at == made.lease.ends_at + HOUR


@pytest.mark.parametrize("minutes", [60, 15])
async def test_the_owner_is_reminded_once_before_the_end_with_ways_to_go_on(redis_url: str, minutes: int) -> None:
    async with open_house(redis_url, workers=2) as house:
        made, card = await running(house)
        await with_lease_to(house, made, timedelta(minutes=minutes))
        reminder = await in_thread(house, card, f"has {minutes - 1} min left")
        assert house.slack.person("ada").id in reminder.shown
        assert buttons_of(reminder)[:2] == ["instance:extend:1h", "instance:extend:4h"]
        assert "instance:stop" in buttons_of(reminder)
        await house.slack.person("ada").click(reminder, "instance:extend:4h")
        await in_thread(house, card, "Extended by its owner")
        assert sum("left" in reply.shown for reply in house.slack.thread(card)) == 1


async def test_at_its_end_an_instance_is_stopped_once_by_two_workers_and_the_owner_hears_why(redis_url: str) -> None:
    async with open_house(redis_url, workers=2) as house:
        made, card = await running(house)
        await with_lease_to(house, made, timedelta(seconds=-1))
        record, _ = await seen(house, made, "is stopped")
        assert record.status is Status.STOPPED
        assert len(house.novita.calls_of("stop")) == 1
        told_why = await in_thread(house, card, "ease is over")
        assert house.slack.person("ada").id in told_why.shown


async def test_an_instance_that_was_to_be_deleted_at_its_end_is_deleted(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house, lease_end=LeaseEnd.DELETE)
        await with_lease_to(house, made, timedelta(seconds=-1))
        await seen(house, made, "is being deleted")
        assert len(house.novita.calls_of("delete")) == 1
        assert house.novita.calls_of("stop") == []


async def test_a_lease_that_ends_while_no_worker_lives_is_ended_by_the_next_one(redis_url: str) -> None:
    async with open_house(redis_url, workers=1) as house:
        made, _ = await running(house)
        record = await with_lease_to(house, made, timedelta(hours=-3))
        assert record.status is Status.RUNNING
        await seen(house, made, "is stopped")


async def test_an_end_that_novita_does_not_take_calls_the_owner_and_the_admins(redis_url: str) -> None:
    async with open_house(redis_url, admins=(CY,)) as house:
        house.novita.fail_all(Fault.server_error(), "stop")
        made, card = await running(house)
        await with_lease_to(house, made, timedelta(seconds=-1))
        trouble = await in_thread(house, card, "could not be stopped yet")
        assert house.slack.person("ada").id in trouble.shown
        assert CY in trouble.shown
        assert "is stopped" not in card.shown
        house.novita.clear_faults()


async def test_the_clock_of_a_lease_runs_from_running(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house, lease=HOUR * 2)
        assert made.running_at is not None
        assert made.lease.ends_at == made.running_at + HOUR * 2


async def test_only_admins_may_choose_no_end_where_leases_must_have_one(redis_url: str) -> None:
    async with open_house(redis_url, admins=(CY,)) as house:
        for who, is_offered in (("ada", False), ("cy", True)):
            modal = await house.modal(who)
            assert ("No end" in modal.fields()["lease"].options) is is_offered
        await modal.choose("lease", "No end")
        await modal.fill("name", "endless")
        assert (await modal.submit()).updated
        card = await house.card("*endless* is running", who="cy")
        assert (await house.record(card)).lease.ends_at is None


async def test_a_stopped_instance_reminds_weekly_what_its_disk_costs(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house, rootfs_size=100)
        await house.slack.person("ada").click(card, "instance:stop")
        stopped, _ = await seen(house, made, "is stopped")
        week_ago = house.base.clock.now() - timedelta(days=7, minutes=1)
        await change(house, stopped, lambda i: (record_with(i, stopped_at=week_ago), ()))
        reminder = await in_thread(house, card, "has been stopped for a week")
        assert "$0.20 a day" in reminder.shown
        assert buttons_of(reminder) == ["instance:start", "instance:delete"]


async def test_while_novita_says_another_time_no_lease_ends_and_afterwards_it_does(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house)
        house.novita.clock_ahead = -120
        await with_lease_to(house, made, timedelta(seconds=-1))
        await _stand(house, 1)
        before = len(house.novita.calls_of("instances"))
        await house.novita.wait_until(lambda: len(house.novita.calls_of("instances")) > before + 4)
        assert (await read(house, made.id)).order is None
        house.novita.clock_ahead = 0
        await seen(house, made, "is stopped")
        await _stand(house, 0)


async def _stand(house: House, alarms: int) -> None:
    """Returns once so many alarms of clocks stand."""
    async with patience():
        while len([a for a in await house.base.alarms.standing() if a.kind is AlarmKind.CLOCKS_APART]) != alarms:  # noqa: ASYNC110
            await asyncio.sleep(0.02)  # Redis tells nobody when it changes.


@pytest.mark.parametrize("line", ["extend 4h train-1", "extend train-1 for 4 more hours", "extend by 4h train-1"])
async def test_the_words_of_an_extension_stand_in_any_order(redis_url: str, line: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house)
        assert made.lease.ends_at is not None
        await house.slack.person("ada").command(f"/gpu {line}")
        await told(house, "ada", "may run until")
        assert (await read(house, made.id)).lease.ends_at == made.lease.ends_at + 4 * HOUR


async def test_a_typed_wish_right_after_another_is_a_wish_of_its_own(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house)
        assert made.lease.ends_at is not None
        ada = house.slack.person("ada")
        for number, line in enumerate(("/gpu extend train-1 1h", "/gpu extend train-1 4h"), 1):
            await ada.command(line)
            await _sees(house, "may run until", number)
        assert (await read(house, made.id)).lease.ends_at == made.lease.ends_at + 5 * HOUR


async def test_another_button_right_after_one_is_a_wish_of_its_own(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        assert made.lease.ends_at is not None
        ada = house.slack.person("ada")
        for number, action in enumerate(("instance:extend:1h", "instance:extend:4h"), 1):
            await ada.click(card, action)
            await _sees(house, "may run until", number)
        assert (await read(house, made.id)).lease.ends_at == made.lease.ends_at + 5 * HOUR


async def test_a_lease_is_shortened_to_so_long_from_now_and_its_thread_tells(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await house.slack.person("ada").command("/gpu lease train-1 2h")
        await told(house, "ada", "no longer until")
        ends_at = (await read(house, made.id)).lease.ends_at
        assert ends_at is not None
        assert timedelta() <= house.base.clock.now() + 2 * HOUR - ends_at < timedelta(minutes=1)
        await in_thread(house, card, "Shortened by its owner")


async def test_a_lease_is_shortened_to_a_time_of_day(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house, lease=30 * HOUR)
        when = (house.base.clock.now() + 3 * HOUR).replace(second=0, microsecond=0)
        await house.slack.person("ada").command(f"/gpu extend train-1 until {when:%H:%M}")
        await told(house, "ada", "no longer until")
        assert (await read(house, made.id)).lease.ends_at == when


async def test_an_extension_that_comes_after_a_stop_is_told_as_lost(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        (made,) = await written(house, 1)
        now = house.base.clock.now()
        stopped = await change(house, made, lambda i: ordered(i, Verb.STOP, Cause.LEASE, now))
        ada = house.slack.person("ada")
        for number, line in enumerate(("extend job-000 1h", "extend job-000 until 18:00", "lease job-000 1h"), 1):
            await ada.command(f"/gpu {line}")
            await _sees(house, "cannot be extended now: a stop is under way", number)
        assert (await read(house, made.id)).lease.ends_at == stopped.lease.ends_at


async def _sees(house: House, text: str, times: int) -> None:
    """Ada sees the text so often."""
    await house.slack.wait_until(lambda: house.slack.person("ada").sees().count(text) == times)
