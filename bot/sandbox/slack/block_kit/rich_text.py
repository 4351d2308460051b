"""The rich_text block: sections, lists, quotes and preformatted text, made of runs."""

from __future__ import annotations

from bot.sandbox.slack.block_kit.checks import (
    Check,
    Shape,
    address,
    anything,
    boolean,
    by_type,
    integer,
    items,
    string,
    word,
)

_STYLE = Shape({}, dict.fromkeys(("bold", "italic", "strike", "code", "underline", "highlight"), boolean))


def _run(kind: str, required: dict[str, Check], optional: dict[str, Check] | None = None) -> Shape:
    return Shape({"type": word(kind), **required}, {"style": _STYLE, **(optional or {})})


_RUNS: dict[str, Check] = {
    "text": _run("text", {"text": string(3000)}),
    "link": _run("link", {"url": address()}, {"text": string(3000), "unsafe": boolean}),
    "emoji": _run("emoji", {"name": string(100)}, {"unicode": string(100), "skin_tone": integer(1, 6)}),
    "user": _run("user", {"user_id": string(100)}),
    "usergroup": _run("usergroup", {"usergroup_id": string(100)}),
    "channel": _run("channel", {"channel_id": string(100)}),
    "team": _run("team", {"team_id": string(100)}),
    "broadcast": _run("broadcast", {"range": word("here", "channel", "everyone")}),
    "color": _run("color", {"value": string(20)}),
    "date": _run(
        "date",
        {"timestamp": integer(0, 9_999_999_999), "format": string(300)},
        {"url": address(), "fallback": string(300)},
    ),
}
_LINE = items(by_type(_RUNS), 1000, 0)
_SECTION = Shape({"type": word("rich_text_section"), "elements": _LINE})

_PARTS: dict[str, Check] = {
    "rich_text_section": _SECTION,
    "rich_text_list": Shape(
        {
            "type": word("rich_text_list"),
            "style": word("bullet", "ordered"),
            "elements": items(by_type({"rich_text_section": _SECTION}), 1000),
        },
        {"indent": integer(0, 8), "offset": integer(0, 10_000), "border": integer(0, 1)},
    ),
    "rich_text_quote": Shape({"type": word("rich_text_quote"), "elements": _LINE}, {"border": integer(0, 1)}),
    "rich_text_preformatted": Shape(
        {"type": word("rich_text_preformatted"), "elements": _LINE},
        {"border": integer(0, 1), "language": anything},
    ),
}
RICH_TEXT = Shape({"type": word("rich_text"), "elements": items(by_type(_PARTS), 1000)}, {"block_id": string(255)})
