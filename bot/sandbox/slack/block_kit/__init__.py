"""What Slack would refuse in a message or a view, found without Slack: limits, surfaces, placement, uniqueness.

Source of the rules: PLATFORM.md, Modals, Block Kit, Messages. Where two sources differ the stricter one holds, so what
passes here passes there.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from bot.sandbox.slack.block_kit.blocks import BLOCK_LISTS, BLOCKS_LIMIT, MARKDOWN_LIMIT, Surface
from bot.sandbox.slack.block_kit.checks import Check, Json, Problems, Shape, anything, boolean, complain, string, word
from bot.sandbox.slack.block_kit.texts import SUGGESTIONS, options_or_groups, plain_text

__all__ = [
    "BLOCKS_LIMIT",
    "Surface",
    "elements_of",
    "problems_in_blocks",
    "problems_in_message",
    "problems_in_metadata",
    "problems_in_suggestions",
    "problems_in_view",
]

TEXT_LIMIT = 40_000
MESSAGE_BLOCKS_SIZE = 13_000
"""Characters of compact JSON: the walked text alone undercounts what Slack counts (PLATFORM.md, Block Kit).
"""
VIEW_SIZE = 250_000
TABLE_LIMIT, CHART_LIMIT = 1, 2

_VIEW_FIELDS: dict[str, Check] = {
    "private_metadata": string(3000, 0),
    "callback_id": string(255),
    "external_id": string(255, 0),
    "blocks": anything,
}
_MODAL = Shape(
    {"type": word("modal"), "title": plain_text(24), "blocks": anything},
    {
        **_VIEW_FIELDS,
        "submit": plain_text(24),
        "close": plain_text(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_HOME = Shape({"type": word("home"), "blocks": anything}, _VIEW_FIELDS)


def elements_of(block: Json) -> list[Json]:
    """The interactive elements of a block: of actions, a section's accessory, an input's element."""
    if block.get("type") == "section":
        return [block["accessory"]] if "accessory" in block else []
    if block.get("type") == "input":
        return [block["element"]]
    return list(block["elements"]) if block.get("type") in ("actions", "context_actions") else []


def problems_in_message(payload: Json) -> list[str]:
    """What Slack would refuse in the text, blocks and metadata of a message, with a JSON pointer each."""
    problems: Problems = []
    text = payload.get("text")
    if text is not None:
        string(TEXT_LIMIT, 0)(text, "/text", problems)
    if payload.get("blocks") is not None:
        problems += problems_in_blocks(payload["blocks"], Surface.MESSAGE)
    if not text and not payload.get("blocks"):
        complain(problems, "/text", "no_text: a message needs text or blocks")
    return problems + problems_in_metadata(payload.get("metadata"))


def problems_in_view(view: Json) -> list[str]:
    """What Slack would refuse in a modal or a home tab, with a JSON pointer each."""
    problems: Problems = []
    if not isinstance(view, dict) or view.get("type") not in ("modal", "home"):
        return ["unsupported type: a view is a modal or a home [json-pointer:/view/type]"]
    is_modal = view["type"] == "modal"
    (_MODAL if is_modal else _HOME)(view, "/view", problems)
    blocks = view.get("blocks")
    problems += problems_in_blocks(blocks, Surface(view["type"]), "/view/blocks")
    if not problems:
        problems += _problems_in_whole_view(view, is_modal)
    return problems


def _problems_in_whole_view(view: Json, is_modal: bool) -> list[str]:
    problems: Problems = []
    inputs = [block for block in view["blocks"] if block["type"] == "input"]
    if is_modal and inputs and "submit" not in view:
        complain(problems, "/view", "missing required field: submit (the view has inputs)")
    if sum(bool(element.get("focus_on_load")) for block in view["blocks"] for element in elements_of(block)) > 1:
        complain(problems, "/view", "only one element may have focus_on_load")
    for block in view["blocks"]:
        for element in elements_of(block):
            if element.get("response_url_enabled") and not (is_modal and block["type"] == "input"):
                complain(problems, "/view", "response_url_enabled is only allowed in input blocks of modals")
    if _size(view) > VIEW_SIZE:
        complain(problems, "/view", f"view_too_large: more than {VIEW_SIZE} characters")
    return problems


def problems_in_blocks(blocks: Any, surface: Surface, path: str = "/blocks") -> list[str]:
    """What Slack would refuse in a list of blocks on a surface."""
    problems: Problems = []
    BLOCK_LISTS[surface](blocks, path, problems)
    if not problems:
        problems += _repeated_ids(blocks, path)
        if surface is Surface.MESSAGE:
            problems += _problems_in_sums(blocks, path)
    return problems


def _repeated_ids(blocks: list[Json], path: str) -> Iterator[str]:
    seen: set[str] = set()
    for index, block in enumerate(blocks):
        block_id = block.get("block_id")
        if block_id in seen:
            yield f"block_id {block_id!r} already exists [json-pointer:{path}/{index}/block_id]"
        if block_id is not None:
            seen.add(block_id)
        actions = [element["action_id"] for element in elements_of(block) if "action_id" in element]
        if len(actions) != len(set(actions)):
            yield f"action_id must be unique within a block [json-pointer:{path}/{index}]"


def _problems_in_sums(blocks: list[Json], path: str) -> Iterator[str]:
    """Limits over all blocks of one message."""
    kinds = [block["type"] for block in blocks]
    if kinds.count("table") > TABLE_LIMIT:
        yield f"only one table is allowed [json-pointer:{path}]"
    if kinds.count("data_visualization") > CHART_LIMIT:
        yield f"no more than {CHART_LIMIT} data_visualization blocks are allowed [json-pointer:{path}]"
    if sum(len(block["text"]) for block in blocks if block["type"] == "markdown") > MARKDOWN_LIMIT:
        yield f"markdown blocks must be less than {MARKDOWN_LIMIT + 1} characters in total [json-pointer:{path}]"
    if _size(blocks) > MESSAGE_BLOCKS_SIZE:
        yield f"msg_blocks_too_long: more than {MESSAGE_BLOCKS_SIZE} characters [json-pointer:{path}]"


def problems_in_metadata(metadata: Any) -> list[str]:
    """Metadata is an event_type and a payload of plain values, one level of object, or lists of objects
    (PLATFORM.md, Metadata).
    """
    problems: Problems = []
    if metadata is None or metadata == {}:
        return problems
    Shape({"event_type": string(255), "event_payload": anything})(metadata, "/metadata", problems)
    payload = metadata.get("event_payload") if isinstance(metadata, dict) else None
    if not problems and not isinstance(payload, dict):
        complain(problems, "/metadata/event_payload", "must be an object")
    for name, value in payload.items() if isinstance(payload, dict) else ():
        if not _is_metadata_value(value):
            complain(
                problems, f"/metadata/event_payload/{name}", "must be plain, one level of object, or a list of objects"
            )
    return problems


def _is_metadata_value(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, dict) and _is_flat(item) for item in value)
    return _is_flat(value) if isinstance(value, dict) else isinstance(value, str | int | float)


def _is_flat(value: Json) -> bool:
    return all(isinstance(item, str | int | float) for item in value.values())


def problems_in_suggestions(answer: Any) -> list[str]:
    """What Slack would refuse in the answer to a block_suggestion."""
    problems: Problems = []
    SUGGESTIONS(answer, "", problems)
    if not problems:
        options_or_groups(answer, "", problems)
    return problems


def _size(value: Any) -> int:
    return len(json.dumps(value, ensure_ascii=False, separators=(",", ":")))
