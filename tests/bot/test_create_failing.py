"""Creates that go wrong: why, what was tried and what to do, in the modal and in the thread; nothing else is made."""

from __future__ import annotations

from typing import NamedTuple

import pytest

from bot.sandbox.novita import Fault
from core.domain.attempt import FailureKind
from core.domain.instance import Status
from tests.bot.app_fixture import House, open_house

LISTED = ["AS-SGP-02", "CN-HK-01", "OC-AU-01", "US-CA-06", "EU-GB-01", "AS-IN-01"]


class Refusal(NamedTuple):
    """What Novita answers, how it is sorted, and what the person reads."""

    fault: Fault
    kind: FailureKind
    said: str
    advice: str


def name_of(fault: Fault) -> str:
    return fault.name


FINAL = {
    "money": Refusal(
        Fault.refused(400, "BALANCE_NOT_ENOUGH", "balance not enough"),
        FailureKind.MONEY,
        "too little money",
        "Top it up",
    ),
    "key": Refusal(
        Fault.refused(401, "UNAUTHORIZED", "unauthorized"),
        FailureKind.ACCOUNT,
        "refused the bot's API key",
        "NOVITA_API_KEY",
    ),
    "gateway": Refusal(
        Fault.gateway(),
        FailureKind.GATEWAY,
        "Something in front of Novita refused the request",
        "whoever runs this bot",
    ),
    "account": Refusal(
        Fault.refused(403, "BANNED_USER", "banned"),
        FailureKind.ACCOUNT,
        "does not let the bot's account do this",
        "the account in the Novita console",
    ),
    "quota": Refusal(
        Fault.refused(403, "CREATE_INSTANCE_LIMIT", "limit reached"), FailureKind.QUOTA, "its limit", "Delete one"
    ),
    "input": Refusal(
        Fault.refused(400, "INVALID_COMMAND_PARAM", "command has <bad> & words"),
        FailureKind.BAD_INPUT,
        "command has &lt;bad&gt; &amp; words",
        "Check the template",
    ),
    "pace": Refusal(Fault.rate_limited("3600"), FailureKind.PACE, "slow down", "in a minute"),
}


@pytest.mark.parametrize("refusal", FINAL.values(), ids=FINAL.keys())
async def test_a_final_refusal_is_told_with_its_reason_and_no_other_region_is_tried(
    redis_url: str, refusal: Refusal
) -> None:
    async with open_house(redis_url) as house:
        house.novita.fail_all(refusal.fault, "create")
        await house.submitted("train-1")
        outcome = await house.outcome("Not created")
        await told_everywhere(house, outcome.text(), refusal.said, refusal.advice, "nothing is billed")
        record = await house.record(await house.card("was not created"))
        assert (record.status, record.failure and record.failure.kind) == (Status.FAILED, refusal.kind)
        assert len(house.novita.calls_of("create")) == 1
        assert house.novita.instances == {}


async def test_when_every_region_is_full_each_is_tried_once_and_named(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        for region in LISTED:
            house.novita.out_of_stock_at_create(region)
        await house.submitted("train-1")
        outcome = await house.outcome("Not created")
        await told_everywhere(house, outcome.text(), "No region has a free GPU", "Try again", *LISTED)
        record = await house.record(await house.card("was not created"))
        assert {attempt.region for attempt in record.launch.attempts} == set(LISTED)
        tried = [(attempt.region, attempt.product_id) for attempt in record.launch.attempts]
        assert len(set(tried)) == len(tried) == len(house.novita.calls_of("create"))


async def test_when_novita_cannot_be_reached_that_is_said_and_nothing_is_billed(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        modal = await house.modal()
        await house.novita.stop()
        assert (await modal.submit()).updated
        outcome = await house.outcome("Not created")
        await told_everywhere(house, outcome.text(), "Novita could not be reached", "Try again", "nothing is billed")


async def test_a_lost_answer_is_looked_for_by_name_and_found(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.novita.fail_next("create", Fault.reset(has_effect=True))
        await house.submitted("train-1")
        outcome = await house.outcome("Created")
        [novita_id] = house.novita.instances
        assert novita_id in outcome.text()
        replies = await house.replies(await house.card("is running"), 3)
        assert "may or may not have been made" in replies[0]
        assert "found at Novita under its name" in replies[1]
        assert len(house.novita.calls_of("create")) == 1


@pytest.mark.parametrize("fault", [Fault.server_error(has_effect=True), Fault.no_id(), Fault.not_json()], ids=name_of)
async def test_while_it_is_not_known_the_modal_says_so_and_nothing_else_is_tried(redis_url: str, fault: Fault) -> None:
    async with open_house(redis_url) as house:
        house.novita.fail_all(Fault.server_error(), "instances")
        house.novita.fail_next("create", fault)
        await house.submitted("train-1")
        unsure = await house.outcome("Not sure yet")
        [machine] = house.novita.instances.values()
        assert machine.name in unsure.text(), "the name to look for"
        assert "No second one is made meanwhile" in unsure.text()
        [reply] = await house.replies(await house.card("may or may not have been made"), 1)
        assert machine.name in reply
        assert len(house.novita.calls_of("create")) == 1
        house.novita.clear_faults()
        await house.outcome("Created")
        assert len(house.novita.calls_of("create")) == 1


async def test_an_image_that_cannot_be_pulled_is_told_in_the_thread_in_novitas_words(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.novita.break_image("registry.example.com/team/comfy:1.4", message="manifest <unknown> for comfy:1.4")
        await house.submitted("train-1")
        card = await house.card("*train-1* failed")
        created, failed = await house.replies(card, 2)
        assert "is created" in created
        assert "manifest &lt;unknown&gt; for comfy:1.4" in failed
        assert "may be billed" in failed
        assert house.slack.person("ada").id in failed, "the owner is mentioned"


async def told_everywhere(house: House, outcome: str, *facts: str) -> None:
    """The modal and the only thread say the same."""
    card = await house.card("was not created")
    [reply] = await house.replies(card, 1)
    for fact in facts:
        assert fact in outcome
        assert fact in reply
    assert house.slack.person("bo").messages("gpu") == [card]
