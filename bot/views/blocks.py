"""A small Block Kit vocabulary: plain dicts, clipped to Slack's limits (PLATFORM.md, Modals, Block Kit).

Plain dicts and not slack_sdk's models: a modal is drawn within Slack's three seconds, often by many people at once,
and the models cost fifty times as much while checking less.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.slack.ids import View
from bot.views.text import Block, esc, mrkdwn, plain
from core.domain.clip import clip

OPTIONS_LIMIT = 100
OPTION_TEXT_LIMIT = 75
OPTION_VALUE_LIMIT = 150
METADATA_LIMIT = 3000

Option = Block

WEB_ADDRESS = re.compile(r"https?://[^\s\x00-\x1f\x7f]{1,2900}")


@dataclass(frozen=True, slots=True)
class Message:
    """What chat.postMessage and chat.update take: `text` is for notifications and screen readers."""

    text: str
    blocks: list[Block]


def notice(sentence: str) -> Message:
    """A message of one plain sentence, which may hold outside strings."""
    return Message(esc(sentence, 600), [section(esc(sentence, 600))])


def section(text: str, block_id: str | None = None, *, accessory: Block | None = None) -> Block:
    """A paragraph, with a button on its right if there is an `accessory`."""
    block = _with_id({"type": "section", "text": mrkdwn(text)}, block_id)
    return block | ({"accessory": accessory} if accessory else {})


def header(text: str) -> Block:
    return {"type": "header", "text": plain(text, 150)}


def divider() -> Block:
    return {"type": "divider"}


def exact(parts: Sequence[tuple[str, str]]) -> Block:
    """Label and value, one pair a line, each value to the letter: no markup is read in it, and nothing is cut.

    A value that is a web address becomes a link, any other stands in a code span.
    """
    runs: list[Block] = []
    for number, (label, value) in enumerate(parts):
        runs.append({"type": "text", "text": f"{chr(10) if number else ''}{label}: "})
        runs.append(_exactly(value))
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": runs}]}


def quote(text: str) -> Block:
    """Outside words set apart, line by line as they are: no markup is read in them."""
    line = {"type": "rich_text_quote", "elements": [{"type": "text", "text": text or "–"}]}
    return {"type": "rich_text", "elements": [line]}


def _exactly(value: str) -> Block:
    if WEB_ADDRESS.fullmatch(value):
        return {"type": "link", "url": value, "text": value}
    return {"type": "text", "text": value, "style": {"code": True}}


def fields(pairs: Mapping[str, str]) -> Block:
    """Label and value side by side, at most ten; the values are mrkdwn."""
    shown = [mrkdwn(f"*{label}*\n{value}", 2000) for label, value in pairs.items()][:10]
    return {"type": "section", "fields": shown}


def context(*texts: str) -> Block:
    return {"type": "context", "elements": [mrkdwn(text) for text in texts[:10]]}


def actions(*elements: Block, block_id: str | None = None) -> Block:
    return _with_id({"type": "actions", "elements": list(elements[:25])}, block_id)


def input_(
    action_id: str,
    label: str,
    element: Block,
    *,
    block_id: str = "",
    hint: str = "",
    optional: bool = False,
) -> Block:
    """An input block; `block_id` starts with the action_id."""
    block: Block = {
        "type": "input",
        "block_id": block_id or str(action_id),
        "label": plain(label, 2000),
        "element": {**element, "action_id": str(action_id)},
        "optional": optional,
    }
    if hint:
        block["hint"] = plain(hint, 2000)
    return block


def option(text: str, value: str) -> Option:
    """One choice. The caller sees to it that `value` has 1 to 150 characters: a cut value would be another value."""
    return {"text": plain(text, OPTION_TEXT_LIMIT), "value": value}


def static_select(options: Sequence[Option], initial: Option | None, placeholder: str = "Choose") -> Block:
    return _initially(
        {
            "type": "static_select",
            "placeholder": plain(placeholder, 150),
            "options": list(options[:OPTIONS_LIMIT]),
        },
        "initial_option",
        initial,
    )


def external_select(initial: Option | None, placeholder: str) -> Block:
    """A select whose options Slack asks for, from the first letter or none."""
    element = {"type": "external_select", "placeholder": plain(placeholder, 150), "min_query_length": 0}
    return _initially(element, "initial_option", initial)


def radio(options: Sequence[Option], initial: Option | None) -> Block:
    return _initially({"type": "radio_buttons", "options": list(options[:10])}, "initial_option", initial)


def number_input(low: int, high: int, initial: int) -> Block:
    """Whole numbers; Slack wants its bounds as text. Where choices are reported, each digit is."""
    return {
        "type": "number_input",
        "dispatch_action_config": {"trigger_actions_on": ["on_character_entered"]},
        "is_decimal_allowed": False,
        "min_value": str(low),
        "max_value": str(high),
        "initial_value": str(initial),
    }


def plain_text_input(
    initial: str | None = None, *, max_length: int = 3000, placeholder: str = "", multiline: bool = False
) -> Block:
    element: Block = {"type": "plain_text_input", "max_length": max_length, "multiline": multiline}
    if placeholder:
        element["placeholder"] = plain(placeholder, 150)
    return _initially(element, "initial_value", initial)


def url_input(initial: str | None, placeholder: str) -> Block:
    element = {"type": "url_text_input", "placeholder": plain(placeholder, 150)}
    return _initially(element, "initial_value", initial)


def conversations_select(initial: str | None) -> Block:
    """Public and private channels that the person sees; the bot may not be in them."""
    element: Block = {
        "type": "conversations_select",
        "placeholder": plain("Choose a channel", 150),
        "filter": {"include": ["public", "private"], "exclude_bot_users": True},
    }
    return _initially(element, "initial_conversation", initial)


def button(
    action_id: str, text: str, *, value: str = "", url: str = "", style: str = "", confirm: Block | None = None
) -> Block:
    """A button. `value` and `url` must be within Slack's 2000 and 3000 characters."""
    element: Block = {"type": "button", "action_id": action_id, "text": plain(text, 75)}
    extras = {"value": value, "url": url, "style": style, "confirm": confirm}
    return element | {key: extra for key, extra in extras.items() if extra}


def confirmation(title: str, text: str, yes: str, *, no: str = "Cancel", danger: bool = False) -> Block:
    """A dialog that asks before a button's click is sent."""
    dialog = {"title": plain(title, 100), "text": plain(text, 300), "confirm": plain(yes, 30), "deny": plain(no, 30)}
    return dialog | ({"style": "danger"} if danger else {})


def home_view(blocks: Sequence[Block]) -> Block:
    return {"type": "home", "blocks": list(blocks[:100])}


def modal(
    callback_id: View,
    title: str,
    blocks: Sequence[Block],
    *,
    close: str = "Close",
    submit: str = "",
    private_metadata: str = "",
) -> Block:
    """A modal view. Raises ValueError for metadata that Slack would refuse: cutting it would lose the form's memory."""
    if len(private_metadata) > METADATA_LIMIT:
        raise ValueError("private_metadata is longer than 3000 characters")
    view: Block = {
        "type": "modal",
        "callback_id": callback_id.value,
        "title": plain(title, 24),
        "close": plain(close, 24),
        "private_metadata": private_metadata,
        "blocks": list(blocks[:100]),
    }
    return view | ({"submit": plain(submit, 24)} if submit else {})


def answer_view(message: Message) -> Block:
    """What would be an ephemeral message, as a modal: where Slack offers none."""
    return modal(View.ANSWER, "GPU instances", message.blocks)


def fits_option(value: str) -> bool:
    """Whether a string can be an option's value and be read by people."""
    return 0 < len(value) <= OPTION_VALUE_LIMIT and bool(clip(value, OPTION_VALUE_LIMIT))


def _initially(element: Block, key: str, initial: Option | str | None) -> Block:
    return element | ({key: initial} if initial else {})


def _with_id(block: Block, block_id: str | None) -> Block:
    return block | ({"block_id": block_id} if block_id else {})
