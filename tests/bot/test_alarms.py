"""Alarms reach each admin once by direct message, whatever Slack does, and stand in metrics and in the doctor."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import cast

import pytest

from bot.doctor import State
from bot.sandbox.slack import Fault, Message
from bot.views.alarms import alarm_message
from bot.wording.alarms import in_words
from core.domain.clock import SystemClock
from core.services.alarms import Alarm, AlarmKind, Alarms
from tests.bot.app_fixture import House, open_house
from tests.bot.doctor_fixture import clinic
from tests.bot.test_views_card import assert_slack_takes
from tests.bot.watching import scraped
from tests.core.samples import NOON

ADMINS = "U0CY000001,U0BO000001"
STUCK = AlarmKind.ORDER_STUCK
BROKEN, BY_HAND = AlarmKind.NOT_TENDED, "i-1 by-hand"
"""An alarm that no work of a worker's ends by itself."""


async def dms(house: House, who: str, count: int) -> list[Message]:
    """A person's direct messages once there are so many."""
    person = house.slack.person(who)
    return await house.slack.wait_until(lambda: found if len(found := person.dms()) >= count else None) or []


async def test_each_admin_hears_of_an_alarm_once_and_privately(redis_url: str) -> None:
    async with open_house(redis_url, workers=2, admins=ADMINS) as house:
        await house.base.alarms.sound(BROKEN, BY_HAND, {"name": "train-1", "owner": house.slack.person("ada").id})
        for who in ("cy", "bo"):
            [message] = await dms(house, who, 1)
            assert "breaks again and again" in message.text
            assert "train-1" in message.text
            assert "train-1" in message.shown
        await house.base.alarms.sound(BROKEN, BY_HAND, {"name": "train-2"})
        await house.base.alarms.sound(BROKEN, "i-2 by-hand", {"name": "train-3"})
        for who in ("cy", "bo"):
            heard = await dms(house, who, 2)
            assert len(heard) == 2
            assert "train-3" in heard[1].text
        assert house.slack.person("ada").dms() == []
        assert house.slack.person("cy").messages("gpu") == []


@pytest.mark.parametrize(
    "fault", [Fault.rate_limited(1), Fault.server_error(), Fault.error("user_not_found"), Fault.error("strange_word")]
)
async def test_a_refusal_of_slacks_puts_it_off_and_holds_up_no_other_admin(redis_url: str, fault: Fault) -> None:
    async with open_house(redis_url, admins=ADMINS) as house:
        house.slack.faults.next("chat.postMessage", fault)
        await house.base.alarms.sound(BROKEN, BY_HAND)
        await dms(house, "bo", 1)
        assert house.slack.person("cy").dms() == []
        await house.slack.wait_until(lambda: bool(house.slack.person("cy").dms()))
        assert len(house.slack.calls_of("chat.postMessage")) == 3


async def test_blocks_that_slack_dislikes_hide_no_alarm(redis_url: str) -> None:
    async with open_house(redis_url, admins="U0CY000001") as house:
        house.slack.faults.next("chat.postMessage", Fault.error("invalid_blocks"))
        await house.base.alarms.sound(BROKEN, BY_HAND)
        [message] = await dms(house, "cy", 1)
        assert message.blocks == []
        assert "lease may not end" in message.shown


async def test_without_admins_metric_and_doctor_tell_it_all_the_same(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, admins="") as house:
        await house.base.alarms.sound(STUCK, "i-1")
        await house.base.alarms.sound(STUCK, "i-2")
        await house.base.alarms.sound(AlarmKind.STRAY, "i-2")
        await house.base.alarms.quiet(AlarmKind.STRAY, "i-2")
        look = await scraped(house.port)
        assert look.value("gpu_bot_alarms", kind="order_stuck") == 2
        assert look.value("gpu_bot_alarms", kind="stray") == 0
        assert look.total("gpu_bot_alarms") == 2
        assert house.slack.calls_of("chat.postMessage") == []


async def test_the_doctor_lists_what_stands(redis_url: str) -> None:
    async with clinic(redis_url) as well:
        alarms = Alarms(well.store, SystemClock())
        assert (await well.findings())["Alarms"].state is State.OK
        await alarms.sound(AlarmKind.STRAY, "i-1", {"name": "who-made-this"})
        ill = (await well.ills())["Alarms"]
        assert ill.state is State.WARNING
        assert "who-made-this" in ill.found
        assert "stop or delete it" in ill.advice
        for number in range(9):
            await alarms.sound(STUCK, f"i-{number}")
        ill = (await well.ills())["Alarms"]
        assert ill.state is State.FAILED
        assert "and 5 more" in ill.found
        assert "Novita's console" in ill.advice
        await asyncio.gather(alarms.settle(STUCK, {}), alarms.settle(AlarmKind.STRAY, {}))
        assert (await well.findings())["Alarms"].state is State.OK


@pytest.mark.parametrize("kind", list(AlarmKind))
def test_every_kind_is_told_with_what_is_known_of_it(kind: AlarmKind) -> None:
    facts = {"name": "train-1", "why_not": "<!channel> & *all*" + "x" * 5000, "owner": "U0ADA00001", "empty": ""}
    message = alarm_message(Alarm(kind=kind, subject="i-1", facts=facts, since=NOON))
    assert_slack_takes(message)
    drawn = str(message.blocks)
    for text in (message.text, drawn):
        assert "<!channel>" not in text
        assert "train-1" in text
        assert "i-1" in text
        assert "<@U0ADA00001>" in text
        assert "empty" not in text
    assert len(message.text) < 2000


def test_a_kind_without_words_of_its_own_is_told_by_its_name() -> None:
    alarm = Alarm.model_construct(
        kind=cast(AlarmKind, _Strange("some_later_kind")), subject="", facts={"n": "1"}, since=NOON
    )
    assert in_words(alarm).line == "Alarm: some later kind (n: 1)"
    assert "some later kind" in alarm_message(alarm).text


class _Strange(str):
    @property
    def value(self) -> str:
        return str(self)


def test_so_many_facts_are_shown_as_slack_has_room_for() -> None:
    facts = {f"fact_{number}": "x" * 500 for number in range(40)}
    message = alarm_message(Alarm(kind=STUCK, subject="i-1", facts=facts, since=NOON - timedelta(days=1)))
    assert_slack_takes(message)
    assert "i-1" in message.text
