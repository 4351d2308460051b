"""No secret shows up in logs, in Redis or in Slack, however a create ends and however much is logged."""

from __future__ import annotations

import io
import json
import shlex
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from urllib.parse import quote

import pytest

from bot.sandbox.novita import Fault
from bot.sandbox.novita.seed import REGISTRY_PASSWORD, TEMPLATE_TOKEN
from bot.sandbox.slack import Fault as SlackFault
from core.domain.order import Verb
from core.domain.policy import Policy
from tests.bot.app_fixture import House, open_house
from tests.bot.leaks import all_of_redis, all_said, everything_logged, found_in, secrets_of
from tests.bot.scenarios import told

TYPED = "hush-hush-typed-value"
SECOND = "s3cr&t=with/odd chars"


@pytest.fixture(params=["json", "console"])
def log(request: pytest.FixtureRequest) -> Iterator[io.StringIO]:
    with everything_logged(request.param) as stream:
        yield stream


@asynccontextmanager
async def searched_house(redis_url: str, log: io.StringIO) -> AsyncIterator[House]:
    """A house that is searched from top to bottom after it was closed."""
    async with open_house(redis_url) as house:
        yield house
    secrets = secrets_of(house.slack, house.novita) | {TYPED, SECOND}
    assert {REGISTRY_PASSWORD, TEMPLATE_TOKEN} <= secrets
    said = all_said(house.slack)
    kept = all_of_redis(redis_url)
    for needle, haystack in (("instance_create", log.getvalue()), ("train-1", said), ("train-1", kept)):
        assert needle in haystack, "it was really looked at"
    assert found_in(log.getvalue(), secrets) == set()
    assert found_in(said, secrets) == set()
    assert found_in(kept, secrets) == set()


async def submitted(house: House) -> None:
    """A create from a private template, with variables of the person's own."""
    modal = await house.modal()
    await modal.fill("name", "train-1")
    await modal.press("reveal_advanced")
    await house.slack.wait_until(lambda: "envs" in modal.fields())
    await modal.fill("envs", f"MY_TOKEN={TYPED}\nOTHER={SECOND}")
    await modal.choose("gpu_num", "2")
    await modal.choose("lease", "1 h")
    assert (await modal.submit()).updated


async def test_a_whole_create_leaves_no_secret_anywhere(redis_url: str, log: io.StringIO) -> None:
    async with searched_house(redis_url, log) as house:
        await submitted(house)
        card = await house.card("is running")
        await house.replies(card, 2)
        await house.slack.person("ada").click(card, "instance:status")
        assert "2 variables set" in (await told(house, "ada", "variables set")).shown
        [body] = house.novita.creates
        sent = {env["key"]: env["value"] for env in body["envs"]}
        assert sent == {"MODE": "prod", "HF_TOKEN": TEMPLATE_TOKEN, "MY_TOKEN": TYPED, "OTHER": SECOND}


def echoing(reason: str) -> Fault:
    """Novita explains its refusal with what it was sent."""
    return Fault.refused(400, reason, f"env HF_TOKEN={TEMPLATE_TOKEN}, MY_TOKEN={TYPED}, {SECOND}, Bearer sk_sandbox")


TROUBLE: dict[str, Callable[[House], None]] = {
    "input": lambda house: house.novita.fail_all(echoing("INVALID_COMMAND_PARAM"), "create"),
    "full": lambda house: house.novita.fail_all(echoing("INSUFFICIENT_RESOURCE"), "create"),
    "unauthorized": lambda house: house.novita.fail_all(Fault.refused(401, "UNAUTHORIZED", f"{TYPED}?"), "create"),
}


@pytest.mark.parametrize("trouble", TROUBLE.values(), ids=TROUBLE.keys())
async def test_a_create_that_fails_leaves_no_secret_anywhere(
    redis_url: str, log: io.StringIO, trouble: Callable[[House], None]
) -> None:
    async with searched_house(redis_url, log) as house:
        trouble(house)
        await submitted(house)
        await house.outcome("Not created")
        await house.replies(await house.card("was not created"), 1)


async def test_faults_on_all_sides_leave_no_secret_anywhere(redis_url: str, log: io.StringIO) -> None:
    async with searched_house(redis_url, log) as house:
        house.slack.faults.next("chat.postMessage", SlackFault.error("invalid_blocks"), SlackFault.not_json())
        house.slack.faults.next("views.update", SlackFault.server_error(), SlackFault.reset_before_effect())
        house.novita.fail_next("create", Fault.reset(has_effect=True))
        house.novita.fail_next("instances", Fault.not_json(), times=2)
        await submitted(house)
        await house.replies(await house.card("is running"), 2)
        house.slack.faults.next("views.open", SlackFault.error("invalid_auth"))
        await house.slack.person("bo").command("/gpu create")
        await house.slack.wait_until(house.slack.person("bo").ephemerals)


SAID_LATER = {
    "shell": f"exec failed: HF_TOKEN={TEMPLATE_TOKEN} MY_TOKEN={TYPED} OTHER={shlex.quote(SECOND)}",
    "JSON": f"bad body {json.dumps({'HF_TOKEN': TEMPLATE_TOKEN, 'MY_TOKEN': TYPED, 'OTHER': SECOND})}",
    "list": "bad envs "
    + json.dumps([{"key": "MY_TOKEN", "value": TYPED}, {"value": SECOND, "key": "OTHER"}])
    + f" and -e HF_TOKEN={TEMPLATE_TOKEN}",
    "URL": f"GET /?MY_TOKEN={TYPED}&OTHER={quote(SECOND, safe='')}&HF_TOKEN={TEMPLATE_TOKEN}",
}


@pytest.mark.parametrize("words", SAID_LATER.values(), ids=SAID_LATER.keys())
async def test_what_novita_says_of_an_instance_later_leaves_no_secret_anywhere(
    redis_url: str, log: io.StringIO, words: str
) -> None:
    async with searched_house(redis_url, log) as house:
        house.novita.boot_seconds = 600
        await submitted(house)
        card = await house.card("is starting")
        instance = await house.record(card)
        house.novita.show_status(instance.remote.id or "", "pulling", ("crashed", f"pull failed for good: {words}"))
        await house.card("*train-1* failed")
        failure = (await house.record(card)).failure
        assert failure is not None and failure.message.startswith("pull failed for good: ")
        assert "***" in failure.message


@pytest.mark.parametrize("words", SAID_LATER.values(), ids=SAID_LATER.keys())
async def test_what_novita_says_to_an_order_leaves_no_secret_anywhere(
    redis_url: str, log: io.StringIO, words: str
) -> None:
    async with searched_house(redis_url, log) as house:
        await submitted(house)
        card = await house.card("is running")
        house.novita.fail_all(Fault.refused(400, "SOMETHING_NEW", f"not stopped: {words}"), "stop")
        instance = await house.record(card)
        order = await house.base.lifecycle.order(
            Verb.STOP, instance.id, instance.owner, Policy(home_team=instance.owner.team)
        )
        told = await house.base.lifecycle.carry_out(order.instance)
        assert told.order is not None and told.order.trouble.startswith("not stopped: ")
        await house.card("not stopped: ")
