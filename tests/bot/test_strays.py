"""Strays as admins meet them: told privately, listed by command, decided about by buttons."""

from __future__ import annotations

from datetime import timedelta

import pytest
import redis.asyncio as aioredis

from bot.doctor import State
from bot.sandbox.novita import Fault
from bot.sandbox.slack import Message
from core.domain import transitions
from core.domain.base import NOBODY
from core.domain.instance import Instance, Origin, Status
from core.services.strays import own_id
from tests.bot.api import BODY, TOKEN, api
from tests.bot.app_fixture import House, open_house
from tests.bot.doctor_fixture import clinic
from tests.bot.scenarios import buttons_of, change, read, running, with_lease_to
from tests.bot.watching import scraped
from tests.patience import until

CY = "U0CY000001"


async def _dm(house: House, who: str, text: str) -> Message:
    """A person's direct message that says so."""
    person = house.slack.person(who)
    found = await house.slack.wait_until(lambda: next((each for each in person.dms() if text in each.shown), None))
    assert found is not None
    return found


async def _cloned(house: House, name: str | None = None) -> tuple[Instance, str]:
    """A running instance, and Novita's id of its clone."""
    made, _ = await running(house)
    return made, house.novita.clone_instance(str(made.remote.id), name).id


async def _told(house: House, who: str, text: str) -> Message:
    """What only this person is told."""
    person = house.slack.person(who)

    def found() -> Message | None:
        return next((each for each in reversed(person.ephemerals()) if text in each.shown), None)

    message = await house.slack.wait_until(found)
    assert message is not None
    return message


async def test_an_admin_hears_of_a_clone_and_gives_it_to_somebody_who_is_told(redis_url: str) -> None:
    async with open_house(redis_url, admins=CY) as house:
        made, clone = await _cloned(house)
        alarm = await _dm(house, "cy", "nobody here is known to have asked for")
        assert made.novita_name in alarm.shown
        assert "/h" in alarm.shown or "price per hour" in alarm.shown
        cy = house.slack.person("cy")
        await cy.click(alarm, "stray:assign")
        modal = await cy.modal("assign_owner")
        await modal.choose("owner", "bo")
        await modal.submit()
        record = await house.base.store.get(own_id(clone))
        assert record is not None
        assert record.owner.user == house.slack.person("bo").id
        card = await _dm(house, "bo", "train-1")
        assert "instance:stop" in buttons_of(card)
        await house.slack.wait_until(lambda: any("is yours" in each.shown for each in house.slack.thread(card)))
        assert (await scraped(house.port)).value("gpu_bot_strays") == 0
        await house.slack.person("bo").click(card, "instance:stop")
        await house.novita.wait_until(lambda: bool(house.novita.calls_of("stop")))
        assert [call.subject for call in house.novita.calls_of("stop")] == [clone]
        assert len(house.slack.person("ada").messages("gpu")) == 1, "the channel stays quiet"


async def test_an_emptied_redis_is_noticed_counted_and_told_by_the_doctor(redis_url: str) -> None:
    async with open_house(redis_url, admins=CY) as house:
        made, _ = await running(house)
        async with aioredis.Redis.from_url(redis_url) as server:
            await server.flushall()
        alarm = await _dm(house, "cy", "nobody here is known to have asked for")
        record = await house.base.store.get(made.id)
        assert record is not None
        assert (record.owner, record.intent.origin, record.status) == (NOBODY, Origin.LOST, Status.RUNNING)
        look = await scraped(house.port)
        await house.slack.person("cy").click(alarm, "stray:leave")
        await _told(house, "cy", "is left alone")
        assert look.total("gpu_bot_strays") <= 1
        async with clinic(redis_url) as patient:
            found = (await patient.findings())["Strays"]
            assert (found.state, "1 without an owner" in found.found) == (State.WARNING, True)


@pytest.mark.parametrize(("lost", "is_said"), [(2, False), (3, True)])
async def test_many_strays_at_once_may_be_those_of_another_bot_on_the_account(
    redis_url: str, lost: int, is_said: bool
) -> None:
    async with open_house(redis_url, admins=CY) as house:
        for number in range(lost):
            await running(house, f"train-{number}")
        async with aioredis.Redis.from_url(redis_url) as server:
            await server.flushall()
        await until(lambda: _have_no_owner(house, lost))
        await house.slack.person("cy").command("/gpu strays")
        listed = await _told(house, "cy", "without an owner here")
        assert ("another gpu-bot uses this Novita account" in listed.shown) is is_said
        async with clinic(redis_url) as patient:
            found = (await patient.findings())["Strays"]
        assert (found.state, "account or sub-account of its own" in found.advice) == (State.WARNING, is_said)


async def _have_no_owner(house: House, count: int) -> bool:
    return sum(each.is_stray for each in await house.base.store.live()) == count


async def test_only_admins_see_and_decide_about_strays(redis_url: str) -> None:
    async with open_house(redis_url, admins=CY) as house:
        _, clone = await _cloned(house)
        alarm = await _dm(house, "cy", "nobody here is known to have asked for")
        await house.slack.person("bo").command("/gpu strays")
        await _told(house, "bo", "Only the admins")
        cy = house.slack.person("cy")
        await cy.command("/gpu strays")
        listed = await _told(house, "cy", "without an owner here")
        assert clone in listed.shown
        assert "a second one of a name" in listed.shown
        for action in ("stray:assign", "stray:stop", "stray:delete", "stray:leave"):
            assert action in buttons_of(listed)
            assert action in buttons_of(alarm)
        await cy.click(listed, "stray:delete")
        await house.novita.wait_until(lambda: bool(house.novita.calls_of("delete")))
        assert [call.subject for call in house.novita.calls_of("delete")] == [clone]


async def test_what_was_made_in_the_console_is_listed_and_touched_by_a_click_alone(redis_url: str) -> None:
    async with open_house(redis_url, admins=CY) as house:
        _, foreign = await _cloned(house, "notebook")
        house.novita.boot_at_once(foreign)
        cy = house.slack.person("cy")
        await cy.command("/gpu strays")
        listed = await _told(house, "cy", "notebook")
        assert "made outside this bot" in listed.shown
        assert len(await house.base.store.live()) == 1
        assert cy.dms() == []
        await cy.click(listed, "stray:stop")
        await house.novita.wait_until(lambda: bool(house.novita.calls_of("stop")))
        assert [call.subject for call in house.novita.calls_of("stop")] == [foreign]
        record = await house.base.store.get(own_id(foreign))
        assert record is not None
        assert (record.intent.origin, record.owner) == (Origin.CONSOLE, NOBODY)


async def test_when_novita_is_away_the_strays_on_record_are_listed_all_the_same(redis_url: str) -> None:
    async with open_house(redis_url, admins=CY) as house:
        await _cloned(house)
        await _dm(house, "cy", "nobody here is known to have asked for")
        house.novita.fail_all(Fault.server_error(), "instances")
        await house.slack.person("cy").command("/gpu strays")
        listed = await _told(house, "cy", "without an owner here")
        assert "Novita does not answer" in listed.shown
        house.novita.clear_faults()


@pytest.mark.parametrize("workers", [0, 1])
async def test_an_idempotency_key_makes_no_second_instance_after_redis_was_emptied(
    redis_url: str, workers: int
) -> None:
    async with open_house(redis_url, workers=workers, api_token=TOKEN) as house, api(house) as client:
        first = (await client.post("/api/instances", json=BODY, headers={"Idempotency-Key": "one"})).json()
        async with aioredis.Redis.from_url(redis_url) as server:
            await server.flushall()
        if workers:
            await until(lambda: house.base.store.get(first["instanceId"]))
        again = await client.post("/api/instances", json=BODY, headers={"Idempotency-Key": "one"})
        assert again.status_code in (200, 201), again.text
        assert again.json()["instanceId"] == first["instanceId"]
        assert again.json()["novitaInstanceId"] == first["novitaInstanceId"]
        assert len(house.novita.calls_of("create")) == 1
        shown = await client.get(f"/api/instances/{first['instanceId']}")
        assert shown.status_code == 200
        assert shown.json()["owner"] == ("unknown" if workers else "api")
        assert (await client.get("/api/instances")).status_code == 200


async def test_a_form_sent_again_after_redis_was_emptied_makes_no_second_instance(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        delivery = house.signed(await house.submission())
        await house.front.send(delivery, house.port)
        await house.outcome("Created")
        async with aioredis.Redis.from_url(redis_url) as server:
            await server.flushall()
        await house.front.send(delivery, house.port)
        await house.novita.wait_until(lambda: bool(house.novita.calls_of("instances")))
        await until(lambda: _known_to_novita(house))
        [record] = await house.base.store.live()
        assert record.remote.id in house.novita.instances
        assert len(house.novita.calls_of("create")) == 1


async def _known_to_novita(house: House) -> list[Instance]:
    """The live records that have Novita's id."""
    return [record for record in await house.base.store.live() if record.remote.id]


async def test_an_owner_is_asked_in_the_thread_before_a_lease_in_doubt_ends(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await change(house, made, transitions.doubted)
        await with_lease_to(house, made, timedelta(seconds=-1))
        await house.slack.wait_until(lambda: any("is to go on?" in each.shown for each in house.slack.thread(card)))
        question = next(each for each in house.slack.thread(card) if "is to go on?" in each.shown)
        assert house.slack.person("ada").id in str(question.blocks)
        assert house.novita.calls_of("stop") == []
        await house.slack.person("ada").click(question, "instance:extend:4h")
        await house.slack.wait_until(lambda: any("runs until" in each.shown for each in house.slack.thread(card)))
        kept = await read(house, made.id)
        assert (kept.past_in_doubt, kept.lease.asked_at) == (False, None)
