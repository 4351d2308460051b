"""What the create modal promises before the form and after Submit."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.slack.block_kit import problems_in_view
from bot.slack.ids import Action, View
from bot.views.modal import ModalContext, creating_view, loading_view, outcome_view, problem_view
from bot.views.text import date
from core.domain.attempt import Failure, FailureKind
from core.domain.instance import Instance
from core.domain.transitions import GIVE_UP_AFTER
from tests.bot import factories
from tests.bot.factories import NOW, SINGAPORE, created, everything_in, failed, instance, offer, refused, running

PERMALINK = "https://sandbox.slack.com/archives/C0GPU00001/p1795435200000100"


@given(factories.instances, st.none() | st.just(PERMALINK))
def test_every_outcome_is_a_view_that_slack_takes(any_instance: Instance, link: str | None) -> None:
    view = outcome_view(any_instance, link=link)
    assert problems_in_view(view) == []
    assert not any("<!" in text.replace("<!date^", "") for text in factories.mrkdwn_in(view))


@given(factories.anything, factories.anything)
def test_the_small_views_are_taken_whatever_is_said_in_them(text: str, channel: str) -> None:
    for view in (problem_view(text), creating_view(text, channel), loading_view(ModalContext().dump())):
        assert problems_in_view(view) == []
        assert not any("<!" in drawn for drawn in factories.mrkdwn_in(view))


def test_the_wait_for_prices_remembers_where_it_was_opened() -> None:
    memory = ModalContext(channel="C0GPU00001").dump()
    assert loading_view(memory)["private_metadata"] == memory
    assert loading_view(memory)["callback_id"] == View.LOADING


def test_after_submit_the_modal_may_be_closed_and_says_where_the_story_is_told() -> None:
    text = everything_in(creating_view("train-1", "C0GPU00001"))
    assert "Creating *train-1*…" in text
    assert "You can close this; the story is told in <#C0GPU00001>." in text


def test_a_full_region_is_named_with_the_next_one() -> None:
    view = outcome_view(instance(attempts=(refused(),), offer=offer(SINGAPORE)))
    assert "CN-HK-01 is full, trying AS-SGP-02." in everything_in(view)


def test_success_tells_the_region_used_and_which_refused_and_why() -> None:
    text = everything_in(outcome_view(created()))
    for part in (
        "*train-1* is created",
        "AS-SGP-02",
        "$0.36/h, spot",
        "`3f9a1c77d2e04b58`",
        f"*Should be running*\n{date(NOW + timedelta(minutes=3))}",
    ):
        assert part in text
    assert "Tried before:\n• CN-HK-01: no free GPU there right now _($0.18 per GPU-hour, 0.3 s)_" in text


def test_success_at_the_first_region_tells_of_no_refusal() -> None:
    assert "Tried before" not in everything_in(outcome_view(created(attempts=())))


def test_the_thread_is_one_click_away_once_it_is_known() -> None:
    buttons = [block for block in outcome_view(running(), link=PERMALINK)["blocks"] if block["type"] == "actions"]
    assert [(button["action_id"], button["url"]) for button in buttons[0]["elements"]] == [
        (Action.OPEN_LINK, PERMALINK)
    ]
    assert all(block["type"] != "actions" for block in outcome_view(running())["blocks"])


def test_failure_tells_why_what_was_tried_and_what_to_do() -> None:
    text = everything_in(outcome_view(failed(attempts=(refused(), refused("AS-SGP-02")))))
    assert "No region has a free GPU of this kind right now." in text
    assert "*What to do:* Try again in a few minutes" in text
    assert "• CN-HK-01: no free GPU" in text
    assert "• AS-SGP-02: no free GPU" in text
    assert "Nothing was created, so nothing is billed." in text


def test_failure_quotes_novita() -> None:
    failure = Failure(kind=FailureKind.BAD_INPUT, reason="VALIDATOR_PARAM", message="RootfsSize: <out> of range")
    assert "> RootfsSize: &lt;out&gt; of range" in everything_in(outcome_view(failed(failure=failure)))


@pytest.mark.parametrize("kind", list(FailureKind))
def test_every_failure_says_what_to_do(kind: FailureKind) -> None:
    assert "*What to do:*" in everything_in(outcome_view(failed(kind)))


def test_a_failure_after_the_create_says_that_it_may_be_billed() -> None:
    text = everything_in(outcome_view(failed(FailureKind.INSTANCE, novita_id="3f9a1c77d2e04b58")))
    assert "`3f9a1c77d2e04b58` and may be billed" in text
    assert "nothing is billed" not in text


def test_a_lost_launch_does_not_claim_that_nothing_was_made() -> None:
    text = everything_in(outcome_view(failed(FailureKind.LOST)))
    assert "train-1-0123456789" in text
    assert "Nothing was created" not in text


def test_a_lost_answer_says_how_long_it_is_looked_for_and_that_no_second_one_is_made() -> None:
    text = everything_in(outcome_view(instance(in_doubt_since=NOW)))
    assert "may or may not have been made" in text
    assert "`train-1-0123456789`" in text
    assert f"until {date(NOW + GIVE_UP_AFTER)}. No second one is made meanwhile." in text
