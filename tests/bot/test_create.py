"""A person creates an instance: how it goes is told in the modal, on the card and in the thread."""

from __future__ import annotations

from bot.sandbox.novita import Fault
from core.domain.attempt import AttemptOutcome
from core.domain.instance import Status
from tests.bot.app_fixture import GPU, open_house


async def test_a_person_creates_a_gpu_and_watches_it_run_in_one_thread(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.novita.out_of_stock_at_create("AS-SGP-02")
        await house.submitted("train-1")
        outcome = await house.outcome("Created")
        novita_id = next(iter(house.novita.instances))
        for fact in (novita_id, "CN-HK-01", "AS-SGP-02: no free GPU there right now", GPU, "$0.18/h, spot", "train-1"):
            assert fact in outcome.text()
        card = await house.card("is running")
        created, running = await house.replies(card, 2)
        assert "AS-SGP-02: no free GPU there right now" in created
        assert "is running" in running
        assert len(house.slack.person("bo").messages("gpu")) == 1, "one card, one thread"


async def test_the_record_says_what_the_person_was_told(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.novita.out_of_stock_at_create("AS-SGP-02")
        await house.submitted("train-1")
        card = await house.card("is running")
        record = await house.record(card)
        assert record.status is Status.RUNNING
        assert record.remote.id in house.novita.instances
        assert [(a.region, a.outcome) for a in record.launch.attempts] == [
            ("AS-SGP-02", AttemptOutcome.REFUSED),
            ("CN-HK-01", AttemptOutcome.CREATED),
        ]
        assert record.remote.endpoints, "where its ports answer was read when it came up"


async def test_the_template_is_expanded_into_the_one_create(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        await house.submitted("train-1")
        await house.outcome("Created")
        [body] = house.novita.creates
        assert body["name"].startswith("train-1-")
        assert body["imageUrl"] == "registry.example.com/team/comfy:1.4"
        assert body["imageAuthId"] == house.novita.auths[0]["id"]
        assert body["ports"] == "8188/http, 9000/tcp"
        assert body["command"] == "bash /start.sh"
        assert body["minCudaVersion"] == "12.4"
        assert {env["key"] for env in body["envs"]} == {"MODE", "HF_TOKEN"}
        assert len(house.novita.calls_of("create")) == 1
        assert house.novita.calls_of("auths") == [], "registry passwords are never fetched"


async def test_the_modal_ends_with_a_link_to_the_thread(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        modal = await house.submitted("train-1")
        await house.shows(modal, "Open the thread")
        card = await house.card("train-1")
        permalink = f"https://sandbox.slack.com/archives/{card.channel}/p{card.ts.replace('.', '')}"
        assert [b["elements"][0]["url"] for b in modal.view.blocks if b["type"] == "actions"] == [permalink]
        assert (await modal.press("open_link")).ok


async def test_while_it_is_tried_the_modal_names_the_full_region_and_the_next_one(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        full, slow = Fault.refused(400, "INSUFFICIENT_RESOURCE"), Fault.hang(has_effect=True)
        house.novita.fail_next("create", full)
        house.novita.fail_next("create", slow)
        modal = await house.submitted("train-1")
        assert "AS-SGP-02 is full, trying CN-HK-01" in await house.shows(modal, "is full")
        await house.card("is being created in CN-HK-01")
        house.novita.clear_faults()
        await house.outcome("Created")


async def test_a_closed_modal_takes_nothing_from_the_create_and_its_story(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.novita.fail_next("create", Fault.slow(0.2))
        modal = await house.submitted("train-1")
        await modal.close()
        card = await house.card("is running")
        assert len(await house.replies(card, 2)) == 2


async def test_two_people_create_at_once_and_each_gets_a_card_of_their_own(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        for who in ("ada", "bo"):
            await house.submitted(f"for-{who}", who)
        for who in ("ada", "bo"):
            card = await house.card(f"*for-{who}* is running")
            assert house.slack.person(who).id in card.shown
            assert len(await house.replies(card, 2)) == 2
        assert len(house.slack.person("cy").messages("gpu")) == 2
