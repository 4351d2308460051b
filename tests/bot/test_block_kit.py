"""Block Kit's rules: what Slack takes passes, and each limit can fail (PLATFORM.md, Modals, Block Kit)."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

import pytest

from bot.sandbox.slack import problems_in_message, problems_in_view
from bot.sandbox.slack.block_kit import problems_in_suggestions

Json = dict[str, Any]


def plain(text: str) -> Json:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> Json:
    return {"type": "mrkdwn", "text": text}


def option(value: str, text: str | None = None) -> Json:
    return {"text": plain(text or value.upper()), "value": value}


def button(action_id: str = "go", **extra: Any) -> Json:
    return {"type": "button", "action_id": action_id, "text": plain("Go"), **extra}


def actions(*elements: Json, **extra: Any) -> Json:
    return {"type": "actions", "elements": list(elements), **extra}


def field(element: Json, block_id: str = "field", **extra: Any) -> Json:
    return {"type": "input", "block_id": block_id, "label": plain("Field"), "element": element, **extra}


def select(**extra: Any) -> Json:
    return {"type": "static_select", "action_id": "pick", "options": [option("a"), option("b")], **extra}


def text_input(**extra: Any) -> Json:
    return {"type": "plain_text_input", "action_id": "typed", **extra}


def number(**extra: Any) -> Json:
    return {"type": "number_input", "action_id": "n", "is_decimal_allowed": False, **extra}


def section(text: str = "hello", **extra: Any) -> Json:
    return {"type": "section", "text": mrkdwn(text), **extra}


def confirm(**extra: Any) -> Json:
    return {"title": plain("Sure?"), "text": plain("Really?"), "confirm": plain("Yes"), "deny": plain("No"), **extra}


def message(*blocks: Json, **extra: Any) -> list[str]:
    return problems_in_message({"text": "words", "blocks": list(blocks), **extra})


def modal(*blocks: Json, **extra: Any) -> list[str]:
    view = {"type": "modal", "title": plain("A modal"), "submit": plain("Create"), "blocks": list(blocks), **extra}
    return problems_in_view({name: value for name, value in view.items() if value is not None})


def home(*blocks: Json) -> list[str]:
    return problems_in_view({"type": "home", "blocks": list(blocks)})


GOOD_MESSAGE = [
    {"type": "header", "text": plain("train-1")},
    section("*running* in <#C1|gpu>", accessory=button("open_link", url="https://example.com/x")),
    {"type": "section", "fields": [mrkdwn("*Region*\nCN-HK-01"), plain("Price")]},
    {
        "type": "context",
        "elements": [mrkdwn("by <@U1>"), {"type": "image", "image_url": "https://a.b/c", "alt_text": "c"}],
    },
    {"type": "divider"},
    actions(
        button("instance:stop", value="abc", style="danger", confirm=confirm()),
        {"type": "overflow", "action_id": "more", "options": [option("logs")]},
        block_id="buttons",
    ),
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_section",
                "elements": [
                    {"type": "text", "text": "bold", "style": {"bold": True}},
                    {"type": "user", "user_id": "U1"},
                ],
            }
        ],
    },
    {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}, {"type": "raw_text", "text": "b"}]]},
]

GOOD_FIELDS = [
    field(text_input(max_length=100, initial_value="train-1", placeholder=plain("name")), "name"),
    field(select(initial_option=option("a")), "product", dispatch_action=True, hint=plain("hint")),
    field(number(min_value="1", max_value="8", initial_value="1"), "gpus"),
    field({"type": "external_select", "action_id": "t", "min_query_length": 0}, "template"),
    field({"type": "radio_buttons", "action_id": "r", "options": [{"text": mrkdwn("*a*"), "value": "a"}]}, "billing"),
    field({"type": "checkboxes", "action_id": "c", "options": [option("a")], "initial_options": [option("a")]}, "box"),
    field(
        {
            "type": "conversations_select",
            "action_id": "channel",
            "default_to_current_conversation": True,
            "filter": {"include": ["public", "private"], "exclude_bot_users": True},
            "response_url_enabled": True,
        },
        "channel",
        optional=True,
    ),
    field({"type": "url_text_input", "action_id": "u"}, "url"),
]


def test_a_message_of_sound_blocks_passes() -> None:
    assert (
        message(*GOOD_MESSAGE, metadata={"event_type": "gpu", "event_payload": {"id": "a", "more": [{"v": 1}]}}) == []
    )


def test_a_modal_of_sound_fields_passes() -> None:
    blocks = [*GOOD_FIELDS, section("≈ $0.36/h"), {"type": "alert", "text": mrkdwn("low stock"), "level": "warning"}]
    extra = {
        "private_metadata": "x" * 3000,
        "callback_id": "c" * 255,
        "close": plain("Cancel"),
        "notify_on_close": True,
    }
    assert modal(*blocks, **extra) == []


def test_a_home_tab_may_hold_inputs_without_submit_and_tables() -> None:
    assert home(GOOD_FIELDS[1], {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}) == []


def test_limits_are_inclusive() -> None:
    full = actions(button("a", value="v" * 2000, text=plain("t" * 75)))
    assert message(section("s" * 3000), {"type": "header", "text": plain("h" * 150)}, full) == []


def test_problems_point_at_the_place_in_slacks_own_words() -> None:
    problems = message(actions(button(text=plain("t" * 76))))
    assert problems == ["must be less than 76 characters [json-pointer:/blocks/0/elements/0/text/text]"]


BAD_MESSAGES: dict[str, Callable[[], list[str]]] = {
    "nothing to show": lambda: problems_in_message({"text": ""}),
    "text over 40,000": lambda: problems_in_message({"text": "x" * 40_001}),
    "blocks that are no list": lambda: problems_in_message({"text": "t", "blocks": {"type": "divider"}}),
    "51 blocks": lambda: message(*[{"type": "divider"}] * 51),
    "13,001 characters of blocks": lambda: message(*[section("x" * 2700) for _ in range(5)]),
    "markdown over 12,000 in sum": lambda: message(*[{"type": "markdown", "text": "x" * 6001}] * 2),
    "two tables": lambda: message(*[{"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}] * 2),
    "a table of 101 rows": lambda: message({"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]] * 101}),
    "a row of 21 cells": lambda: message({"type": "table", "rows": [[{"type": "raw_text", "text": "a"}] * 21]}),
    "an empty cell": lambda: message({"type": "table", "rows": [[{"type": "raw_text", "text": ""}]]}),
    "three charts": lambda: message(*[{"type": "data_visualization", "x": 1}] * 3),
    "an alert in a message": lambda: message({"type": "alert", "text": plain("no")}),
    "an unknown block": lambda: message({"type": "sparkle"}),
    "a block without type": lambda: message({"text": plain("a")}),
    "an unknown element": lambda: message(actions({"type": "lever", "action_id": "a"})),
    "an unknown property": lambda: message({"type": "divider", "colour": "red"}),
    "empty text": lambda: message(section("")),
    "section over 3000": lambda: message(section("x" * 3001)),
    "section without text or fields": lambda: message({"type": "section"}),
    "eleven fields": lambda: message({"type": "section", "fields": [mrkdwn("f")] * 11}),
    "a field over 2000": lambda: message({"type": "section", "fields": [mrkdwn("f" * 2001)]}),
    "no fields": lambda: message({"type": "section", "fields": []}),
    "header in mrkdwn": lambda: message({"type": "header", "text": mrkdwn("h")}),
    "header over 150": lambda: message({"type": "header", "text": plain("h" * 151)}),
    "emoji in mrkdwn": lambda: message({"type": "section", "text": {**mrkdwn("a"), "emoji": True}}),
    "verbatim in plain_text": lambda: message({"type": "section", "text": {**plain("a"), "verbatim": True}}),
    "context of eleven": lambda: message({"type": "context", "elements": [mrkdwn("c")] * 11}),
    "context of none": lambda: message({"type": "context", "elements": []}),
    "a button in context": lambda: message({"type": "context", "elements": [button()]}),
    "actions of 26": lambda: message(actions(*[button(f"a{n}") for n in range(26)])),
    "actions of none": lambda: message(actions()),
    "an action_id twice in a block": lambda: message(actions(button("a"), button("a"))),
    "a block_id twice": lambda: message({"type": "divider", "block_id": "d"}, {"type": "divider", "block_id": "d"}),
    "a block_id over 255": lambda: message({"type": "divider", "block_id": "d" * 256}),
    "an action_id over 255": lambda: message(actions(button("a" * 256))),
    "an empty action_id": lambda: message(actions(button(""))),
    "button text in mrkdwn": lambda: message(actions(button(text=mrkdwn("Go")))),
    "button value over 2000": lambda: message(actions(button(value="v" * 2001))),
    "an empty button value": lambda: message(actions(button(value=""))),
    "button url over 3000": lambda: message(actions(button(url="https://a.b/" + "u" * 3000))),
    "button url without scheme": lambda: message(actions(button(url="example.com"))),
    "button style default": lambda: message(actions(button(style="default"))),
    "confirm title over 100": lambda: message(actions(button(confirm=confirm(title=plain("t" * 101))))),
    "confirm text over 300": lambda: message(actions(button(confirm=confirm(text=plain("t" * 301))))),
    "confirm button over 30": lambda: message(actions(button(confirm=confirm(confirm=plain("t" * 31))))),
    "confirm without deny": lambda: message(actions(button(confirm={"title": plain("t"), "text": plain("x")}))),
    "overflow of six": lambda: message(actions({"type": "overflow", "options": [option(f"{n}") for n in range(6)]})),
    "a text input in actions": lambda: message(actions(text_input())),
    "a text input in a section": lambda: message(section(accessory=text_input())),
    "an image in actions": lambda: message(actions({"type": "image", "image_url": "https://a.b", "alt_text": "c"})),
    "an image without source": lambda: message(section(accessory={"type": "image", "alt_text": "c"})),
    "a task card pending on its own": lambda: message(
        {"type": "task_card", "task_id": "t", "title": "t", "status": "pending"}
    ),
    "a card without content": lambda: message({"type": "card", "subtitle": plain("s")}),
    "metadata without event_type": lambda: message(metadata={"event_payload": {}}),
    "metadata two levels deep": lambda: message(metadata={"event_type": "e", "event_payload": {"a": {"b": {"c": 1}}}}),
}

BAD_VIEWS: dict[str, Callable[[], list[str]]] = {
    "an unknown view type": lambda: problems_in_view({"type": "popup", "blocks": []}),
    "no title": lambda: modal(title=None),
    "title over 24": lambda: modal(title=plain("t" * 25)),
    "title in mrkdwn": lambda: modal(title=mrkdwn("t")),
    "an empty title": lambda: modal(title=plain("")),
    "submit over 24": lambda: modal(submit=plain("s" * 25)),
    "close over 24": lambda: modal(close=plain("c" * 25)),
    "inputs without submit": lambda: modal(GOOD_FIELDS[0], submit=None),
    "101 blocks": lambda: modal(*[{"type": "divider"}] * 101),
    "private_metadata over 3000": lambda: modal(private_metadata="x" * 3001),
    "private_metadata that is no text": lambda: modal(private_metadata={"a": 1}),
    "callback_id over 255": lambda: modal(callback_id="x" * 256),
    "external_id over 255": lambda: modal(external_id="x" * 256),
    "a property of payloads": lambda: modal(hash="156772938.1827394"),
    "a view over 250,000": lambda: modal(*[section(fields=[plain("x" * 2000)] * 10) for _ in range(13)]),
    "a table in a modal": lambda: modal({"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]]}),
    "markdown in a modal": lambda: modal({"type": "markdown", "text": "a"}),
    "an alert over 200": lambda: modal({"type": "alert", "text": plain("a" * 201)}),
    "an alert on a home tab": lambda: home({"type": "alert", "text": plain("a")}),
    "a title on a home tab": lambda: problems_in_view({"type": "home", "title": plain("t"), "blocks": []}),
    "a label over 2000": lambda: modal(field(text_input(), label=plain("l" * 2001))),
    "a hint over 2000": lambda: modal(field(text_input(), hint=plain("l" * 2001))),
    "a label in mrkdwn": lambda: modal(field(text_input(), label=mrkdwn("l"))),
    "a button in an input": lambda: modal(field(button())),
    "an overflow in an input": lambda: modal(field({"type": "overflow", "options": [option("a")]})),
    "a file input that is dispatched": lambda: modal(field({"type": "file_input"}, dispatch_action=True)),
    "a placeholder over 150": lambda: modal(field(text_input(placeholder=plain("p" * 151)))),
    "max_length over 3000": lambda: modal(field(text_input(max_length=3001))),
    "min_length over max_length": lambda: modal(field(text_input(min_length=9, max_length=8))),
    "initial_value over max_length": lambda: modal(field(text_input(max_length=2, initial_value="abc"))),
    "number bounds that are numbers": lambda: modal(field(number(min_value=1))),
    "an initial number that is a number": lambda: modal(field(number(initial_value=1))),
    "number_input without is_decimal_allowed": lambda: modal(field({"type": "number_input", "action_id": "n"})),
    "min_value over max_value": lambda: modal(field(number(min_value="8", max_value="1"))),
    "an initial number out of bounds": lambda: modal(field(number(max_value="8", initial_value="9"))),
    "a decimal where none is allowed": lambda: modal(field(number(initial_value="1.5"))),
    "no options": lambda: modal(field(select(options=[]))),
    "101 options": lambda: modal(field(select(options=[option(str(n)) for n in range(101)]))),
    "101 groups": lambda: modal(
        field({"type": "static_select", "option_groups": [{"label": plain("g"), "options": [option("a")]}] * 101})
    ),
    "options and groups": lambda: modal(field(select(option_groups=[{"label": plain("g"), "options": [option("a")]}]))),
    "neither options nor groups": lambda: modal(field({"type": "static_select", "action_id": "a"})),
    "a group label over 75": lambda: modal(
        field({"type": "static_select", "option_groups": [{"label": plain("g" * 76), "options": [option("a")]}]})
    ),
    "an initial option of another text": lambda: modal(field(select(initial_option=option("a", "other")))),
    "an initial option not offered": lambda: modal(field(select(initial_option=option("z")))),
    "option text over 75": lambda: modal(field(select(options=[option("a", "t" * 76)]))),
    "option value over 150": lambda: modal(field(select(options=[option("v" * 151)]))),
    "an empty option value": lambda: modal(field(select(options=[{"text": plain("a"), "value": ""}]))),
    "option description over 75": lambda: modal(
        field(select(options=[{**option("a"), "description": plain("d" * 76)}]))
    ),
    "option text in mrkdwn in a menu": lambda: modal(field(select(options=[{"text": mrkdwn("a"), "value": "a"}]))),
    "an option url outside overflow": lambda: modal(field(select(options=[{**option("a"), "url": "https://a.b"}]))),
    "eleven radio buttons": lambda: modal(
        field({"type": "radio_buttons", "action_id": "r", "options": [option(str(n)) for n in range(11)]})
    ),
    "eleven checkboxes": lambda: modal(
        field({"type": "checkboxes", "action_id": "r", "options": [option(str(n)) for n in range(11)]})
    ),
    "no initial options in a list": lambda: modal(
        field({"type": "checkboxes", "action_id": "c", "options": [option("a")], "initial_options": []})
    ),
    "an empty filter": lambda: modal(
        field({"type": "conversations_select", "action_id": "c", "filter": {"include": []}})
    ),
    "an unknown conversation type": lambda: modal(
        field({"type": "conversations_select", "action_id": "c", "filter": {"include": ["channels"]}})
    ),
    "an initial conversation by name": lambda: modal(
        field({"type": "conversations_select", "action_id": "c", "initial_conversation": "#gpu"})
    ),
    "response_url_enabled outside an input": lambda: modal(
        actions({"type": "conversations_select", "action_id": "c", "response_url_enabled": True})
    ),
    "two focused elements": lambda: modal(
        field(text_input(focus_on_load=True), "a"), field(text_input(focus_on_load=True), "b")
    ),
    "an unknown dispatch trigger": lambda: modal(
        field(text_input(dispatch_action_config={"trigger_actions_on": ["on_blur"]}))
    ),
}


@pytest.mark.parametrize("name", BAD_MESSAGES)
def test_a_message_is_refused_for(name: str) -> None:
    assert BAD_MESSAGES[name]()


@pytest.mark.parametrize("name", BAD_VIEWS)
def test_a_view_is_refused_for(name: str) -> None:
    assert BAD_VIEWS[name]()


def test_suggestions_may_be_empty_but_not_more_than_100() -> None:
    assert problems_in_suggestions({"options": []}) == []
    assert problems_in_suggestions({"options": [option(str(n)) for n in range(101)]})
    assert problems_in_suggestions(None)
    assert problems_in_suggestions({})


def test_checking_changes_nothing_and_takes_well_under_a_millisecond() -> None:
    payload = {"text": "t", "blocks": GOOD_MESSAGE}
    before = copy.deepcopy(payload)
    best = min(_timed(payload) for _ in range(20))
    assert payload == before
    assert best < 0.001


def _timed(payload: Json) -> float:
    started = time.thread_time()
    problems_in_message(payload)
    return time.thread_time() - started
