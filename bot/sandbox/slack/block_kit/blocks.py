"""Block Kit's blocks: what each may carry, and on which surface it may stand (PLATFORM.md, Block Kit, Home tab)."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from bot.sandbox.slack.block_kit.checks import (
    Check,
    Json,
    Problems,
    Shape,
    address,
    anything,
    boolean,
    by_type,
    complain,
    integer,
    items,
    string,
    word,
)
from bot.sandbox.slack.block_kit.elements import (
    ELEMENTS,
    IDENTIFIER,
    IN_ACTIONS,
    IN_CONTEXT_ACTIONS,
    IN_INPUT,
    IN_SECTION,
)
from bot.sandbox.slack.block_kit.rich_text import RICH_TEXT
from bot.sandbox.slack.block_kit.texts import mrkdwn_or_plain, plain_text

MARKDOWN_LIMIT = 12_000


class Surface(StrEnum):
    """Where blocks are shown."""

    MESSAGE = "message"
    MODAL = "modal"
    HOME = "home"


def _block(kind: str, required: dict[str, Check], optional: dict[str, Check] | None = None, *rules: Check) -> Shape:
    return Shape({"type": word(kind), **required}, {"block_id": IDENTIFIER, **(optional or {})}, rules)


def _has_text_or_fields(block: Json, path: str, problems: Problems) -> None:
    if "text" not in block and "fields" not in block:
        complain(problems, path, "must have text or fields")


def _file_input_is_not_dispatched(block: Json, path: str, problems: Problems) -> None:
    if block.get("dispatch_action") and block["element"]["type"] == "file_input":
        complain(problems, path, "dispatch_action is not allowed with file_input")


def _card_has_content(block: Json, path: str, problems: Problems) -> None:
    if not {"hero_image", "title", "actions", "body"} & block.keys():
        complain(problems, path, "must have one of: hero_image, title, actions, body")


def _open(kind: str, required: dict[str, Check], optional: dict[str, Check], *rules: Check) -> Check:
    """A block whose further fields are not published: those named are checked, others are let through."""
    named = {**required, **optional, "block_id": IDENTIFIER}

    def check(value: Any, path: str, problems: Problems) -> None:
        strict = Shape({"type": word(kind), **required}, {**optional, **dict.fromkeys(value, anything), **named}, rules)
        strict(value, path, problems)

    return check


_CONTEXT_TABLE: dict[str, Check] = {
    "image": ELEMENTS["image"],
    "mrkdwn": mrkdwn_or_plain(3000),
    "plain_text": mrkdwn_or_plain(3000),
}
_CELL = by_type(
    {
        "raw_text": Shape({"type": word("raw_text"), "text": string(10_000)}),
        "raw_number": _open("raw_number", {}, {}),
        "rich_text": RICH_TEXT,
    }
)
_CARD = _open(
    "card",
    {},
    {
        "title": mrkdwn_or_plain(150),
        "subtitle": mrkdwn_or_plain(150),
        "body": mrkdwn_or_plain(200),
        "actions": items(by_type(ELEMENTS, {"button"}, "in a card"), 3),
    },
    _card_has_content,
)
_TASK_STATUS = ("in_progress", "complete", "error")


def _task_card(*statuses: str) -> Shape:
    return _block(
        "task_card",
        {"task_id": string(255), "title": string(3000), "status": word(*statuses)},
        {"details": RICH_TEXT, "output": RICH_TEXT, "sources": anything},
    )


BLOCKS: dict[str, Check] = {
    "section": _block(
        "section",
        {},
        {
            "text": mrkdwn_or_plain(3000),
            "fields": items(mrkdwn_or_plain(2000), 10),
            "accessory": by_type(ELEMENTS, IN_SECTION, "in a section"),
            "expand": boolean,
        },
        _has_text_or_fields,
    ),
    "header": _block("header", {"text": plain_text(150)}, {"level": integer(1, 4)}),
    "divider": _block("divider", {}),
    "context": _block("context", {"elements": items(by_type(_CONTEXT_TABLE), 10)}),
    "actions": _block("actions", {"elements": items(by_type(ELEMENTS, IN_ACTIONS, "in an actions block"), 25)}),
    "input": _block(
        "input",
        {"label": plain_text(2000), "element": by_type(ELEMENTS, IN_INPUT, "in an input block")},
        {"hint": plain_text(2000), "optional": boolean, "dispatch_action": boolean},
        _file_input_is_not_dispatched,
    ),
    "context_actions": _block(
        "context_actions",
        {"elements": items(by_type(ELEMENTS, IN_CONTEXT_ACTIONS, "in a context_actions block"), 5)},
    ),
    "image": _block(
        "image",
        {"alt_text": string(2000)},
        {"image_url": address(), "slack_file": anything, "title": plain_text(2000)},
    ),
    "video": _block(
        "video",
        {
            "alt_text": string(2000),
            "video_url": address(),
            "thumbnail_url": address(),
            "title": plain_text(200),
        },
        {
            "title_url": address(),
            "description": plain_text(200),
            "provider_icon_url": address(),
            "provider_name": string(50),
            "author_name": string(50),
        },
    ),
    "rich_text": RICH_TEXT,
    "markdown": _block("markdown", {"text": string(MARKDOWN_LIMIT)}),
    "table": _block("table", {"rows": items(items(_CELL, 20), 100)}, {"column_settings": items(anything, 20)}),
    "data_table": _open(
        "data_table",
        {"caption": string(3000), "rows": items(items(_CELL, 20), 201)},
        {"page_size": integer(1, 100)},
    ),
    "alert": _block(
        "alert",
        {"text": mrkdwn_or_plain(200)},
        {"level": word("default", "info", "warning", "error", "success")},
    ),
    "card": _CARD,
    "carousel": _open("carousel", {"elements": items(_CARD, 10)}, {}),
    "container": _open("container", {}, {}),
    "task_card": _task_card(*_TASK_STATUS),
    "plan": _block("plan", {"title": string(3000)}, {"tasks": items(_task_card("pending", *_TASK_STATUS), 50)}),
    "data_visualization": _open("data_visualization", {}, {}),
}

_IN_VIEWS = frozenset(
    {"actions", "card", "context", "divider", "header", "image", "input", "rich_text", "section", "video"}
)
ON_SURFACE: dict[Surface, frozenset[str]] = {
    Surface.MODAL: _IN_VIEWS | {"alert"},
    Surface.HOME: _IN_VIEWS | {"table", "data_table"},
    Surface.MESSAGE: frozenset(BLOCKS) - {"alert"},
}
BLOCKS_LIMIT = {Surface.MESSAGE: 50, Surface.MODAL: 100, Surface.HOME: 100}
BLOCK_LISTS: dict[Surface, Check] = {
    surface: items(by_type(BLOCKS, ON_SURFACE[surface], f"in a {surface}"), BLOCKS_LIMIT[surface], least=0)
    for surface in Surface
}
