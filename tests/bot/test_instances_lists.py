"""Looking things up: lists in pages, one instance, names that are not clear, offers and templates."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest

from core.domain.base import BillingMode
from core.domain.instance import Status
from tests.bot.app_fixture import GPU, open_house
from tests.bot.redis_line import RedisLine
from tests.bot.scenarios import buttons_of, change, read, running, shows, told, written


async def test_my_list_shows_mine_and_all_shows_everybodys_under_their_owners(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await written(house, 2, "ada", "mine")
        await written(house, 1, "bo", "theirs")
        await house.slack.person("ada").command("/gpu list")
        mine = await told(house, "ada", "Your GPUs")
        assert "mine-000" in mine.shown
        assert "mine-001" in mine.shown
        assert "theirs-000" not in mine.shown
        await house.slack.person("ada").command("/gpu list all")
        everybodys = await told(house, "ada", "Everybody's GPUs")
        for text in ("mine-000", "theirs-000", house.slack.person("bo").id, "3 instances, 3 running, $0.54/h now"):
            assert text in everybodys.shown


async def test_a_list_of_500_answers_within_three_seconds_and_asks_novita_nothing(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        for who in ("ada", "bo", "cy"):
            await written(house, 170, who, f"of-{who}")
        calls = len(house.novita.calls)
        began = time.thread_time()
        ack = await house.slack.person("ada").command("/gpu list all")
        assert time.thread_time() - began < 3
        assert ack.ok
        assert "510 instances" in (await told(house, "ada", "Everybody's GPUs")).shown
        assert len(house.novita.calls) == calls


async def test_every_one_of_many_instances_is_found_by_turning_the_pages_in_place(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        made = await written(house, 40)
        ada = house.slack.person("ada")
        await ada.command("/gpu list all")
        page = await told(house, "ada", "page 1 of")
        shown = page.shown
        for number in (2, 3):
            await ada.click(page, "list:page", value=f"all {number - 1}")
            await shows(house, page, f"page {number} of")
            shown += page.shown
        assert all(instance.request.name in shown for instance in made)
        assert len(ada.ephemerals()) == 1, "each page stands in place of the one before"


@pytest.mark.parametrize("value", ["all x", "", "all -1", "all 99999999", "everybody 1", "mine ²"])
async def test_a_page_number_from_outside_is_never_trusted(redis_url: str, value: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await written(house, 20)
        ada = house.slack.person("ada")
        await ada.command("/gpu list")
        page = await told(house, "ada", "page 1 of")
        for block in page.blocks:
            for element in block.get("elements", []):
                if element.get("action_id") == "list:page":
                    element["value"] = value
        await ada.click(page, "list:page")
        await house.slack.wait_until(lambda: house.slack.calls_of("response_url"))
        assert "GPUs · page" in page.shown


async def test_an_empty_list_says_how_to_create_one(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await house.slack.person("ada").command("/gpu list")
        message = await told(house, "ada", "You have no GPU instance right now")
        assert buttons_of(message) == ["create"]
        await house.slack.person("ada").click(message, "create")
        await house.slack.person("ada").modal("create_instance")


@pytest.mark.parametrize("name", ["job-001", "JOB-001", "b-001"])
async def test_an_instance_is_found_by_its_name_or_a_part_that_fits_no_other(redis_url: str, name: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await written(house, 3)
        await house.slack.person("ada").command(f"/gpu status {name}")
        message = await told(house, "ada", "*job-001* is running")
        assert "instance:stop" in buttons_of(message)


async def test_an_instance_is_found_by_its_ids(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        made = (await written(house, 3))[1]
        for name in (made.id, str(made.remote.id), made.novita_name):
            await house.slack.person("ada").command(f"/gpu status {name}")
        await house.slack.wait_until(lambda: house.slack.person("ada").sees().count("*job-001* is running") == 3)


async def test_a_name_that_fits_several_is_answered_with_a_button_for_each(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        made = await written(house, 3)
        ada = house.slack.person("ada")
        await ada.command("/gpu status job")
        question = await told(house, "ada", "fits 3 instances")
        assert buttons_of(question) == ["instance:status"] * 3
        await ada.click(question, "instance:status", value=made[1].id)
        await told(house, "ada", "*job-001* is running")
        assert "fits 3 instances" not in ada.sees(), "what was chosen stands in place of the question"


async def test_a_verb_with_a_name_that_fits_several_does_nothing_until_one_is_chosen(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        first, _ = await running(house, "train-1")
        await running(house, "train-2")
        ada = house.slack.person("ada")
        await ada.command("/gpu stop train")
        question = await told(house, "ada", "fits 2 instances")
        buttons = [block["accessory"] for block in question.blocks if "accessory" in block]
        assert all("confirm" in button for button in buttons), "a slip here would be as bad as anywhere"
        assert house.novita.calls_of("stop") == []
        await ada.click(question, "instance:stop", value=first.id)
        await told(house, "ada", "Novita is asked to stop train-1")
        await house.card("*train-1* is stopped")
        assert len(house.novita.calls_of("stop")) == 1


async def test_of_several_a_person_means_their_own_when_they_want_something_done(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, admins=("U0CY000001",)) as house:
        await written(house, 1, "bo", "job-of-bo")
        mine = (await written(house, 1, "ada", "job-of-ada"))[0]
        await house.slack.person("ada").command("/gpu extend job 1h")
        await told(house, "ada", "may run until")
        assert (await read(house, mine.id)).version > 1
        await written(house, 1, "cy", "job-of-cy")
        await house.slack.person("cy").command("/gpu extend job 1h")
        await told(house, "cy", "fits 3 instances")


async def test_a_name_that_nobody_has_is_answered_with_names_like_it(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await written(house, 2)
        await house.slack.person("ada").command("/gpu stop jbo-001")
        answer = await told(house, "ada", "No instance is called")
        assert "job-001" in answer.shown


@pytest.mark.parametrize("verb", ["status", "start", "stop", "restart", "delete", "connect"])
async def test_a_verb_without_a_name_asks_for_one(redis_url: str, verb: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await house.slack.person("ada").command(f"/gpu {verb}")
        await told(house, "ada", f"Write which instance: /gpu {verb} NAME")


async def test_offers_show_prices_and_stock_by_region_for_the_gpu_that_was_named(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await house.slack.person("ada").command("/gpu offers 4090")
        message = await told(house, "ada", GPU)
        assert "CN-HK-01" in message.shown
        assert "$0.18" in message.shown
        assert "H100" not in message.shown


async def test_offers_of_eight_at_once_show_the_stock_of_eight(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        for region in house.novita.clusters:
            house.novita.sell_at_most(region.id, 4, GPU)
        await house.base.catalog.get_market_for(8, *BillingMode, patience=timedelta(seconds=60))
        await house.slack.person("ada").command("/gpu offers 4090 x8")
        message = await told(house, "ada", "stock of 8 at once")
        assert "no stock listed" in message.shown
        assert "stock normal" not in message.shown


async def test_templates_are_searched_by_their_words(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await house.slack.person("ada").command("/gpu templates comfy")
        await told(house, "ada", "comfy-prod")


async def test_help_explains_every_command_that_works(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await house.slack.person("ada").command("/gpu help all")
        message = await told(house, "ada", "GPUs from Slack")
        words = ("create", "list", "status", "start", "stop", "restart", "delete", "extend", "connect", "offers")
        assert all(f"/gpu {word}" in message.shown for word in (*words, "templates"))


async def test_a_word_that_means_nothing_is_answered_with_the_nearest_one(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await house.slack.person("ada").command("/gpu delte train-1")
        assert "/gpu delete" in (await told(house, "ada", "does not know")).shown


async def test_an_instance_that_is_no_longer_on_record_says_so(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await written(house, 2)
        ada = house.slack.person("ada")
        await ada.command("/gpu list")
        page = await told(house, "ada", "Your GPUs")
        for block in page.blocks:
            if "accessory" in block:
                block["accessory"]["value"] = "nothing"
        await ada.click(page, "instance:status")
        await told(house, "ada", "The bot no longer knows this instance")


async def test_while_redis_stands_still_the_ack_comes_in_time_and_the_answer_follows(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, open_house(line.url, workers=0) as house:
        line.stall()
        ack = await house.slack.person("ada").command("/gpu list")
        assert ack.ok
        assert ack.body == ""
        line.resume()
        await told(house, "ada", "You have no GPU instance right now")
        assert house.slack.calls_of("response_url")


@pytest.mark.parametrize(
    ("said", "shown", "hidden"),
    [
        ("bo", "theirs-000", "mine-000"),
        ("@bo", "theirs-000", "mine-000"),
        ("of Bo", "theirs-000", "mine-000"),
        ("theirs", "theirs-000", "mine-000"),
        ("running", "mine-000", "theirs-000"),
        ("all running", "theirs-000", "asleep-000"),
        ("all stopped", "asleep-000", "theirs-000"),
        ("bo stopped", "asleep-000", "theirs-000"),
        ("4090 all", "theirs-000", "Nothing"),
    ],
)
async def test_a_list_is_of_whom_and_what_was_said(redis_url: str, said: str, shown: str, hidden: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await written(house, 1, prefix="mine")
        await written(house, 1, who="bo", prefix="theirs")
        (asleep,) = await written(house, 1, who="bo", prefix="asleep")
        await change(house, asleep, lambda i: (i.model_copy(update={"status": Status.STOPPED}), ()))
        line = said.replace("@bo", f"<@{house.slack.person('bo').id}|bo>")
        await house.slack.person("ada").command(f"/gpu list {line}")
        answer = (await told(house, "ada", shown)).shown
        assert hidden not in answer


@pytest.mark.parametrize("said", ["foo", "all extra", "mine nonsense"])
async def test_a_list_says_what_it_does_not_understand(redis_url: str, said: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await written(house, 1)
        await house.slack.person("ada").command(f"/gpu list {said}")
        answer = await told(house, "ada", f"`{said.split()[-1]}` is no owner's name")
        assert "job-000" not in answer.shown
