"""People of the make-believe Slack against a tiny hand-written bot, which sees every byte they send."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from typing import Any
from urllib.parse import parse_qs

import pytest
from aiohttp import web
from slack_sdk.signature import SignatureVerifier

from bot.sandbox.slack import Kind, Message, Modal, Outcome
from bot.sandbox.slack.constants import TEAM_ID
from tests.bot.slack_sandbox import (
    RunningSlack,
    buttons,
    menu_field,
    modal_view,
    option,
    plain,
    running_slack,
    text_field,
)
from tests.served import served_at

Json = dict[str, Any]
Answer = Callable[[Json], web.Response]


class TinyBot:
    """Verifies signatures, keeps the payloads, and answers as it is told."""

    def __init__(self, secret: str) -> None:
        self.payloads: list[Json] = []
        self.answer: Answer = lambda _: web.Response()
        self.hangs = False
        self._verifier = SignatureVerifier(secret)

    async def receive(self, request: web.Request) -> web.Response:
        raw = await request.text()
        if not self._verifier.is_valid_request(raw, dict(request.headers)):
            return web.Response(status=401)
        if self.hangs:
            await asyncio.Event().wait()
        payload = read(raw, request.content_type)
        self.payloads.append(payload)
        return self.answer(payload)

    @property
    def last(self) -> Json:
        return self.payloads[-1]

    def answers_json(self, body: Any) -> None:
        self.answer = lambda _: web.json_response(body)


def read(raw: str, content_type: str) -> Json:
    if content_type == "application/json":
        return dict(json.loads(raw))
    fields = {name: values[0] for name, values in parse_qs(raw, keep_blank_values=True).items()}
    return dict(json.loads(fields["payload"])) if "payload" in fields else fields


@pytest.fixture
async def slack() -> AsyncIterator[RunningSlack]:
    async with running_slack() as running:
        yield running


@pytest.fixture
async def bot(slack: RunningSlack) -> AsyncIterator[TinyBot]:
    tiny = TinyBot(slack.signing_secret)
    options = {"handler_cancellation": True, "shutdown_timeout": 0.1}
    async with served_at("POST", "/slack/events", tiny.receive, **options) as slack.bot_url:
        yield tiny


async def opened(slack: RunningSlack, view: Json) -> Modal:
    await slack.client().views_open(trigger_id=slack.trigger(), view=view)
    return await slack.person("ada").modal()


async def posted(slack: RunningSlack, *action_ids: str, **element: Any) -> Message:
    blocks = buttons(*action_ids, **element)
    await slack.client().chat_postMessage(channel=slack.channel_id("gpu"), text="card", blocks=blocks)
    return slack.person("ada").messages()[-1]


# Commands


async def test_a_command_has_every_field_slack_sends(slack: RunningSlack, bot: TinyBot) -> None:
    ada = slack.person("ada")
    ack = await ada.command("/gpu create 4090 x2")
    assert ack.ok and ack.seconds < 3
    assert bot.last | {"token": "", "response_url": "", "trigger_id": ""} == {
        "token": "",
        "response_url": "",
        "trigger_id": "",
        "team_id": TEAM_ID,
        "team_domain": "sandbox",
        "channel_id": slack.channel_id("gpu"),
        "channel_name": "gpu",
        "user_id": ada.id,
        "user_name": "ada",
        "command": "/gpu",
        "text": "create 4090 x2",
        "api_app_id": "A0SANDBOX1",
        "is_enterprise_install": "false",
    }
    assert bot.last["response_url"].startswith("http://127.0.0.1")


async def test_a_commands_trigger_opens_a_modal(slack: RunningSlack, bot: TinyBot) -> None:
    ada = slack.person("ada")
    await ada.command("/gpu create")
    await slack.client().views_open(trigger_id=bot.last["trigger_id"], view=modal_view())
    modal = await ada.modal("form")
    assert (modal.title, modal.callback_id, modal.is_open) == ("A form", "form", True)
    with pytest.raises(TimeoutError):
        await slack.person("bo").modal(timeout=0.01)


async def test_a_text_in_the_ack_is_seen_by_its_reader_only(slack: RunningSlack, bot: TinyBot) -> None:
    bot.answer = lambda _: web.Response(text="try /gpu help")
    await slack.person("ada").command("/gpu frobnicate", channel="dm")
    assert [message.text for message in slack.person("ada").ephemerals()] == ["try /gpu help"]


async def test_an_in_channel_ack_shows_the_command_and_the_answer(slack: RunningSlack, bot: TinyBot) -> None:
    bot.answers_json({"response_type": "in_channel", "text": "3 instances"})
    await slack.person("ada").command("/gpu list")
    assert [message.text for message in slack.person("bo").messages()] == ["/gpu list", "3 instances"]


async def test_a_bad_message_in_the_ack_is_a_problem(slack: RunningSlack, bot: TinyBot) -> None:
    bot.answers_json({"text": "t", "blocks": [{"type": "section"}]})
    await slack.person("ada").command("/gpu list")
    assert "must have text or fields" in slack.problems[0]
    assert slack.person("ada").ephemerals() == []


async def test_a_late_answer_is_a_problem_and_the_person_sees_it(slack: RunningSlack, bot: TinyBot) -> None:
    bot.hangs = True
    ack = await slack.person("ada").command("/gpu create")
    assert not ack.ok and ack.status == 0
    assert slack.problems == ["/gpu: no answer within 3 s"]
    assert "operation_timeout" in slack.person("ada").sees()


async def test_a_bot_that_is_not_there_is_a_problem(slack: RunningSlack) -> None:
    slack.bot_url = "http://127.0.0.1:1"
    assert (await slack.person("ada").command("/gpu create")).status == 0
    assert len(slack.problems) == 1


async def test_a_guest_comes_with_another_team(slack: RunningSlack, bot: TinyBot) -> None:
    message = await posted(slack, "stop")
    await slack.person("guest").click(message, "stop")
    assert bot.last["team"]["id"] == TEAM_ID != bot.last["user"]["team_id"]


async def test_a_person_that_a_typed_command_names_is_sent_escaped(slack: RunningSlack, bot: TinyBot) -> None:
    await slack.person("ada").type("/gpu list @bo")
    assert bot.last["text"] == f"list <@{slack.person('bo').id}>"
    await slack.person("ada").type("/gpu list @nobody")
    assert bot.last["text"] == "list @nobody"


async def test_nobody_types_into_a_private_channel_they_do_not_see(slack: RunningSlack, bot: TinyBot) -> None:
    with pytest.raises(LookupError):
        await slack.person("bo").command("/gpu list", channel="private")
    await slack.person("ada").command("/gpu list", channel="private")
    assert bot.last["channel_name"] == "privategroup"


# Messages


async def test_a_click_carries_the_message_and_the_button(slack: RunningSlack, bot: TinyBot) -> None:
    message = await posted(slack, "instance:connect", "instance:stop")
    ada = slack.person("ada")
    assert (await ada.click(message, "instance:stop")).ok
    assert bot.last["type"] == "block_actions"
    assert bot.last["container"] == {
        "type": "message",
        "message_ts": message.ts,
        "channel_id": message.channel,
        "is_ephemeral": False,
    }
    (action,) = bot.last["actions"]
    assert (action["action_id"], action["value"], action["block_id"]) == ("instance:stop", "i1", "buttons")
    assert action["type"] == "button" and action["action_ts"]
    assert bot.last["message"]["ts"] == message.ts and bot.last["channel"]["id"] == message.channel
    assert bot.last["response_url"] and bot.last["trigger_id"]
    assert bot.last["user"]["id"] == ada.id and bot.last["is_enterprise_install"] is False


async def test_a_click_in_an_ephemeral_message_carries_no_message(slack: RunningSlack, bot: TinyBot) -> None:
    ada, gpu = slack.person("ada"), slack.channel_id("gpu")
    await slack.client().chat_postEphemeral(channel=gpu, user=ada.id, text="t", blocks=buttons("again"))
    (message,) = ada.ephemerals()
    await ada.click(message, "again")
    assert bot.last["container"]["is_ephemeral"] is True and "message" not in bot.last
    with pytest.raises(LookupError):
        await slack.person("bo").click(message, "again")


async def test_a_button_that_is_gone_cannot_be_clicked(slack: RunningSlack, bot: TinyBot) -> None:
    message = await posted(slack, "stop")
    await slack.client().chat_update(channel=message.channel, ts=message.ts, text="stopped")
    with pytest.raises(LookupError):
        await slack.person("ada").click(message, "stop")


async def test_an_overflow_menu_sends_the_chosen_option(slack: RunningSlack, bot: TinyBot) -> None:
    menu = {"type": "overflow", "action_id": "more", "options": [option("logs"), option("delete")]}
    blocks = [{"type": "section", "text": plain("i"), "accessory": menu}]
    await slack.client().chat_postMessage(channel=slack.channel_id("gpu"), text="t", blocks=blocks)
    (message,) = slack.person("ada").messages()
    await slack.person("ada").click(message, "more", option="DEL")
    assert bot.last["actions"][0]["selected_option"] == option("delete")


async def test_a_click_that_is_answered_badly_is_a_problem(slack: RunningSlack, bot: TinyBot) -> None:
    message = await posted(slack, "stop")
    bot.answer = lambda _: web.Response(status=500)
    await slack.person("ada").click(message, "stop")
    assert slack.problems == ["block_actions of 'stop': answered HTTP 500"]


# Modals


FIELDS = [
    text_field(),
    menu_field(),
    {
        "type": "input",
        "block_id": "count",
        "label": plain("Count"),
        "element": {
            "type": "number_input",
            "action_id": "count",
            "is_decimal_allowed": False,
            "min_value": "1",
            "max_value": "8",
            "initial_value": "1",
        },
    },
    {
        "type": "input",
        "block_id": "billing",
        "label": plain("Billing"),
        "element": {
            "type": "radio_buttons",
            "action_id": "billing",
            "options": [option("spot"), option("ondemand")],
            "initial_option": option("spot"),
        },
    },
    {
        "type": "input",
        "block_id": "place",
        "label": plain("Channel"),
        "optional": True,
        "element": {
            "type": "conversations_select",
            "action_id": "place",
            "default_to_current_conversation": True,
            "response_url_enabled": True,
            "filter": {"include": ["public", "private"]},
        },
    },
    {
        "type": "input",
        "block_id": "extras",
        "label": plain("Extras"),
        "optional": True,
        "element": {"type": "checkboxes", "action_id": "extras", "options": [option("a"), option("b")]},
    },
    {"type": "actions", "elements": [{"type": "button", "action_id": "reveal", "text": plain("Advanced")}]},
]


async def test_a_submission_carries_every_state_shape(slack: RunningSlack, bot: TinyBot) -> None:
    modal = await opened(slack, modal_view(*FIELDS, private_metadata="m"))
    await modal.fill("name", "train-1")
    await modal.choose("size", "large")
    await modal.choose("extras", "b")
    result = await modal.submit()
    assert result.closed and not modal.is_open
    view = bot.last["view"]
    values = view["state"]["values"]
    assert values["name"]["name"] == {"type": "plain_text_input", "value": "train-1"}
    assert values["size"]["size"] == {"type": "static_select", "selected_option": option("large")}
    assert values["count"]["count"] == {"type": "number_input", "value": "1"}
    assert values["billing"]["billing"]["selected_option"] == option("spot")
    assert values["place"]["place"]["selected_conversation"] == slack.channel_id("gpu")
    assert values["extras"]["extras"]["selected_options"] == [option("b")]
    assert (view["type"], view["callback_id"], view["private_metadata"]) == ("modal", "form", "m")
    assert view["id"] == view["root_view_id"] and view["hash"]
    assert [url["block_id"] for url in bot.last["response_urls"]] == ["place"]


async def test_a_choice_in_a_dispatching_field_is_told_at_once(slack: RunningSlack, bot: TinyBot) -> None:
    modal = await opened(slack, modal_view(*FIELDS))
    await modal.fill("name", "quiet")
    await modal.choose("billing", "ondemand")
    assert bot.payloads == []
    await modal.choose("size", "lar")
    (action,) = bot.last["actions"]
    assert (action["action_id"], action["selected_option"]) == ("size", option("large"))
    assert bot.last["container"] == {"type": "view", "view_id": modal.view.id}
    assert bot.last["view"]["state"]["values"]["name"]["name"]["value"] == "quiet"
    assert "response_url" not in bot.last and "channel" not in bot.last


async def test_a_text_field_is_told_on_enter_only_unless_it_asks_for_more(slack: RunningSlack, bot: TinyBot) -> None:
    eager = text_field("eager", "eager", dispatch_action_config={"trigger_actions_on": ["on_character_entered"]})
    calm = text_field("calm", "calm")
    modal = await opened(slack, modal_view({**eager, "dispatch_action": True}, {**calm, "dispatch_action": True}))
    assert await modal.fill("calm", "a") is None
    assert await modal.fill("calm", "a", enter=True) is not None
    assert await modal.fill("eager", "a") is not None
    assert [payload["actions"][0]["value"] for payload in bot.payloads] == ["a", "a"]


async def test_a_button_in_a_modal_can_be_pressed(slack: RunningSlack, bot: TinyBot) -> None:
    modal = await opened(slack, modal_view(*FIELDS))
    await modal.press("reveal")
    assert bot.last["actions"][0]["action_id"] == "reveal"
    changed = modal_view(text_field("more", "more"))
    await slack.client().views_update(view_id=modal.view.id, hash=bot.last["view"]["hash"], view=changed)
    assert list(modal.fields()) == ["more"]


@pytest.mark.parametrize(
    ("action_id", "text", "complaint"),
    [
        ("name", "", "Please complete this required field."),
        ("count", "", "Please complete this required field."),
        ("count", "two", "Please enter a number."),
        ("count", "1.5", "Please enter a whole number."),
        ("count", "0", "Please enter a number of at least 1."),
        ("count", "9", "Please enter a number of at most 8."),
    ],
)
async def test_slack_itself_refuses_malformed_fields(
    slack: RunningSlack, bot: TinyBot, action_id: str, text: str, complaint: str
) -> None:
    modal = await opened(slack, modal_view(text_field(initial_value="train-1"), FIELDS[2]))
    await modal.fill(action_id, text)
    result = await modal.submit()
    assert (result.outcome, result.errors) == (Outcome.REFUSED, {action_id: complaint})
    assert bot.payloads == [] and complaint in modal.text()


async def test_the_bots_errors_stand_under_their_fields(slack: RunningSlack, bot: TinyBot) -> None:
    modal = await opened(slack, modal_view(text_field("name-1")))
    await modal.fill("name", "bad name")
    bot.answers_json({"response_action": "errors", "errors": {"name-1": "letters only"}})
    result = await modal.submit()
    assert (result.outcome, result.errors) == (Outcome.ERRORS, {"name": "letters only"})
    assert modal.is_open and modal.fields()["name"].error == "letters only"
    await modal.fill("name", "good")
    assert modal.fields()["name"].error == ""


async def test_a_submission_can_update_push_and_clear(slack: RunningSlack, bot: TinyBot) -> None:
    modal = await opened(slack, modal_view(text_field(initial_value="a")))
    before = modal.view.hash
    bot.answers_json({"response_action": "update", "view": modal_view(callback_id="second")})
    assert (await modal.submit()).updated and modal.callback_id == "second" and modal.view.hash != before
    bot.answers_json(
        {"response_action": "push", "view": modal_view(text_field(initial_value="b"), callback_id="third")}
    )
    assert (await modal.submit()).outcome is Outcome.PUSHED
    top = await slack.person("ada").modal("third")
    bot.answers_json({"response_action": "clear"})
    assert (await top.submit()).closed
    assert not top.is_open and not modal.is_open


@pytest.mark.parametrize(
    ("answer", "problem"),
    [
        (web.json_response, "errors must be a non-empty object"),
        (lambda body: web.json_response({**body, "errors": {"size": "x", "other": "y"}}), "not an input block"),
        (lambda body: web.json_response({**body, "errors": {"name": ""}}), "non-empty string"),
        (lambda _: web.Response(text="ok"), "neither empty nor a JSON object"),
        (lambda _: web.json_response({"response_action": "shrug"}), "unknown response_action"),
        (
            lambda _: web.json_response({"response_action": "update", "view": {"type": "modal"}}),
            "missing required field",
        ),
        (lambda _: web.Response(status=500), "answered HTTP 500"),
    ],
)
async def test_a_bad_answer_to_a_submission_is_a_problem(
    slack: RunningSlack, bot: TinyBot, answer: Callable[[Json], web.Response], problem: str
) -> None:
    modal = await opened(slack, modal_view(text_field(initial_value="a")))
    bot.answer = lambda _: answer({"response_action": "errors"})
    assert (await modal.submit()).outcome is Outcome.FAILED
    assert problem in slack.problems[0]
    assert modal.is_open and "trouble connecting" in modal.text()


async def test_a_searching_menu_asks_the_bot(slack: RunningSlack, bot: TinyBot) -> None:
    element = {"type": "external_select", "action_id": "template", "min_query_length": 2}
    field = {"type": "input", "block_id": "template", "label": plain("Template"), "element": element}
    modal = await opened(slack, modal_view(field))
    bot.answer = lambda asked: web.json_response({"options": [option(f"{asked['value']}-{n}") for n in range(2)]})
    assert await modal.search("template", "p") == [] == bot.payloads
    assert await modal.search("template", "pyt") == ["PYT-0", "PYT-1"]
    assert (bot.last["type"], bot.last["action_id"], bot.last["value"]) == ("block_suggestion", "template", "pyt")
    assert "trigger_id" not in bot.last and bot.last["view"]["id"] == modal.view.id
    await modal.choose("template", "pyt-1")
    assert modal.fields()["template"].value == "PYT-1"
    bot.answers_json({"options": [option(str(number)) for number in range(101)]})
    assert await modal.search("template", "all") == []
    assert "no more than 100 items" in slack.problems[0]


async def test_what_is_not_offered_cannot_be_chosen(slack: RunningSlack, bot: TinyBot) -> None:
    modal = await opened(slack, modal_view(*FIELDS))
    for action_id, wanted in (("size", "huge"), ("place", "archived"), ("nothing", "x")):
        with pytest.raises(LookupError):
            await modal.choose(action_id, wanted)
    with pytest.raises(TypeError):
        await modal.choose("name", "x")
    with pytest.raises(TypeError):
        await modal.fill("size", "x")


async def test_a_channel_menu_shows_what_the_person_sees(slack: RunningSlack, bot: TinyBot) -> None:
    modal = await opened(slack, modal_view(FIELDS[4]))
    await modal.choose("place", "#private")
    assert modal.fields()["place"].value == slack.channel_id("private")
    await slack.client().views_open(trigger_id=slack.trigger("bo"), view=modal_view(FIELDS[4]))
    with pytest.raises(LookupError):
        await (await slack.person("bo").modal()).choose("place", "#private")


async def test_the_bot_hears_of_a_closed_view_only_when_it_asked(slack: RunningSlack, bot: TinyBot) -> None:
    assert await (await opened(slack, modal_view())).close() is None
    asked = await opened(slack, modal_view(notify_on_close=True))
    await asked.close(whole_stack=True)
    assert (bot.last["type"], bot.last["is_cleared"]) == ("view_closed", True)


async def test_an_option_is_found_by_value_before_text(slack: RunningSlack, bot: TinyBot) -> None:
    field = menu_field(options=("x-large", "large"))
    modal = await opened(slack, modal_view(field))
    await modal.choose("size", "large")
    assert modal.fields()["size"].value == "LARGE"


async def test_opening_the_home_tab_is_an_event(slack: RunningSlack, bot: TinyBot) -> None:
    ada = slack.person("ada")
    await ada.open_home()
    assert bot.last["type"] == "event_callback" and bot.last["event"]["type"] == "app_home_opened"
    assert bot.last["event"]["user"] == ada.id and bot.last["event_id"].startswith("Ev")
    blocks = [{"type": "actions", "elements": [{"type": "button", "action_id": "create", "text": plain("New")}]}]
    await slack.client().views_publish(user_id=ada.id, view={"type": "home", "blocks": blocks})
    home = ada.home()
    assert home is not None
    await home.press("create")
    assert (bot.last["container"]["type"], bot.last["view"]["type"]) == ("view", "home")


# Signatures


async def test_a_forged_or_stale_request_can_be_sent(slack: RunningSlack, bot: TinyBot) -> None:
    stale = await slack.post({"type": "x"}, Kind.INTERACTIVE, timestamp=int(slack.hands.now) - 301)
    forged = await slack.post({"type": "x"}, Kind.INTERACTIVE, headers={"X-Slack-Signature": "v0=0"})
    assert (stale.status, forged.status, bot.payloads, slack.problems) == (401, 401, [], [])
    body = "command=%2Fgpu"
    headers = slack.signed(body)
    assert SignatureVerifier(slack.signing_secret).is_valid_request(body, headers)
