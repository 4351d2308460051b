"""How Slack keeps what people enter: the state shape of each element, and what survives when a view changes
(PLATFORM.md, Modals).
"""

from __future__ import annotations

import secrets
from collections.abc import Iterator
from typing import Any, NamedTuple

from bot.sandbox.slack.block_kit import elements_of

Json = dict[str, Any]
State = dict[str, dict[str, Json]]
"""block_id -> action_id -> value, as in `view.state.values`."""


class Slot(NamedTuple):
    """Where an element's value sits in the state, which field of the element gives its first value, and what
    empty is.
    """

    key: str
    initial: str
    empty: Any = None


_TEXT = Slot("value", "initial_value")
_OPTION = Slot("selected_option", "initial_option")
_OPTIONS = Slot("selected_options", "initial_options", [])

SLOTS: dict[str, Slot] = {
    "plain_text_input": _TEXT,
    "number_input": _TEXT,
    "url_text_input": _TEXT,
    "email_text_input": _TEXT,
    "static_select": _OPTION,
    "external_select": _OPTION,
    "radio_buttons": _OPTION,
    "multi_static_select": _OPTIONS,
    "multi_external_select": _OPTIONS,
    "checkboxes": _OPTIONS,
    "conversations_select": Slot("selected_conversation", "initial_conversation"),
    "multi_conversations_select": Slot("selected_conversations", "initial_conversations", []),
    "channels_select": Slot("selected_channel", "initial_channel"),
    "multi_channels_select": Slot("selected_channels", "initial_channels", []),
    "users_select": Slot("selected_user", "initial_user"),
    "multi_users_select": Slot("selected_users", "initial_users", []),
    "datepicker": Slot("selected_date", "initial_date"),
    "timepicker": Slot("selected_time", "initial_time"),
    "datetimepicker": Slot("selected_date_time", "initial_date_time"),
    "rich_text_input": Slot("rich_text_value", "initial_value"),
    "file_input": Slot("files", "", []),
}
WRITTEN = frozenset(kind for kind, slot in SLOTS.items() if slot is _TEXT)


def with_ids(blocks: list[Json]) -> list[Json]:
    """The blocks as Slack stores them: those without block_id, and elements without action_id, get random
    ones.
    """
    return [_with_ids(block) for block in blocks]


def _with_ids(block: Json) -> Json:
    stored = {"block_id": _random_id(), **block}
    if stored["type"] == "section" and "accessory" in stored:
        stored["accessory"] = _with_action_id(stored["accessory"])
    elif stored["type"] == "input":
        stored["element"] = _with_action_id(stored["element"])
    elif stored["type"] == "actions":
        stored["elements"] = [_with_action_id(element) for element in stored["elements"]]
    return stored


def _with_action_id(element: Json) -> Json:
    return element if element["type"] == "image" else {"action_id": _random_id(), **element}


def _random_id() -> str:
    return secrets.token_urlsafe(4)


def elements_in(blocks: list[Json]) -> Iterator[tuple[Json, Json]]:
    """Each interactive element with the block it stands in."""
    for block in blocks:
        for element in elements_of(block):
            if "action_id" in element:
                yield block, element


def initial_state(blocks: list[Json], current_channel: str | None = None) -> State:
    """What the state holds before anybody touched anything.

    `current_channel` is where the person was, if that is known.
    """
    state: State = {}
    for block, element in elements_in(blocks):
        if element["type"] in SLOTS:
            state.setdefault(block["block_id"], {})[element["action_id"]] = _initial(element, current_channel)
    return state


def _initial(element: Json, current_channel: str | None) -> Json:
    slot = SLOTS[element["type"]]
    value = element.get(slot.initial, slot.empty)
    if value is None and element.get("default_to_current_conversation") and _is_offered(element, current_channel):
        value = current_channel
    # Slack reports an emptied or never-filled text field as null, never as "".
    return {"type": element["type"], slot.key: None if value == "" else value}


def _is_offered(element: Json, channel: str | None) -> bool:
    """Direct messages are left out when the filter does not include them; then nothing is preselected
    (PLATFORM.md, Block Kit).
    """
    included = element.get("filter", {}).get("include")
    return channel is not None and not (channel.startswith("D") and included and "im" not in included)


def carried_over(typed: State, blocks: list[Json], current_channel: str | None = None) -> State:
    """The state after a view's blocks changed: same block_id and action_id keep their value, whatever
    initial_* says now.
    """
    state = initial_state(blocks, current_channel)
    for block_id, actions in state.items():
        for action_id, fresh in actions.items():
            kept = typed.get(block_id, {}).get(action_id)
            if kept is not None and kept["type"] == fresh["type"]:
                actions[action_id] = kept
    return state


def is_empty(value: Json) -> bool:
    """Whether a state value is what an untouched element without initial value has."""
    slot = SLOTS[value["type"]]
    return value.get(slot.key) in (None, "", [])
