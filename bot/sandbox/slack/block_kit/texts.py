"""Block Kit's composition objects: text, option, option group, confirmation, filter (PLATFORM.md, Block Kit)."""

from __future__ import annotations

from typing import Any

from bot.sandbox.slack.block_kit.checks import (
    Check,
    Json,
    Problems,
    Shape,
    address,
    boolean,
    by_type,
    complain,
    items,
    string,
    word,
)

OPTIONS_LIMIT = 100


def plain_text(limit: int = 3000) -> Check:
    """A plain_text object of 1 to `limit` characters."""
    return by_type({"plain_text": _plain(limit), "mrkdwn": _mrkdwn(limit)}, ["plain_text"], "here, only plain_text is")


def mrkdwn_or_plain(limit: int = 3000) -> Check:
    """A text object of either type, of 1 to `limit` characters."""
    return by_type({"plain_text": _plain(limit), "mrkdwn": _mrkdwn(limit)})


def _plain(limit: int) -> Check:
    return Shape({"type": word("plain_text"), "text": string(limit)}, {"emoji": boolean})


def _mrkdwn(limit: int) -> Check:
    return Shape({"type": word("mrkdwn"), "text": string(limit)}, {"verbatim": boolean})


def _option(text: Check, description: Check, extra: dict[str, Check] | None = None) -> Check:
    return Shape({"text": text, "value": string(150)}, {"description": description, **(extra or {})})


MENU_OPTION = _option(plain_text(75), plain_text(75))
OVERFLOW_OPTION = _option(plain_text(75), plain_text(75), {"url": address()})
CHOICE_OPTION = _option(mrkdwn_or_plain(75), mrkdwn_or_plain(75))
"""Radio buttons and checkboxes may use mrkdwn; menus may not."""

OPTION_GROUP = Shape({"label": plain_text(75), "options": items(MENU_OPTION, OPTIONS_LIMIT)})
STYLE = word("primary", "danger")
PLACEHOLDER = plain_text(150)

CONFIRM = Shape(
    {
        "title": plain_text(100),
        "text": mrkdwn_or_plain(300),
        "confirm": plain_text(30),
        "deny": plain_text(30),
    },
    {"style": STYLE},
)

DISPATCH_CONFIG = Shape({"trigger_actions_on": items(word("on_enter_pressed", "on_character_entered"), 2)})

CONVERSATION_FILTER = Shape(
    {},
    {
        "include": items(word("im", "mpim", "private", "public"), 4),
        "exclude_bot_users": boolean,
        "exclude_external_shared_channels": boolean,
    },
)

SUGGESTIONS = Shape(
    {}, {"options": items(MENU_OPTION, OPTIONS_LIMIT, 0), "option_groups": items(OPTION_GROUP, OPTIONS_LIMIT, 0)}
)
"""What a block_suggestion may be answered with; an empty list is fine (PLATFORM.md, Block Kit)."""


def offered_options(element: Json) -> list[Json]:
    """Every option an element offers, groups flattened."""
    groups = element.get("option_groups") or []
    return list(element.get("options") or []) + [option for group in groups for option in group.get("options") or []]


def options_or_groups(element: Json, path: str, problems: Problems) -> None:
    if ("options" in element) == ("option_groups" in element):
        complain(problems, path, "must have exactly one of: options, option_groups")


def initial_is_offered(element: Json, path: str, problems: Problems) -> None:
    """An initial option must equal one of the options in every field, or Slack refuses the whole payload
    (PLATFORM.md, Block Kit).
    """
    offered = offered_options(element)
    chosen: list[Any] = list(element.get("initial_options") or [])
    if "initial_option" in element:
        chosen.append(element["initial_option"])
    for option in chosen:
        if option not in offered:
            complain(problems, path, f"initial option {option.get('value')!r} must exactly match a provided option")
