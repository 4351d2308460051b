"""What a person can do with one element, and what Slack's client refuses before it sends anything
(PLATFORM.md, Modals, Block Kit).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import Any

from bot.sandbox.slack.block_kit.texts import offered_options
from bot.sandbox.slack.forms import SLOTS, WRITTEN, is_empty
from bot.sandbox.slack.workspace import Channel, Member, Workspace

Json = dict[str, Any]
REQUIRED = "Please complete this required field."
_URL = re.compile(r"^https?://[^\s/.]+(\.[^\s/.]+)*(:\d+)?(/\S*)?$")
_EMAIL = re.compile(r"^[^@\s]+@[^@\s]+\.[^@\s]+$")


def pick(options: list[Json], wanted: str) -> Json:
    """The option with exactly this value, or this text, or else the first whose text contains it.

    Raises LookupError.
    """
    tests: list[Callable[[Json], bool]] = [
        lambda option: option.get("value") == wanted,
        lambda option: option["text"]["text"] == wanted,
        lambda option: wanted.lower() in option["text"]["text"].lower(),
    ]
    for test in tests:
        for option in options:
            if test(option):
                return option
    raise LookupError(f"no option {wanted!r} among {[option['text']['text'] for option in options]}")


def written(element: Json, text: str) -> Json:
    """The state of a text field after typing. Raises TypeError for elements nobody can type into."""
    if element["type"] not in WRITTEN:
        raise TypeError(f"{element['action_id']} is a {element['type']}: choose from it")
    return {"type": element["type"], "value": text or None}


def chosen(workspace: Workspace, member: Member, element: Json, wanted: str, before: Json, options: list[Json]) -> Json:
    """The state of an element after choosing.

    Raises LookupError when that is not offered, TypeError for text fields.
    """
    kind = element["type"]
    if kind in WRITTEN or kind not in SLOTS:
        raise TypeError(f"{element.get('action_id')} is a {kind}: nothing can be chosen from it")
    value = _value(workspace, member, element, wanted, options)
    slot = SLOTS[kind]
    if isinstance(slot.empty, list):
        value = _toggled(before.get(slot.key) or [], value)
    return {"type": kind, slot.key: value}


def _value(workspace: Workspace, member: Member, element: Json, wanted: str, options: list[Json]) -> Any:
    kind = element["type"].removeprefix("multi_")
    if kind in ("conversations_select", "channels_select"):
        return visible_conversation(workspace, member, element, wanted).id
    if kind == "users_select":
        return workspace.member(wanted).id
    if kind in ("datepicker", "timepicker"):
        return wanted
    if kind == "datetimepicker":
        return int(wanted)
    return pick(options or offered_options(element), wanted)


def _toggled(chosen_before: list[Any], value: Any) -> list[Any]:
    """A second click takes a choice back."""
    rest = [each for each in chosen_before if each != value]
    return rest if len(rest) < len(chosen_before) else [*rest, value]


def visible_conversation(workspace: Workspace, member: Member, element: Json, wanted: str) -> Channel:
    """The conversation a person means, if the menu shows it to them: it lists what they see, not where the
    bot can post.
    """
    channel = workspace.channel(wanted)
    included = element.get("filter", {}).get("include", ["im", "mpim", "private", "public"])
    kind = "im" if channel.person else "private" if channel.is_private else "public"
    if kind not in included or (kind != "public" and member.id not in channel.members) or channel.is_archived:
        raise LookupError(f"{wanted!r} is not in the menu of {element['action_id']}")
    return channel


def complaint(block: Json, element: Json, value: Json) -> str | None:
    """What Slack's client writes under a field on Submit, without asking the bot;

    None when the field may be sent.
    """
    if is_empty(value):
        return None if block.get("optional") else REQUIRED
    check = _CHECKS.get(element["type"])
    return check(element, str(value.get("value"))) if check else None


def _text_complaint(element: Json, text: str) -> str | None:
    if len(text) < element.get("min_length", 0):
        return f"Please enter at least {element['min_length']} characters."
    if len(text) > element.get("max_length", 3000):
        return f"Please enter at most {element.get('max_length', 3000)} characters."
    return None


def _number_complaint(element: Json, text: str) -> str | None:
    try:
        number = Decimal(text)
    except InvalidOperation:
        return "Please enter a number."
    if number % 1 and not element["is_decimal_allowed"]:
        return "Please enter a whole number."
    if "min_value" in element and number < Decimal(element["min_value"]):
        return f"Please enter a number of at least {element['min_value']}."
    if "max_value" in element and number > Decimal(element["max_value"]):
        return f"Please enter a number of at most {element['max_value']}."
    return None


_CHECKS: dict[str, Callable[[Json, str], str | None]] = {
    "plain_text_input": _text_complaint,
    "number_input": _number_complaint,
    "url_text_input": lambda _, text: None if _URL.match(text) else "Please enter a valid URL.",
    "email_text_input": lambda _, text: None if _EMAIL.match(text) else "Please enter a valid email address.",
}
