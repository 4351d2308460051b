"""Connect: fresh from Novita, for one person's eyes, and left behind nowhere."""

from __future__ import annotations

import json
import logging

import pytest
import structlog

from bot.process import logs
from bot.sandbox.novita import Fault, Machine
from core.domain.instance import Instance
from tests.bot.app_fixture import House, open_house
from tests.bot.leaks import all_of_redis
from tests.bot.scenarios import in_thread, running, running_anew, seen, told


def machine(house: House, instance: Instance) -> Machine:
    return house.novita.instances[str(instance.remote.id)]


async def test_the_owner_gets_command_and_password_and_nobody_else_sees_them(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await house.slack.person("ada").click(card, "instance:connect")
        message = await told(house, "ada", "How to reach")
        secret = machine(house, made).ssh_password
        assert secret in message.shown
        assert f"ssh -p {machine(house, made).ssh_port} root@" in message.shown
        for who in ("bo", "cy", "guest"):
            assert secret not in house.slack.person(who).sees()
        in_public = [m for m in house.slack.person("ada").messages("gpu", everything=True) if not m.visible_to]
        assert not any(secret in json.dumps(m.as_json()) for m in in_public)


async def test_connect_can_be_typed(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house)
        ack = await house.slack.person("ada").command("/gpu connect train-1")
        message = await told(house, "ada", "How to reach")
        assert machine(house, made).ssh_password in message.shown
        assert machine(house, made).ssh_password not in ack.body


async def test_it_is_fetched_anew_each_time_because_it_changes_with_each_start(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        ada = house.slack.person("ada")
        first = machine(house, made).ssh_password
        await ada.click(card, "instance:restart")
        await running_anew(house, made, card)
        second = machine(house, made).ssh_password
        assert first != second
        await ada.click(card, "instance:connect")
        assert second in (await told(house, "ada", "How to reach")).shown


async def test_nothing_of_it_is_in_redis_or_in_the_logs_even_when_slack_fails(
    redis_url: str, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    before, handlers = structlog.get_config(), list(logging.getLogger().handlers)
    logs.setup("debug", "json")
    try:
        async with open_house(redis_url) as house:
            made, card = await running(house)
            await house.slack.person("ada").click(card, "instance:connect")
            await told(house, "ada", "How to reach")
            house.novita.fail_next("instance", Fault.not_json(), times=3)
            await house.slack.person("ada").click(card, "instance:connect")
            await told(house, "ada", "Novita did not answer, so this could not be looked up")
            secret, port = machine(house, made).ssh_password, f"ssh -p {machine(house, made).ssh_port}"
    finally:
        structlog.configure(**before)
        logging.getLogger().handlers = handlers
    written = capfd.readouterr()
    for sought in (secret, port):
        assert sought not in written.out + written.err + caplog.text
        assert sought not in all_of_redis(redis_url)
    assert "novita_call" in written.err, "the logs were looked at"


async def test_a_stopped_instance_says_that_there_is_nothing_to_connect_to(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, card = await running(house)
        await house.slack.person("ada").click(card, "instance:stop")
        await seen(house, made, "is stopped")
        await house.slack.person("ada").command("/gpu connect train-1")
        await told(house, "ada", "It is not running")
        assert house.novita.calls_of("instance")[-1].at <= (house.base.clock.now().timestamp())


async def test_an_admin_may_connect_too(redis_url: str) -> None:
    async with open_house(redis_url, admins=("U0CY000001",)) as house:
        made, card = await running(house)
        await house.slack.person("cy").click(card, "instance:connect")
        assert machine(house, made).ssh_password in (await told(house, "cy", "How to reach")).shown


async def test_on_the_home_tab_it_is_shown_in_a_modal_and_never_posted(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        made, _ = await running(house)
        ada = house.slack.person("ada")
        await ada.open_home()
        home = await house.slack.wait_until(ada.home)
        assert home is not None
        posted = len(house.slack.calls_of("chat.postMessage")) + len(house.slack.calls_of("response_url"))
        await home.press("instance:connect")
        modal = await ada.modal("answer")
        await house.shows(modal, machine(house, made).ssh_password)
        assert len(house.slack.calls_of("chat.postMessage")) + len(house.slack.calls_of("response_url")) == posted


async def test_a_question_to_the_owner_reaches_them_in_the_thread_of_its_card(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        _, card = await running(house)
        await house.slack.person("bo").command("/gpu connect train-1")
        refusal = await told(house, "bo", "belongs to")
        await house.slack.person("bo").click(refusal, "instance:ask")
        question = await in_thread(house, card, "how to connect to")
        assert question.thread_ts == card.ts
