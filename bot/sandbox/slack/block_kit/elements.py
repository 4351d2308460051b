"""Block Kit's elements: what each may carry, and in which block it may stand (PLATFORM.md, Block Kit)."""

from __future__ import annotations

from decimal import Decimal

from bot.sandbox.slack.block_kit.checks import (
    Check,
    Json,
    Problems,
    Shape,
    address,
    anything,
    boolean,
    complain,
    integer,
    items,
    number_text,
    pattern,
    string,
    word,
)
from bot.sandbox.slack.block_kit.texts import (
    CHOICE_OPTION,
    CONFIRM,
    CONVERSATION_FILTER,
    DISPATCH_CONFIG,
    MENU_OPTION,
    OPTION_GROUP,
    OPTIONS_LIMIT,
    OVERFLOW_OPTION,
    PLACEHOLDER,
    STYLE,
    initial_is_offered,
    options_or_groups,
    plain_text,
)

IDENTIFIER = string(255)
SLACK_ID = pattern(r"[A-Z][A-Z0-9]{2,}", "a Slack id")


def _bounds_make_sense(element: Json, path: str, problems: Problems) -> None:
    low, high = element.get("min_length", 0), element.get("max_length", 3000)
    if low > high:
        complain(problems, path, "min_length must not be greater than max_length")
    if "initial_value" in element and len(element["initial_value"]) > high:
        complain(problems, f"{path}/initial_value", f"must be less than {high + 1} characters")


def _numbers_make_sense(element: Json, path: str, problems: Problems) -> None:
    names = ("min_value", "initial_value", "max_value")
    present = [(name, Decimal(element[name])) for name in names if name in element]
    if [number for _, number in present] != sorted(number for _, number in present):
        complain(problems, path, "min_value <= initial_value <= max_value must hold")
    if not element["is_decimal_allowed"] and any(number % 1 for _, number in present):
        complain(problems, path, "decimals are not allowed when is_decimal_allowed is false")


def _has_image_source(element: Json, path: str, problems: Problems) -> None:
    if ("image_url" in element) == ("slack_file" in element):
        complain(problems, path, "must have exactly one of: image_url, slack_file")


def _element(kind: str, required: dict[str, Check], optional: dict[str, Check], *rules: Check) -> Shape:
    return Shape({"type": word(kind), **required}, {"action_id": IDENTIFIER, **optional}, rules)


_FOCUS: dict[str, Check] = {"focus_on_load": boolean}
_MENU: dict[str, Check] = {**_FOCUS, "placeholder": PLACEHOLDER, "confirm": CONFIRM}
_MULTI: dict[str, Check] = {**_MENU, "max_selected_items": integer(1, 1000)}
_LISTS: dict[str, Check] = {
    "options": items(MENU_OPTION, OPTIONS_LIMIT),
    "option_groups": items(OPTION_GROUP, OPTIONS_LIMIT),
}
_QUERY: dict[str, Check] = {"min_query_length": integer(0, 1000)}
_TYPED: dict[str, Check] = {**_FOCUS, "placeholder": PLACEHOLDER, "dispatch_action_config": DISPATCH_CONFIG}
_ONE: dict[str, Check] = {"initial_option": MENU_OPTION}
_MANY: dict[str, Check] = {"initial_options": items(MENU_OPTION, OPTIONS_LIMIT)}
_CONVERSATIONS: dict[str, Check] = {"default_to_current_conversation": boolean, "filter": CONVERSATION_FILTER}
_RESPONSE_URL: dict[str, Check] = {"response_url_enabled": boolean}
_IMAGE: dict[str, Check] = {"image_url": address(), "slack_file": anything}

ELEMENTS: dict[str, Check] = {
    "button": _element(
        "button",
        {"text": plain_text(75)},
        {
            "url": address(),
            "value": string(2000),
            "style": STYLE,
            "confirm": CONFIRM,
            "accessibility_label": string(75),
        },
    ),
    "overflow": _element("overflow", {"options": items(OVERFLOW_OPTION, 5)}, {"confirm": CONFIRM}),
    "static_select": _element("static_select", {}, {**_MENU, **_LISTS, **_ONE}, options_or_groups, initial_is_offered),
    "multi_static_select": _element(
        "multi_static_select", {}, {**_MULTI, **_LISTS, **_MANY}, options_or_groups, initial_is_offered
    ),
    "external_select": _element("external_select", {}, {**_MENU, **_QUERY, **_ONE}),
    "multi_external_select": _element("multi_external_select", {}, {**_MULTI, **_QUERY, **_MANY}),
    "users_select": _element("users_select", {}, {**_MENU, "initial_user": SLACK_ID}),
    "multi_users_select": _element("multi_users_select", {}, {**_MULTI, "initial_users": items(SLACK_ID, 100)}),
    "conversations_select": _element(
        "conversations_select", {}, {**_MENU, **_CONVERSATIONS, **_RESPONSE_URL, "initial_conversation": SLACK_ID}
    ),
    "multi_conversations_select": _element(
        "multi_conversations_select",
        {},
        {**_MULTI, **_CONVERSATIONS, "initial_conversations": items(SLACK_ID, 100)},
    ),
    "channels_select": _element("channels_select", {}, {**_MENU, **_RESPONSE_URL, "initial_channel": SLACK_ID}),
    "multi_channels_select": _element(
        "multi_channels_select", {}, {**_MULTI, "initial_channels": items(SLACK_ID, 100)}
    ),
    "radio_buttons": _element(
        "radio_buttons",
        {"options": items(CHOICE_OPTION, 10)},
        {**_FOCUS, "confirm": CONFIRM, "initial_option": CHOICE_OPTION},
        initial_is_offered,
    ),
    "checkboxes": _element(
        "checkboxes",
        {"options": items(CHOICE_OPTION, 10)},
        {**_FOCUS, "confirm": CONFIRM, "initial_options": items(CHOICE_OPTION, 10)},
        initial_is_offered,
    ),
    "datepicker": _element(
        "datepicker", {}, {**_MENU, "initial_date": pattern(r"\d{4}-\d\d-\d\d", "a date like 2026-11-23")}
    ),
    "timepicker": _element(
        "timepicker",
        {},
        {**_MENU, "initial_time": pattern(r"\d\d:\d\d", "a time like 18:30"), "timezone": string(100)},
    ),
    "datetimepicker": _element(
        "datetimepicker",
        {},
        {**_FOCUS, "confirm": CONFIRM, "initial_date_time": integer(1_000_000_000, 9_999_999_999)},
    ),
    "plain_text_input": _element(
        "plain_text_input",
        {},
        {
            **_TYPED,
            "initial_value": string(3000, 0),
            "multiline": boolean,
            "min_length": integer(0, 3000),
            "max_length": integer(1, 3000),
        },
        _bounds_make_sense,
    ),
    "number_input": _element(
        "number_input",
        {"is_decimal_allowed": boolean},
        {**_TYPED, "initial_value": number_text, "min_value": number_text, "max_value": number_text},
        _numbers_make_sense,
    ),
    "url_text_input": _element("url_text_input", {}, {**_TYPED, "initial_value": string(3000, 0)}),
    "email_text_input": _element("email_text_input", {}, {**_TYPED, "initial_value": string(3000, 0)}),
    "rich_text_input": _element("rich_text_input", {}, {**_TYPED, "initial_value": anything}),
    "file_input": _element("file_input", {}, {"filetypes": items(string(100), 100), "max_files": integer(1, 10)}),
    "feedback_buttons": _element("feedback_buttons", {"positive_button": anything, "negative_button": anything}, {}),
    "icon_button": _element(
        "icon_button",
        {"icon": string(100), "text": plain_text(75)},
        {"value": string(2000), "confirm": CONFIRM, "accessibility_label": string(75), "visible_to_user_ids": anything},
    ),
    "image": Shape({"type": word("image"), "alt_text": string(2000)}, _IMAGE, (_has_image_source,)),
}

_MENUS = frozenset(name for name in ELEMENTS if name.endswith("_select"))
_CHOICES = frozenset({"radio_buttons", "checkboxes"})
_PICKERS = frozenset({"datepicker", "timepicker"})
_WRITTEN = frozenset(
    {"plain_text_input", "number_input", "url_text_input", "email_text_input", "rich_text_input", "file_input"}
)

IN_SECTION = _MENUS | _CHOICES | _PICKERS | {"button", "overflow", "image"}
IN_ACTIONS = _MENUS | _CHOICES | _PICKERS | {"button", "overflow", "datetimepicker"}
IN_INPUT = _MENUS | _CHOICES | _PICKERS | _WRITTEN | {"datetimepicker"}
IN_CONTEXT_ACTIONS = frozenset({"feedback_buttons", "icon_button"})
