"""Start, stop, restart and delete, by button and by command: done once, told to everybody, believed when seen."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from bot.sandbox.novita import Fault
from core.domain.events import Event
from core.domain.instance import Instance, Status
from tests.bot.app_fixture import House, open_house
from tests.bot.scenarios import aged, buttons_of, change, in_thread, read, running, running_anew, seen, told


async def test_a_stop_on_the_card_is_asked_of_novita_once_and_the_card_follows_to_stopped(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        assert (await house.slack.person("ada").click(card, "instance:stop")).ok
        await seen(house, made, "is stopped")
        assert len(house.novita.calls_of("stop")) == 1
        assert "instance:start" in buttons_of(card)
        assert "instance:stop" not in buttons_of(card), "never a button that cannot work now"
        await in_thread(house, card, "is stopped")


async def test_a_stopped_instance_is_started_again_and_its_lease_begins_anew(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await house.slack.person("ada").click(card, "instance:stop")
        await seen(house, made, "is stopped")
        await house.slack.person("ada").click(card, "instance:start")
        again = await running_anew(house, made, card)
        assert again.lease.ends_at is not None
        assert made.lease.ends_at is not None
        assert again.lease.ends_at > made.lease.ends_at
        assert len(house.novita.calls_of("start")) == 1


async def test_a_restart_comes_up_again_under_the_same_lease(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await house.slack.person("ada").click(card, "instance:restart")
        again = await running_anew(house, made, card)
        assert again.lease.ends_at == made.lease.ends_at
        assert len(house.novita.calls_of("restart")) == 1


async def test_a_deleted_instance_leaves_no_button_that_could_touch_it(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await aged(house, made)
        await house.slack.person("ada").click(card, "instance:delete")
        record, _ = await seen(house, made, "is being deleted")
        assert not {"instance:stop", "instance:delete", "instance:connect"} & set(buttons_of(card))
        record, _ = await seen(house, made, "is deleted")
        assert record.status is Status.DELETED
        assert len(house.novita.calls_of("delete")) == 1


async def test_two_people_who_stop_it_at_once_over_two_webs_stop_it_once_and_one_hears_who_was_first(
    redis_url: str,
) -> None:
    async with open_house(redis_url, webs=2, admins=("U0CY000001",)) as house:
        made, card = await running(house)
        people = [house.slack.person(who) for who in ("ada", "cy")]
        await asyncio.gather(*(person.click(card, "instance:stop") for person in people))
        await house.slack.wait_until(lambda: any("asked for that" in p.sees() for p in people))
        await seen(house, made, "is stopped")
        assert len(house.novita.calls_of("stop")) == 1
        assert sum("asked for that" in person.sees() for person in people) == 1


async def test_a_double_click_does_it_once_and_says_so(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.novita.fail_next("stop", Fault.slow(0.5))
        made, card = await running(house)
        ada = house.slack.person("ada")
        await asyncio.gather(ada.click(card, "instance:stop"), ada.click(card, "instance:stop"))
        await told(house, "ada", "Nothing more needs to be done")
        await seen(house, made, "is stopped")
        assert len(house.novita.calls_of("stop")) == 1


async def test_an_old_button_says_why_it_does_nothing_and_the_card_is_drawn_anew(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        old = [dict(block) for block in card.blocks]
        await house.slack.person("ada").click(card, "instance:stop")
        await seen(house, made, "is stopped")
        house.slack.workspace.edit(card, card.text, old)
        await house.slack.person("ada").click(card, "instance:restart")
        await told(house, "ada", "It cannot restart now: it is stopped.")
        await house.slack.wait_until(lambda: "instance:restart" not in buttons_of(card))
        assert house.novita.calls_of("restart") == []


async def test_a_start_costs_again_so_it_is_asked_with_its_price_when_it_is_typed(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        ada = house.slack.person("ada")
        await ada.click(card, "instance:stop")
        await seen(house, made, "is stopped")
        await ada.command("/gpu start train-1")
        question = await told(house, "ada", "Start *train-1*?")
        assert house.novita.calls_of("start") == []
        [button] = [e for block in question.blocks for e in block.get("elements", []) if e.get("type") == "button"]
        assert "/h, spot" in button["confirm"]["text"]["text"]
        await ada.click(question, "instance:start")
        await told(house, "ada", "Novita is asked to start train-1")
        await running_anew(house, made, card)
        assert len(house.novita.calls_of("start")) == 1


async def test_a_restart_ends_programs_and_is_asked_again_when_it_is_typed(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        ada = house.slack.person("ada")
        await ada.command("/gpu restart train-1")
        question = await told(house, "ada", "Restart *train-1*?")
        assert house.novita.calls_of("restart") == []
        [button] = [e for block in question.blocks for e in block.get("elements", []) if e.get("type") == "button"]
        assert "Programs that run on it end" in button["confirm"]["text"]["text"]
        await ada.click(question, "instance:restart")
        await running_anew(house, made, card)
        assert len(house.novita.calls_of("restart")) == 1


@pytest.mark.parametrize("verb", ["stop", "delete"])
async def test_what_destroys_is_asked_again_when_it_is_typed_and_done_on_the_button(redis_url: str, verb: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house)
        ada = house.slack.person("ada")
        await ada.command(f"/gpu {verb} train-1")
        question = await told(house, "ada", f"{verb.capitalize()} *train-1*?")
        assert house.novita.calls_of(verb) == []
        [button] = [e for block in question.blocks for e in block.get("elements", []) if e.get("type") == "button"]
        assert button["confirm"]["style"] == "danger"
        await ada.click(question, f"instance:{verb}")
        await told(house, "ada", f"Novita is asked to {verb} train-1")
        assert f"{verb.capitalize()} *train-1*?" not in ada.sees(), "the question is answered where it stood"
        await seen(house, made, "is stopped" if verb == "stop" else "is being deleted")
        assert len(house.novita.calls_of(verb)) == 1


async def test_a_typed_order_that_makes_no_sense_is_refused_without_a_question(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await house.slack.person("ada").click(card, "instance:stop")
        await seen(house, made, "is stopped")
        await house.slack.person("ada").command("/gpu stop train-1")
        await told(house, "ada", "It cannot stop now: it is stopped.")


async def test_a_start_without_a_free_gpu_is_told_in_the_thread_and_can_be_tried_again(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await house.slack.person("ada").click(card, "instance:stop")
        await seen(house, made, "is stopped")
        house.novita.fail_next("start", Fault.refused(400, "INSUFFICIENT_RESOURCE", "insufficient resource"))
        await house.slack.person("ada").click(card, "instance:start")
        reply = await in_thread(house, card, "could not be started")
        assert house.slack.person("ada").id in reply.shown
        await house.slack.wait_until(lambda: "instance:start" in buttons_of(card))
        assert (await read(house, made.id)).status is Status.STOPPED


async def test_a_stop_that_novita_does_not_take_is_tried_until_it_is_certain_and_never_called_done_before(
    redis_url: str,
) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        house.novita.fail_all(Fault.server_error(), "stop")
        await house.slack.person("ada").click(card, "instance:stop")
        reply = await in_thread(house, card, "could not be stopped yet")
        assert house.slack.person("ada").id in reply.shown
        assert "is stopped" not in card.shown
        house.novita.clear_faults()
        await _time_passes(house, made.id)
        await seen(house, made, "is stopped")
        assert house.novita.instances[str(made.remote.id)].status(house.novita.clock()) == "exited"


async def _time_passes(house: House, instance_id: str) -> None:
    """As if the pause after the last try were over."""

    def long_ago(newest: Instance) -> tuple[Instance, list[Event]] | None:
        order = newest.order
        if order is None or order.last_try_at is None:
            return None
        earlier = order.model_copy(update={"last_try_at": order.last_try_at - timedelta(minutes=10)})
        return newest.model_copy(update={"order": earlier}), []

    await change(house, await read(house, instance_id), long_ago)
