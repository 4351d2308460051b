"""Who is let in from Slack: nobody before it is known whose bot this is, and nobody whose workspace is not known."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from pydantic import SecretStr

from bot.sandbox.slack import ANY_METHOD, Ack, Fault, Kind, SandboxSlack
from bot.sandbox.slack.constants import ENTERPRISE_ID, GUEST_TEAM_ID, TEAM_ID
from tests.bot.app_fixture import House, open_house, payload_of
from tests.patience import patience

Json = dict[str, Any]

STARTING = "I am just starting, try again in a moment."
OURS_ONLY = "Only members of the workspace"


def shown(answer: Ack) -> str:
    return json.loads(answer.body)["text"] if answer.body else ""


async def visits_of_all_kinds(house: House) -> list[tuple[str, Json, Kind]]:
    """One of each that a person can send, as Slack sent it while they were let in."""
    modal = await house.modal()
    await modal.choose("gpu_num", "2")
    edit = payload_of(house.front.delivered[-1].body)
    await modal.search("template_id", "pytorch")
    suggestion = payload_of(house.front.delivered[-1].body)
    ada = house.slack.person("ada")
    await ada.command("/gpu list")
    command = payload_of(house.front.delivered[-1].body)
    await ada.open_home()
    opened = json.loads(house.front.delivered[-1].body)
    await house.slack.wait_until(lambda: ada.home() is not None)
    await ada.command("/gpu help")
    await ada.click(ada.ephemerals()[-1], "create")
    click = payload_of(house.front.delivered[-1].body)
    return [
        ("command", command, Kind.COMMAND),
        ("create", {**command, "text": "create"}, Kind.COMMAND),
        ("line", {**command, "text": "create 4090 spot 1h from pytorch as train-9"}, Kind.COMMAND),
        ("edit", edit, Kind.INTERACTIVE),
        ("suggestion", suggestion, Kind.INTERACTIVE),
        ("submission", await house.submission("train-9"), Kind.INTERACTIVE),
        ("home", opened, Kind.EVENT),
        ("click", click, Kind.INTERACTIVE),
    ]


def unknown_team(payload: Json) -> Json:
    """The same without a word about the person's workspace."""
    changed = {name: value for name, value in payload.items() if name != "team_id"}
    if "user" in changed:
        changed["user"] = {name: value for name, value in changed["user"].items() if name != "team_id"}
    return changed


def another_team(payload: Json) -> Json:
    changed = {**payload, "team_id": GUEST_TEAM_ID}
    return {**changed, "user": {**changed["user"], "team_id": GUEST_TEAM_ID}} if "user" in changed else changed


def posing_as_program(payload: Json) -> Json:
    """Nobody in Slack is called what the holder of the API token is called here."""
    changed = unknown_team(payload)
    if "user" in changed:
        return {**changed, "user": {"id": "api"}}
    return {**changed, "user_id": "api"}


async def sentence(house: House, kind: str, payload: Json, way: Kind) -> str:
    """What the person is told; each answer is a 200 of the shape that Slack takes for this kind."""
    ada = house.slack.person("ada")
    before = len(house.slack.calls)
    answer = await house.slack.post(payload, way)
    assert answer.status == 200, (kind, answer)
    if way is Kind.COMMAND:
        return shown(answer)
    if kind == "suggestion":
        return "" if answer.json() == {"options": []} else "options"
    if kind == "submission":
        return str(answer.json()["errors"])
    made = await house.slack.wait_until(lambda: [c for c in house.slack.calls[before:] if "auth" not in c.method])
    assert ada is not None
    return json.dumps(made[0].args)


@pytest.mark.parametrize("changed", [unknown_team, another_team, posing_as_program])
async def test_who_is_not_known_to_be_of_this_workspace_is_turned_away_at_every_door(
    redis_url: str, changed: Callable[[Json], Json]
) -> None:
    async with open_house(redis_url, workers=0) as house:
        for kind, payload, way in await visits_of_all_kinds(house):
            if changed is posing_as_program and kind == "home":
                continue
            told = await sentence(house, kind, changed(payload), way)
            assert OURS_ONLY in told or (kind, told) == ("suggestion", ""), (kind, told)
        assert house.novita.creates == []
        assert await house.base.store.live() == []


async def test_nobody_is_let_in_while_slack_has_not_said_whose_bot_it_is(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        visits = await visits_of_all_kinds(house)
        await house.base.store.save_identity("")
        house.slack.faults.always("auth.test", Fault.server_error())
        async with house.another_web() as port:
            house.slack.bot_url = f"http://127.0.0.1:{port}"
            for kind, payload, way in visits:
                told = await sentence(house, kind, payload, way)
                assert STARTING in told or (kind, told) == ("suggestion", ""), (kind, told)
            assert house.novita.creates == []
            house.slack.faults.clear("auth.test")
            command = next(payload for kind, payload, _ in visits if kind == "command")
            async with patience():
                said = STARTING
                while STARTING in said:
                    said = shown(await house.slack.post(command, Kind.COMMAND))
            assert "You have no GPU instance" in said
            house.slack.bot_url = house.front.url


async def test_a_restart_without_slack_still_knows_whose_bot_it_is(redis_url: str) -> None:
    slack = SandboxSlack(rate_limits=None)
    async with open_house(redis_url, workers=0, slack=slack) as house:
        slack.faults.always(ANY_METHOD, Fault.hang())
        slack.faults.always("auth.test", Fault.server_error())
        async with house.another_web() as port:
            slack.bot_url = f"http://127.0.0.1:{port}"
            await slack.person("ada").command("/gpu help")
            await slack.person("guest").command("/gpu help")
            slack.bot_url = house.front.url
        assert "GPUs from Slack" in slack.person("ada").sees()
        assert OURS_ONLY in slack.person("guest").sees()
        slack.faults.clear()


async def test_another_bot_token_may_be_another_workspaces_so_nothing_remembered_counts_for_it(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        house.slack.faults.always("auth.test", Fault.server_error())
        async with house.another_web(slack_bot_token=SecretStr("xoxb-of-another-workspace")) as port:
            house.slack.bot_url = f"http://127.0.0.1:{port}"
            await house.slack.person("ada").command("/gpu list")
            house.slack.bot_url = house.front.url
        assert STARTING in house.slack.person("ada").sees()
        house.slack.faults.clear()


async def test_an_app_of_a_whole_organisation_serves_all_its_workspaces_and_no_other(redis_url: str) -> None:
    slack = SandboxSlack(rate_limits=None)
    slack.workspace.organisation = ("T0OTHER001", TEAM_ID)
    async with open_house(redis_url, workers=0, slack=slack) as house:
        await slack.person("ada").command("/gpu list")
        command = payload_of(house.front.delivered[-1].body)
        for team in (TEAM_ID, "T0OTHER001", ENTERPRISE_ID):
            said = shown(await slack.post({**command, "team_id": team, "is_enterprise_install": "true"}, Kind.COMMAND))
            assert OURS_ONLY not in said, team
        for team in (GUEST_TEAM_ID, ""):
            said = shown(await slack.post({**command, "team_id": team, "is_enterprise_install": "true"}, Kind.COMMAND))
            assert OURS_ONLY in said, team
        ada = slack.person("ada").member
        click: Json = {"type": "block_actions", "team": None, "user": {"id": ada.id, "team_id": "T0OTHER001"}}
        click |= {
            "actions": [{"type": "button", "action_id": "create", "block_id": "b"}],
            "is_enterprise_install": True,
        }
        click |= {"trigger_id": slack.workspace.triggers.issue(ada.id, slack.channel_id("gpu"))}
        assert (await slack.post(click, Kind.INTERACTIVE)).status == 200
        await slack.person("ada").modal("create_instance")
