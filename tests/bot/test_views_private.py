"""What the answers for one person promise: the way in, a refusal, a request to the owner, an echo."""

from __future__ import annotations

import json
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import SecretStr

from bot.sandbox.slack.block_kit import problems_in_message
from bot.sandbox.slack.reading import text_of
from bot.slack.ids import Action
from bot.views.blocks import Message
from bot.views.private import already, asking, connection, refused
from core.domain.instance import Instance
from core.domain.novita import Connection
from core.domain.order import Verb
from tests.bot import factories
from tests.bot.factories import NOW, everything_in, ordered, running, stopped
from tests.bot.test_views_buttons import drawn
from tests.bot.test_views_card import assert_slack_takes

PASSWORD = "p`<a>&s*s_w`d"
WAY_IN = Connection(
    ssh_command="ssh -p 32787 root@proxy.novita.ai",
    ssh_password=SecretStr(PASSWORD),
    jupyter_url="https://x-8888.novita.ai/?token=secret",
    instance_log_url="https://logs.novita.ai/i/1",
    endpoints=running().remote.endpoints,
)


def text(message: Message) -> str:
    return everything_in(message.blocks)


@given(factories.instances, factories.connections)
def test_every_way_in_is_a_message_that_slack_takes(any_instance: Instance, way: Connection) -> None:
    message = connection(any_instance, way)
    assert problems_in_message({"text": message.text, "blocks": message.blocks}) == []


def test_the_way_in_gives_command_and_password_to_the_letter() -> None:
    shown = text_of(connection(running(), WAY_IN).blocks)
    for part in (WAY_IN.ssh_command, PASSWORD, WAY_IN.jupyter_url, WAY_IN.instance_log_url, "port 8188"):
        assert part in shown


def test_command_and_password_stand_in_code_and_addresses_are_links() -> None:
    (rich,) = [block for block in connection(running(), WAY_IN).blocks if block["type"] == "rich_text"]
    runs = rich["elements"][0]["elements"]
    assert {"type": "text", "text": PASSWORD, "style": {"code": True}} in runs
    assert {"type": "link", "url": WAY_IN.jupyter_url, "text": WAY_IN.jupyter_url} in runs


def test_no_secret_stands_in_the_text_that_notifications_show() -> None:
    message = connection(running(), WAY_IN)
    assert PASSWORD not in message.text
    assert "secret" not in message.text


def test_the_way_in_says_that_it_is_private_and_changes() -> None:
    shown = text(connection(running(), WAY_IN))
    assert "Only you see this" in shown
    assert "changes with each start" in shown


def test_an_instance_that_gives_no_way_in_yet_says_so() -> None:
    message = connection(running(), Connection())
    assert_slack_takes(message)
    assert "Novita gives no SSH command for it (yet)" in text(message)


@given(factories.instances, st.sampled_from(Action), factories.anything)
def test_every_refusal_is_a_message_that_slack_takes(any_instance: Instance, action: Action, why: str) -> None:
    assert_slack_takes(refused(any_instance, action, why))


@pytest.mark.parametrize(
    ("action", "value"),
    [
        (Action.STOP, "stop 0123456789"),
        (Action.CONNECT, "connect 0123456789"),
        (Action.EXTEND_4H, "extend:4h 0123456789"),
    ],
)
def test_a_refusal_says_whose_it_is_and_lets_one_ask(action: Action, value: str) -> None:
    message = refused(running(), action, "Only its owner and the admins may do that.")
    assert text(message).startswith("Only its owner and the admins may do that. *train-1* belongs to <@U0ADA00001>.")
    assert [(one["action_id"], one["value"]) for one in drawn(message.blocks)] == [("instance:ask", value)]


@given(
    factories.instances,
    st.sampled_from(["stop", "extend:4h", "connect", "again"]) | factories.anything,
    factories.anything,
)
def test_every_request_to_an_owner_is_a_message_that_slack_takes(any_instance: Instance, verb: str, by: str) -> None:
    assert_slack_takes(asking(any_instance, verb, by))


def test_a_request_calls_the_owner_and_has_the_button_that_does_it() -> None:
    message = asking(running(), "stop", "U0BO000001")
    assert "<@U0BO000001> asks <@U0ADA00001> to stop *train-1*." in text(message)
    (button,) = drawn(message.blocks)
    assert button["action_id"] == Action.STOP
    assert "confirm" in button


def test_a_request_to_extend_offers_each_extension_and_one_to_connect_the_way_in() -> None:
    extensions = [one["action_id"] for one in drawn(asking(running(), "extend:4h", "U0BO000001").blocks)]
    assert extensions == ["instance:extend:1h", "instance:extend:4h", "instance:extend:tonight"]
    message = asking(running(), "connect", "U0BO000001")
    assert "asks <@U0ADA00001> how to connect to *train-1*." in text(message)
    assert [one["action_id"] for one in drawn(message.blocks)] == ["instance:connect"]


def test_a_request_for_what_cannot_be_done_now_has_no_button() -> None:
    assert drawn(asking(stopped(), "stop", "U0BO000001").blocks) == []


@given(factories.instances, st.sampled_from(Verb), st.none() | factories.instants)
def test_every_echo_is_a_message_that_slack_takes(any_instance: Instance, verb: Verb, now: object) -> None:
    assert_slack_takes(already(any_instance, verb, now))  # type: ignore[arg-type]


def test_a_second_click_hears_who_asked_and_when() -> None:
    record = running(order=ordered(Verb.STOP))
    shown = text(already(record, Verb.STOP, NOW + timedelta(seconds=20)))
    assert shown == "<@U0BO000001> asked for that 20 s ago: *train-1* is being stopped. Nothing more needs to be done."
    assert "asked for that <!date^" in text(already(record, Verb.STOP))
    assert "The end of its lease asked" in text(already(running(order=ordered(by=None)), Verb.STOP))


def test_a_second_click_after_it_is_done_says_so() -> None:
    assert "was asked to be stopped before; it is stopped now" in text(already(stopped(), Verb.STOP))


def test_a_way_in_is_not_in_its_own_representation() -> None:
    assert PASSWORD not in repr(WAY_IN)
    assert json.dumps(PASSWORD) in json.dumps(connection(running(), WAY_IN).blocks)
