"""What the smallest pieces of text promise."""

from __future__ import annotations

import html
import json
import re

from hypothesis import given
from hypothesis import strategies as st

from bot.views.text import (
    SECTION_LIMIT,
    call,
    channel_mention,
    code,
    countdown,
    date,
    esc,
    fit_lines,
    link,
    mention,
    mrkdwn,
    plain,
)
from core.domain.clip import clip
from tests.bot.factories import HOSTILE, NOW, anything


def test_markup_from_outside_is_escaped_once() -> None:
    assert esc("<!channel> & <@U1>") == "&lt;!channel&gt; &amp; &lt;@U1&gt;"
    assert esc("&lt;") == "&amp;lt;"


@given(anything)
def test_an_escaped_text_reads_back_as_the_clipped_one(text: str) -> None:
    assert html.unescape(esc(text, 50)) == (clip(text, 50) or "–")
    assert len(clip(text, 50)) <= 50
    assert not re.search(r"[<>]", esc(text))


def test_a_long_text_is_cut_before_it_is_escaped_so_no_entity_breaks() -> None:
    assert esc("&" * 400, 5) == "&amp;&amp;&amp;&amp;…"


def test_code_holds_no_backtick_and_no_line_break() -> None:
    assert code("a`b\nc") == "`ab c`"


def test_a_link_is_made_only_of_an_address_that_slack_cannot_misread() -> None:
    assert link("https://host/path?a=1&b=2", "open") == "<https://host/path?a=1&amp;b=2|open>"
    for bad in ("javascript:alert(1)", "https://a|b", "https://a>b", "https://a b", "ftp://a"):
        assert not link(bad, "open").startswith("<")


def test_only_a_slack_id_becomes_a_mention() -> None:
    assert mention("U0ADA00001") == "<@U0ADA00001>"
    assert mention("!channel") == "`!channel`"
    assert channel_mention("C0GPU00001") == "<#C0GPU00001>"
    assert "<!" not in channel_mention("<!here>")


def test_a_date_is_in_the_readers_zone_with_utc_to_fall_back_on() -> None:
    assert date(NOW) == "<!date^1795435200^{date_long_pretty} at {time}|Mon 2026-11-23 12:00 UTC>"


@given(anything)
def test_plain_text_is_never_empty_and_never_too_long(text: str) -> None:
    assert 1 <= len(plain(text, 75)["text"]) <= 75


def test_markup_that_is_too_long_is_not_cut_inside_an_entity_or_a_link() -> None:
    for tail in ("&amp;", "<https://host|label>"):
        for pad in range(len(tail)):
            cut = mrkdwn("x" * (SECTION_LIMIT - 1 - pad) + tail * 3)["text"]
            assert len(cut) <= SECTION_LIMIT
            assert cut.count("<") == cut.count(">")
            assert not re.search(r"&[a-z]*…$", cut)


@given(st.lists(anything | st.sampled_from(HOSTILE), max_size=60))
def test_lines_that_do_not_fit_are_counted_not_dropped_in_silence(texts: list[str]) -> None:
    lines = [esc(text) for text in texts]
    kept = fit_lines(lines)
    assert len(kept) <= 2700
    assert len(json.dumps(kept)) <= 7200
    if kept.split("\n") != (lines or [""]):
        assert re.search(r"… and \d+ more$", kept)


def test_a_countdown_is_a_date_that_also_tells_the_distance() -> None:
    assert countdown(NOW) == "<!date^1795435200^{date_long_pretty} at {time} ({ago})|Mon 2026-11-23 12:00 UTC>"


def test_a_program_is_named_and_never_called() -> None:
    assert mention("api") == "the HTTP API"
    assert (call("api"), call("U0ADA00001")) == ("", "<@U0ADA00001> ")
