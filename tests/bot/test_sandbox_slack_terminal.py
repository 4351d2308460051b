"""What the make-believe Slack shows on a terminal can be read without colour and cannot steer the terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from rich.console import RenderableType

from bot.sandbox.slack.constants import BOT_USER
from bot.sandbox.slack.terminal import (
    Reader,
    as_text,
    conversation_shown,
    message_shown,
    mrkdwn_text,
    reader_of,
    thread_shown,
    view_shown,
)
from bot.sandbox.slack.terminal.mrkdwn import ago
from bot.sandbox.slack.workspace import Message, Workspace
from tests.bot.slack_sandbox import buttons, menu_field, modal_view, option, plain, text_field

NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)
READER = Reader(
    people={"U0ADA00001": "ada", BOT_USER: "gpu-bot"},
    channels={"C0GPU00001": "gpu"},
    zone=timezone(timedelta(hours=1)),
    now=NOON,
)


def words(mrkdwn: str) -> str:
    return mrkdwn_text(mrkdwn, READER).plain


def lines(shown: RenderableType, width: int = 80) -> list[str]:
    return as_text(shown, width).splitlines()


def message(text: str = "hello", blocks: list[dict[str, Any]] | None = None, **extra: Any) -> Message:
    return Message("C0GPU00001", f"{int(NOON.timestamp())}.000100", BOT_USER, text, blocks or [], **extra)


@pytest.mark.parametrize(
    ("mrkdwn", "read"),
    [
        ("*bold* _it_ ~gone~ `code`", "bold it gone code"),
        ("a < b &lt;c&gt; &amp;amp;", "a < b <c> &amp;"),
        ("by <@U0ADA00001> in <#C0GPU00001|old>", "by @ada in #gpu"),
        ("<@U404|eve> and <@U405>", "@eve and @U405"),
        ("<https://a.b/c|the log> or <https://a.b/c>", "the log or https://a.b/c"),
        ("<!here> :white_check_mark: :large_green_circle:", "@here ✅ 🟢"),
        ("snake_case_name and 2*3*4", "snake_case_name and 2*3*4"),
        ("```\nssh root@host\n```", "ssh root@host"),
        ("`a_b` and `*c*`", "a_b and *c*"),
    ],
)
def test_mrkdwn_reads_as_in_slack(mrkdwn: str, read: str) -> None:
    assert words(mrkdwn) == read


@pytest.mark.parametrize(
    ("shift", "form", "read"),
    [
        (timedelta(hours=8), "{date_short_pretty} {time}", "today 21:00"),
        (timedelta(hours=12), "{date_short_pretty} {time}", "tomorrow 01:00"),
        (timedelta(days=-1), "{date_pretty}", "yesterday"),
        (timedelta(days=9), "{date_short_pretty}", "Dec 2, 2026"),
        (timedelta(days=9), "{date_num} at {time_secs}", "2026-12-02 at 13:00:00"),
        (timedelta(hours=8), "{ago}", "in 8 hours"),
    ],
)
def test_dates_are_in_the_readers_zone_and_days(shift: timedelta, form: str, read: str) -> None:
    assert words(f"<!date^{int((NOON + shift).timestamp())}^{form}|fallback>") == read


def test_a_date_that_cannot_be_read_shows_its_fallback() -> None:
    assert words("<!date^soon^{time}|20:00 UTC>") == "20:00 UTC"


def test_distances_in_time_are_said_in_words() -> None:
    spans = [timedelta(minutes=-3), timedelta(days=1), timedelta(seconds=10)]
    assert [ago(span) for span in spans] == ["3 minutes ago", "in 1 day", "now"]


def test_no_text_can_steer_the_terminal() -> None:
    attack = "\x1b]0;owned\x07\x1b[2Jhi"
    blocks: list[dict[str, Any]] = [
        {"type": "section", "text": plain(attack)},
        {"type": "context", "elements": [plain(attack)]},
    ]
    shown = as_text(message_shown(message(attack, blocks), READER)) + as_text(mrkdwn_text(f"`{attack}`", READER))
    assert "\x1b" not in shown and "\x07" not in shown


def test_a_card_stands_in_a_box_with_its_buttons() -> None:
    shown = lines(message_shown(message(blocks=buttons("Stop", "Delete")), READER))
    assert shown[0].startswith("gpu-bot  APP ") and shown[0].endswith("13:00:00")
    assert shown[1].startswith("╭") and shown[-1].startswith("╰")
    assert any("[ Stop ] [ Delete ]" in line for line in shown)


def test_every_line_of_a_box_is_equally_wide() -> None:
    blocks: list[dict[str, Any]] = [
        {"type": "header", "text": plain("🟢 train-1 :rocket:")},
        {"type": "section", "fields": [plain("*Region*\nCN-HK-01"), plain("Price\n$0.36/h")]},
        {"type": "section", "text": plain("x" * 200), "accessory": buttons("Go")[1]["elements"][0]},
        {"type": "divider"},
    ]
    shown = lines(message_shown(message(blocks=blocks), READER), width=60)[1:]
    assert {len(line) for line in shown if "🟢" not in line} == {60}


def test_an_edited_message_and_a_private_one_say_so() -> None:
    workspace = Workspace(lambda: NOON.timestamp())
    edited = workspace.post(message())
    workspace.edit(edited, "new", [])
    assert "(edited)" in lines(message_shown(edited, READER))[0]
    private = message(visible_to="U0ADA00001")
    assert "only visible to @ada" in lines(message_shown(private, READER))[0]


def test_replies_are_indented_below_their_root() -> None:
    root = message("root")
    replies = [message(f"reply {n}", thread_ts=root.ts) for n in range(2)]
    for number, reply in enumerate(replies):
        reply.ts = f"{root.ts[:-1]}{number + 1}"
    shown = lines(thread_shown(root, replies, READER))
    assert shown[1] == "  root"
    assert shown[2] == "    ╰─ 2 replies"
    assert shown[3].startswith("       13:00:00") and shown[3].endswith("reply 0")
    assert lines(conversation_shown([root, *replies], READER))[: len(shown)] == shown


def test_a_modal_shows_fields_choices_errors_and_buttons() -> None:
    workspace = Workspace(lambda: NOON.timestamp())
    radio = {"type": "radio_buttons", "action_id": "r", "options": [option("spot"), option("hold")]}
    boxes = {"type": "checkboxes", "action_id": "c", "options": [option("a")], "initial_options": [option("a")]}
    channel = {"type": "conversations_select", "action_id": "p", "initial_conversation": "C0GPU00001"}
    fields = [radio | {"initial_option": option("spot")}, boxes, channel]
    others = [
        {"type": "input", "block_id": str(n), "label": plain(f"L{n}"), "optional": True, "element": each}
        for n, each in enumerate(fields)
    ]
    options = tuple(f"o{n}" for n in range(9))
    name = text_field(placeholder=plain("a name"))
    definition = modal_view(name, menu_field(options=options), *others, {"type": "alert", "text": plain("low")})
    view = workspace.views.open("U0ADA00001", definition)
    view.errors, view.notice = {"name": "letters only"}, "trouble"
    shown = "\n".join(lines(view_shown(view, reader_of(workspace, UTC))))
    for part in (
        "A form",
        "▏a name",
        "✖ letters only",
        "O0  ·  O1  ·  O2  ·  O3  ·  O4  … 4 more",
        "◉ SPOT",
        "○ HOLD",
        "☑ A",
        "▏#gpu",
        "L0  optional",
        "ℹ low",
        "⚠ trouble",
        "[ Cancel ] [ Create ]",
    ):
        assert part in shown


def test_a_typed_value_replaces_the_placeholder_and_is_cut_to_the_field() -> None:
    workspace = Workspace(lambda: NOON.timestamp())
    view = workspace.views.open("U0ADA00001", modal_view(text_field(placeholder=plain("a name"))))
    workspace.views.enter(view, "name", "name", {"type": "plain_text_input", "value": "n" * 100})
    shown = lines(view_shown(view, READER))
    assert not any("a name" in line for line in shown)
    assert any("nnn…" in line for line in shown) and len({len(line) for line in shown}) == 1


def test_the_less_usual_blocks_are_readable_too() -> None:
    run = {"type": "text", "text": "one", "style": {"bold": True}}
    cells = [[{"type": "raw_text", "text": each} for each in row] for row in (["Name", "GPU"], ["train-1", "4090"])]
    item = {"type": "rich_text_section", "elements": [run, {"type": "user", "user_id": "U0ADA00001"}]}
    parts = [
        {"type": "rich_text_list", "style": "ordered", "elements": [item]},
        {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "$ ls"}]},
    ]
    blocks: list[dict[str, Any]] = [
        {"type": "table", "rows": cells},
        {"type": "rich_text", "elements": parts},
        {"type": "image", "image_url": "https://a.b/c.png", "alt_text": "a graph"},
        {"type": "markdown", "text": "# Title"},
    ]
    shown = "\n".join(lines(message_shown(message(blocks=blocks), READER)))
    for part in ("Name", "train-1", "1. one@ada", "$ ls", "a graph", "# Title"):
        assert part in shown


def test_a_home_tab_is_shown_without_submit() -> None:
    workspace = Workspace(lambda: NOON.timestamp())
    view = workspace.views.publish(
        "U0ADA00001", {"type": "home", "blocks": [{"type": "header", "text": plain("GPUs")}]}
    )
    shown = "\n".join(lines(view_shown(view, READER)))
    assert "GPUs" in shown and "[ Cancel ]" not in shown


def test_colour_is_used_only_when_asked_for() -> None:
    shown = message_shown(message(blocks=buttons("Stop", style="danger")), READER)
    assert "\x1b[" in as_text(shown, color=True) and "\x1b" not in as_text(shown)
