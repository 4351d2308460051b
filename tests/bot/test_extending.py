"""Until tonight: this evening where the person is, as far as Slack says where that is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from bot.oneliner.moments import TONIGHT
from bot.sandbox.slack import Fault
from core.domain.instance import Instance
from core.domain.policy import Policy
from tests.bot.app_fixture import House, open_house
from tests.bot.scenarios import read, running, told


async def test_until_tonight_moves_the_end_to_the_evening_unless_that_is_over(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house, lease=timedelta(minutes=5))
        evening = TONIGHT.at(house.base.clock.now(), UTC)
        await house.slack.person("ada").click(card, "instance:extend:tonight")
        await _says_and_does(house, made, evening)


async def test_where_slack_does_not_say_where_a_person_is_the_evening_is_utcs(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.slack.faults.always("users.info", Fault.error("missing_scope"))
        made, _ = await running(house, lease=timedelta(minutes=5))
        evening = TONIGHT.at(house.base.clock.now(), UTC)
        await house.slack.person("ada").command("/gpu extend train-1 until tonight")
        await _says_and_does(house, made, evening, is_typed=True)


async def test_an_extension_never_takes_back_what_somebody_else_has_just_given(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house)
        assert made.lease.ends_at is not None
        lifecycle, ada = house.base.lifecycle, made.owner
        further, less = (made.lease.ends_at + timedelta(hours=hours) for hours in (4, 1))
        await lifecycle.extend_until(made.id, further, ada, Policy(home_team=ada.team))
        await lifecycle.extend_until(made.id, less, ada, Policy(home_team=ada.team))
        assert (await read(house, made.id)).lease.ends_at == further


async def _says_and_does(house: House, made: Instance, evening: datetime, *, is_typed: bool = False) -> None:
    """What is right depends on the time of day at which the test runs: what is typed also makes an end earlier."""
    assert made.lease.ends_at is not None
    if evening > made.lease.ends_at or (is_typed and evening > house.base.clock.now()):
        said, ends_at = "may run until", evening
    elif evening > house.base.clock.now():
        said, ends_at = "already, which is later", made.lease.ends_at
    else:
        said, ends_at = "It is past 20:00 where you are", made.lease.ends_at
    await told(house, "ada", said)
    assert (await read(house, made.id)).lease.ends_at == ends_at
