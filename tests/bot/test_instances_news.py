"""What happens without us: Novita's console, spot notices, reclaims; and starting the same again."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from core.domain.base import BillingMode
from core.domain.instance import Status, StopReason
from tests.bot.app_fixture import open_house
from tests.bot.scenarios import (
    aged,
    buttons_of,
    change,
    in_thread,
    launched,
    read,
    running,
    running_anew,
    seen,
    started_again,
    told,
)
from tests.core.samples import record_with


async def test_a_stop_in_novitas_console_is_told_with_the_likely_reason(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house, billing_mode=BillingMode.ON_DEMAND)
        house.novita.stop_instance(str(made.remote.id))
        await seen(house, made, "is stopped")
        reply = await in_thread(house, card, "is stopped")
        assert house.slack.person("ada").id in reply.shown
        assert "console" in reply.shown
        assert "instance:start" in buttons_of(card)


async def test_a_start_in_novitas_console_is_followed_too(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await house.slack.person("ada").click(card, "instance:stop")
        await seen(house, made, "is stopped")
        house.novita.start_instance(str(made.remote.id))
        record, _ = await seen(house, made, "is running")
        assert record.lease.ends_at is not None


async def test_a_delete_in_novitas_console_is_told_as_somebody_elses_doing(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await aged(house, made)
        house.novita.delete_instance(str(made.remote.id))
        await seen(house, made, "is deleted")
        reply = await in_thread(house, card, "Somebody deleted it outside this bot")
        assert "instance:again" in buttons_of(reply)


async def test_a_spot_notice_reaches_the_owner_at_once_with_ways_out(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        house.novita.give_spot_notice(str(made.remote.id), in_seconds=1800)
        notice = await in_thread(house, card, "will be taken back by Novita")
        assert house.slack.person("ada").id in notice.shown
        assert buttons_of(notice) == ["instance:again:on_demand", "instance:again", "instance:connect"]
        await seen(house, made, "Novita takes this spot instance back")


async def test_after_a_reclaim_one_button_starts_the_same_again_with_fallback(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        house.novita.give_spot_notice(str(made.remote.id), in_seconds=3600)
        await in_thread(house, card, "will be taken back by Novita")
        house.novita.reclaim(str(made.remote.id))
        news = await in_thread(house, card, "was taken back by Novita")
        region = house.novita.instances[str(made.remote.id)].cluster.name.partition(" (")[0]
        house.novita.out_of_stock_at_create(region)
        await started_again(house, "ada", news)
        await told(house, "ada", "is being created: its own card")
        await house.slack.wait_until(lambda: len(house.slack.person("ada").messages("gpu")) == 2)
        await house.card("is running")
        [first, second] = list(house.novita.instances.values())
        assert first.cluster is not second.cluster
        assert first.order.name.startswith("train-1-")
        assert second.order.name.startswith("train-2-"), "the first is there still"


async def test_the_same_again_asks_first_with_todays_price_and_says_whose_it_will_be(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        house.novita.reclaim(str(made.remote.id))
        news = await in_thread(house, card, "was taken back by Novita")
        bo = house.slack.person("bo")
        await bo.click(news, "instance:again")
        question = await told(house, "bo", "Create *train-1* again")
        for part in ("again as *train-2*: 1 × ", "<@U0BO000001>, as you ask for it", "/h", "for 8 h", "AS-SGP-02"):
            assert part in question.shown
        assert len(house.novita.creates) == 1
        await asyncio.gather(*(bo.click(question, "instance:again:confirm") for _ in range(3)))
        await house.slack.wait_until(lambda: len(bo.messages("gpu")) == 2)
        again = await house.record(bo.messages("gpu")[-1])
        assert again.owner.user == bo.id
        assert len(house.novita.creates) == 2


async def test_the_same_again_can_be_changed_in_the_form(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        house.novita.reclaim(str(made.remote.id))
        news = await in_thread(house, card, "was taken back by Novita")
        ada = house.slack.person("ada")
        await ada.click(news, "instance:again")
        await ada.click(await told(house, "ada", "Create *train-1* again"), "instance:again:edit")
        modal = await ada.modal("create_instance")
        assert modal.fields()["name"].value == "train-2"
        assert len(house.novita.creates) == 1


async def test_the_same_again_goes_when_it_makes_no_sense_any_more(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        house.novita.reclaim(str(made.remote.id))
        news = await in_thread(house, card, "was taken back by Novita")
        await seen(house, made, "is stopped")
        long_ago = house.base.clock.now() - timedelta(days=8)
        await change(house, made, lambda i: (record_with(i, stopped_at=long_ago), []))
        ada = house.slack.person("ada")
        await ada.click(news, "instance:again")
        await told(house, "ada", "too long ago")
        await house.slack.wait_until(lambda: "instance:again" not in buttons_of(card))
        assert len(house.novita.creates) == 1


async def test_two_people_who_start_the_same_again_start_it_once(redis_url: str) -> None:
    async with open_house(redis_url, webs=2) as house:
        made, _ = await running(house)
        house.novita.reclaim(str(made.remote.id))
        _, card = await seen(house, made, "is stopped")
        news = await in_thread(house, card, "was taken back by Novita")
        await started_again(house, "ada", news)
        await told(house, "ada", "is being created: its own card")
        await house.novita.wait_until(lambda: len(house.novita.creates) == 2)
        await started_again(house, "bo", news)
        await told(house, "bo", "was created from this before")
        await house.slack.wait_until(lambda: len(house.slack.person("ada").messages("gpu")) == 2)
        assert len(house.novita.creates) == 2


async def test_started_again_on_demand_it_is_whoevers_button_it_was(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        house.novita.give_spot_notice(str(made.remote.id))
        notice = await in_thread(house, card, "will be taken back by Novita")
        await started_again(house, "bo", notice, "instance:again:on_demand")
        await told(house, "bo", "is being created: its own card")
        await house.slack.wait_until(lambda: len(house.slack.person("ada").messages("gpu")) == 2)
        again = await house.record(house.slack.person("ada").messages("gpu")[-1])
        assert again.owner.user == house.slack.person("bo").id
        assert again.request.billing_mode is BillingMode.ON_DEMAND


async def test_with_variables_the_form_opens_for_their_values_are_stored_nowhere(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house, name="with-envs", gpu_num=2, envs={"WANDB_KEY": "s3cret-value"})
        house.novita.give_spot_notice(str(made.remote.id))
        notice = await in_thread(house, card, "will be taken back by Novita")
        ada = house.slack.person("ada")
        await ada.click(notice, "instance:again")
        modal = await ada.modal("create_instance")
        assert "WANDB_KEY" in modal.text()
        assert modal.fields()["name"].value == "with-envs-2"
        assert modal.fields()["gpu_num"].value == "2"
        assert "s3cret-value" not in str(modal.view.definition)
        await modal.fill("envs", "WANDB_KEY=again")
        await modal.fill("name", "second")
        assert (await modal.submit()).updated
        await house.card("*second* is running")
        assert {"key": "WANDB_KEY", "value": "again"} in house.novita.creates[-1]["envs"]


async def test_starting_again_is_refused_where_creating_is_refused(redis_url: str) -> None:
    async with open_house(redis_url, admins=("U0CY000001",)) as house:
        made, card = await running(house, who="cy", lease=None)
        house.novita.give_spot_notice(str(made.remote.id))
        notice = await in_thread(house, card, "will be taken back by Novita")
        await house.slack.person("ada").click(notice, "instance:again")
        await told(house, "ada", "Only admins may run an instance without an end")
        assert len(house.novita.creates) == 1


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"lease": timedelta(hours=8)}, "A lease is at most 2 h."),
        ({"lease": timedelta(hours=1), "webhook_url": "http://example.com/hook"}, "A webhook is an https:// address"),
    ],
)
async def test_starting_again_goes_by_the_rules_of_today(
    redis_url: str, changes: dict[str, Any], sentence: str
) -> None:
    async with open_house(redis_url, default_lease="1h", max_lease="2h") as house:
        made, card = await running(house, **changes)
        house.novita.give_spot_notice(str(made.remote.id))
        notice = await in_thread(house, card, "will be taken back by Novita")
        await house.slack.person("ada").click(notice, "instance:again")
        await told(house, "ada", sentence)
        assert len(house.novita.creates) == 1


@pytest.mark.parametrize("billing", list(BillingMode))
async def test_an_exit_nobody_asked_for_is_called_that(redis_url: str, billing: BillingMode) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house, billing_mode=billing)
        house.novita.show_status(str(made.remote.id), "exited")
        record, _ = await seen(house, made, "is stopped")
        assert record.status is Status.STOPPED
        reasons = [getattr(e, "reason", None) for e in await house.base.store.timeline(made.id)]
        likely = StopReason.PROBABLY_RECLAIMED if billing is BillingMode.SPOT else StopReason.ELSEWHERE
        assert reasons[-1] is likely
        assert (await read(house, made.id)).order is None


async def test_a_fault_of_a_running_instance_calls_its_owner_once_and_stands_on_the_card_until_it_is_gone(
    redis_url: str,
) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        novita_id = made.remote.id or ""
        house.novita.show_status(novita_id, "running", ("maintenance", "planned maintenance of the node"))
        reply = await in_thread(house, card, "has a fault that Novita reports")
        assert "planned maintenance of the node" in reply.shown
        assert house.slack.person("ada").id in reply.shown
        await seen(house, made, "planned maintenance of the node")
        house.novita.show_status(novita_id, "running")
        person = house.slack.person("ada")
        await house.slack.wait_until(
            lambda: "planned maintenance" not in "".join(m.shown for m in person.messages("gpu"))
        )
        house.novita.show_status(novita_id, "migrating")
        _, moving = await seen(house, made, "is being moved to another machine by Novita")
        assert [each for each in buttons_of(moving) if each in ("instance:stop", "instance:connect")] == []
        assert "instance:delete" in buttons_of(moving)
        assert sum("has a fault" in each.shown for each in house.slack.thread(card)) == 1


async def test_a_stopped_instance_with_a_fault_can_be_started(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        house.novita.show_status(made.remote.id or "", "exited", ("nodeFault", "the node is lost"))
        await in_thread(house, card, "has a fault that Novita reports")
        _, card = await seen(house, made, "the node is lost")
        await house.slack.person("ada").click(card, "instance:start")
        assert (await running_anew(house, made, card)).faults.present is None


async def test_the_owner_of_what_does_not_come_up_is_asked_and_may_let_it_go_on(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.novita.boot_seconds = 3600
        made = await launched(house)
        _, card = await seen(house, made, "is starting")
        long_ago = house.base.clock.now() - timedelta(hours=3)
        await change(house, made, lambda i: (record_with(i, starting_since=long_ago), ()))
        question = await in_thread(house, card, "unless you let it go on")
        assert house.slack.person("ada").id in question.shown
        assert "so no data is lost" in question.shown
        assert buttons_of(question) == ["instance:extend:1h", "instance:extend:4h", "instance:delete"]
        await house.slack.person("ada").click(question, "instance:extend:4h")
        await told(house, "ada", "may take to come up until")
        assert (await read(house, made.id)).startup.ends_at > house.base.clock.now() + timedelta(hours=4)  # type: ignore[operator]
        past = house.base.clock.now()
        await change(house, made, lambda i: (record_with(i, start_ends_at=past), ()))
        await in_thread(house, card, "is being deleted: it has not come up for so long")
        await in_thread(house, card, "nobody let it go on")
