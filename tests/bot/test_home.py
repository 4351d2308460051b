"""The home tab: a person's own instances with their buttons, drawn from Redis alone."""

from __future__ import annotations

import time

from bot.sandbox.slack import Screen
from tests.bot.app_fixture import House, open_house
from tests.bot.scenarios import running, seen, written

CY = "U0CY000001"


async def opened(house: House, who: str = "ada") -> Screen:
    """The home tab once the bot has drawn it."""
    before = len(house.slack.calls_of("views.publish"))
    assert (await house.slack.person(who).open_home()).ok
    await house.slack.wait_until(lambda: len(house.slack.calls_of("views.publish")) > before)
    home = house.slack.person(who).home()
    assert home is not None
    return home


async def turned(house: House, home: Screen, page: int) -> None:
    """Turns to a page, counted from 0."""
    await home.press("home:page", value=str(page))
    await house.shows(home, f"Previous page ({page} of")


async def test_it_shows_my_instances_what_they_cost_and_a_way_to_create_one(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await written(house, 2, "ada", "mine")
        await written(house, 1, "bo", "theirs")
        home = await opened(house)
        assert "mine-000" in home.text()
        assert "theirs-000" not in home.text()
        assert "$0.36" in home.text(), "two hours at $0.18 this month"
        await home.press("create")
        await house.slack.person("ada").modal("create_instance")


async def test_an_admin_sees_everybodys(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, admins=(CY,)) as house:
        await written(house, 1, "ada", "of-ada")
        assert "of-ada-000" in (await opened(house, "cy")).text()


async def test_a_stop_pressed_there_is_shown_there(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house)
        home = await opened(house)
        await home.press("instance:stop")
        await house.shows(home, "stopp")
        await seen(house, made, "is stopped")
        assert len(house.novita.calls_of("stop")) == 1
        await house.shows(await opened(house), "stopped")


async def test_what_is_refused_there_is_said_in_a_modal(redis_url: str) -> None:
    async with open_house(redis_url, admins=(CY,)) as house:
        made, _ = await running(house)
        home = await opened(house)
        old = home.view.definition
        await home.press("instance:stop")
        await seen(house, made, "is stopped")
        house.slack.workspace.views.update(home.view, old)
        await home.press("instance:stop")
        modal = await house.slack.person("ada").modal("answer")
        assert "It cannot stop now: it is stopped." in modal.text()
        await house.slack.wait_until(lambda: "instance:start" in str(home.view.definition))


async def test_500_instances_page_within_slacks_limits_and_open_in_time(redis_url: str) -> None:
    async with open_house(redis_url, workers=0, admins=(CY,)) as house:
        for who in ("ada", "bo", "cy"):
            await written(house, 170, who, f"of-{who}")
        calls, began = len(house.novita.calls), time.thread_time()
        home = await opened(house, "cy")
        assert time.thread_time() - began < 3
        assert len(house.novita.calls) == calls
        shown, page = home.text(), 0
        while "Next page" in home.text():
            page += 1
            await turned(house, home, page)
            shown += home.text()
        assert all(f"of-{who}-{number:03}" in shown for who in ("ada", "bo", "cy") for number in range(170))


async def test_a_page_stays_where_it_was_after_a_button_on_it(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        await written(house, 60)
        home = await opened(house)
        await turned(house, home, 1)
        published = len(house.slack.calls_of("views.publish"))
        await home.press("instance:extend:4h")
        await house.slack.wait_until(lambda: len(house.slack.calls_of("views.publish")) > published)
        assert "Previous page (1 of 2)" in home.text()
