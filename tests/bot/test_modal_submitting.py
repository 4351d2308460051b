"""Submit: checked within the ack, one view makes one instance, and nothing is made that may not be."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

import pytest
from pydantic import SecretStr

from bot.sandbox.novita import Fault as NovitaFault
from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import Fault, Kind, Outcome, SandboxSlack
from bot.sandbox.slack.constants import BOT_USER
from tests.bot.app_fixture import House, open_house
from tests.bot.redis_line import RedisLine


class Bad(NamedTuple):
    """What is typed into a field, and what is written under it after Submit."""

    field: str
    typed: str
    error: str


BAD = [
    Bad("name", "two words", "A name has 1 to 100 characters"),
    Bad("name", "naïve", "A name has 1 to 100 characters"),
    Bad("webhook_url", "http://example.com/x", "A webhook is an https:// address"),
    Bad("webhook_url", "https://me:pass@example.com", "A webhook is an https:// address"),
    Bad("envs", "GOOD=1\nno equals sign", "Line 2: write it as KEY=value."),
    Bad("envs", "1BAD=x", "Line 1: a key has"),
    Bad("envs", "A=1\nA=2", "Line 2: A is set twice."),
]


@pytest.mark.parametrize("bad", BAD, ids=[f"{b.field} {b.typed!r}" for b in BAD])
async def test_an_error_is_written_under_its_field_and_mended_there(redis_url: str, bad: Bad) -> None:
    async with open_house(redis_url, workers=0) as house:
        modal = await house.modal()
        await modal.press("reveal_advanced")
        await house.slack.wait_until(lambda: bad.field in modal.fields())
        good = modal.fields()[bad.field].value
        await modal.fill(bad.field, bad.typed)
        result = await modal.submit()
        assert bad.error in result.errors[bad.field]
        assert list(result.errors) == [bad.field]
        assert house.novita.creates == []
        await modal.fill(bad.field, good or "")
        assert (await modal.submit()).updated
        await house.outcome("Created")


async def test_slack_itself_refuses_a_form_without_gpu_or_template(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        modal = await house.opened()
        result = await modal.submit()
        assert result.outcome is Outcome.REFUSED
        assert set(result.errors) == {"product_name", "template_id"}


@pytest.mark.parametrize("webs", [1, 2])
async def test_one_form_submitted_many_times_at_once_makes_one_instance(redis_url: str, webs: int) -> None:
    async with open_house(redis_url, webs=webs) as house:
        modal = await house.modal()
        house.novita.fail_next("create", NovitaFault.slow(0.2))
        results = await asyncio.gather(*(modal.submit() for _ in range(6)))
        assert {result.outcome for result in results} == {Outcome.UPDATED}
        card = await house.card("is running")
        assert len(await house.replies(card, 2)) == 2
        assert len(house.novita.calls_of("create")) == 1
        assert house.slack.person("ada").messages("gpu") == [card]
    assert modal.title == "Created"


async def test_a_submission_repeated_long_after_shows_the_same_instance(redis_url: str) -> None:
    async with open_house(redis_url, webs=2) as house:
        await house.submitted("train-1")
        await house.card("is running")
        submission = next(each for each in house.front.delivered if b"view_submission" in each.body)
        updates = len(house.slack.calls_of("views.update"))
        for port in house.ports:
            answer = await house.front.send(submission, port)
            assert answer.status == 200
        await house.slack.wait_until(lambda: len(house.slack.calls_of("views.update")) >= updates + 2)
        [novita_id] = house.novita.instances
        assert novita_id in str(house.slack.calls_of("views.update")[-1].args)
        assert len(house.novita.calls_of("create")) == 1


async def test_without_redis_nothing_is_created_and_the_form_is_kept_for_another_try(redis_url: str) -> None:
    async with RedisLine(redis_url) as line, open_house(line.url, workers=0) as house:
        modal = await house.modal()
        await modal.fill("name", "precious")
        await line.down()
        result = await modal.submit()
        assert "Nothing was created" in result.errors["product_name"]
        assert "Redis" in result.errors["product_name"]
        assert house.novita.calls_of("create") == []
        assert modal.fields()["name"].value == "precious"
        await line.up()
        assert (await modal.submit()).updated
        await house.outcome("Created")
        assert len(house.novita.calls_of("create")) == 1


async def test_only_the_allowed_channels_may_hear_of_a_create(redis_url: str) -> None:
    allowed = SandboxSlack().channel_id("gpu")
    async with open_house(redis_url, workers=0, allowed_channels=allowed) as house:
        modal = await house.modal()
        await modal.choose("channel", "general")
        result = await modal.submit()
        assert "may not be created from this channel" in result.errors["channel"]
        assert house.novita.creates == []
        await modal.choose("channel", "gpu")
        assert (await modal.submit()).updated
        await house.outcome("Created")


async def test_a_guest_of_another_workspace_cannot_submit_a_form(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        payload = await house.submission()
        guest = house.slack.person("guest").member
        payload["user"] |= {"id": guest.id, "team_id": guest.team}
        answer = await house.slack.post(payload, Kind.INTERACTIVE)
        assert "Only members of the workspace" in answer.json()["errors"]["channel"]
        assert house.novita.creates == []


@pytest.mark.parametrize("disk", ["601", "9", "-1", "1e3", "60.5", "", None])
async def test_a_disk_that_the_gpu_does_not_have_is_refused_also_when_slack_lets_it_pass(
    redis_url: str, disk: str | None
) -> None:
    async with open_house(redis_url, workers=0) as house:
        payload = await house.submission()
        payload["view"]["state"]["values"]["rootfs_size"]["rootfs_size"]["value"] = disk
        answer = await house.slack.post(payload, Kind.INTERACTIVE)
        assert "from 10 to 600" in answer.json()["errors"]["rootfs_size"]
        assert house.novita.creates == []


async def test_a_submit_that_meets_a_web_without_prices_asks_to_press_again(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        modal = await house.modal()
        async with cold_web(house, redis_url) as port:
            house.slack.bot_url, front = f"http://127.0.0.1:{port}", house.slack.bot_url
            assert "Press Create again" in (await modal.submit()).errors["product_name"]
        house.slack.bot_url = front
        assert (await modal.submit()).updated
        await house.outcome("Created")


@asynccontextmanager
async def cold_web(house: House, redis_url: str) -> AsyncIterator[int]:
    """Another web, which has neither prices nor a Novita that would give them."""
    silent = SandboxNovita()
    silent.fail_all(NovitaFault.hang(has_effect=False))
    url = await silent.start()
    async with house.another_web(novita_api_url=url, redis_url=SecretStr(f"{redis_url}?db=1")) as port:
        yield port
        silent.clear_faults()
    await silent.stop()


@pytest.mark.parametrize(("channel", "why"), [("private", "it is private or gone"), ("archived", "it is archived")])
@pytest.mark.parametrize("scope", ["channels:read", "none"])
async def test_a_channel_that_the_bot_cannot_write_in_is_said_under_its_field_before_the_create(
    redis_url: str, channel: str, why: str, scope: str
) -> None:
    async with open_house(redis_url, workers=0) as house:
        if scope == "none" and channel == "archived":
            return  # Slack does not tell that without the scope.
        if scope == "none":
            house.slack.scopes.discard("channels:read")
        modal = await house.modal(channel=channel)
        result = await modal.submit()
        assert why in result.errors["channel"]
        assert house.novita.creates == []
        house.slack.workspace.channel(channel).members.add(BOT_USER)
        house.slack.workspace.channel(channel).is_archived = False
        assert (await modal.submit()).updated, "a no is asked again"
        await house.outcome("Created")


async def test_a_public_channel_that_the_bot_has_not_joined_hears_the_story(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        await house.submitted("train-1", channel="general")
        await house.card("*train-1* is running", channel="general")


async def test_a_slack_that_does_not_say_is_in_nobodys_way(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        house.slack.faults.next("conversations.info", Fault.server_error())
        await house.submitted("train-1")
        await house.outcome("Created")
        assert len(house.novita.creates) == 1
