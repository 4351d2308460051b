"""What the replies in the thread promise."""

from __future__ import annotations

import json
from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given

from bot.views.attempts import attempt_lines
from bot.views.blocks import Message
from bot.views.failures import quoting
from bot.views.private import private_notice
from bot.views.text import date
from bot.views.thread import reply
from core.domain import events
from core.domain.attempt import Attempt, AttemptOutcome, Failure, FailureKind
from core.domain.base import PROGRAM
from core.domain.events import Event, ReportLevel
from core.domain.instance import Instance
from core.domain.novita import Endpoint
from tests.bot import factories
from tests.bot.factories import NOW, created, everything_in, failed, instance, offer, refused, running
from tests.bot.test_views_card import assert_slack_takes

OWNER = "<@U0ADA00001>"
BOT = "U0GPUBOT01"

CREATED = events.InstanceCreated(at=NOW, novita_id="3f9a1c77d2e04b58")
RUNNING = events.InstanceRunning(at=NOW, endpoints=running().remote.endpoints)
FAILED = events.InstanceFailed(at=NOW, failure=Failure(kind=FailureKind.NO_CAPACITY))
LOST = events.AnswerLost(at=NOW, attempt=refused())
INTERRUPTED = events.LaunchInterrupted(at=NOW)
SLOW = events.InstanceSlow(at=NOW, minutes=10, novita_status="pulling")


def said(about: Instance, event: Event) -> str:
    message = reply(about, event)
    assert message is not None
    return everything_in(message.blocks)


@given(factories.instances, factories.happenings)
def test_every_reply_is_a_message_that_slack_takes(any_instance: Instance, event: Event) -> None:
    message = reply(any_instance, event)
    if message is not None:
        assert_slack_takes(message)


@pytest.mark.parametrize("letter", ["x", "&", "漢", "🤖"])
def test_forty_long_attempts_fit_in_one_reply(letter: str) -> None:
    attempts = tuple(refused(letter * 80, reason="STRANGE", message=letter * 300) for _ in range(40))
    failure = Failure(kind=FailureKind.OTHER, message=letter * 300)
    lost = events.InstanceFailed(at=NOW, failure=failure)
    for about, event in ((created(attempts=attempts), CREATED), (failed(attempts=attempts, failure=failure), lost)):
        message = reply(about, event)
        assert isinstance(message, Message)
        assert_slack_takes(message)
        assert "more" in everything_in(message.blocks)


def test_what_only_the_card_shows_gets_no_reply() -> None:
    quiet = (
        events.InstanceRequested(at=NOW),
        events.RegionRefused(at=NOW, attempt=refused(), next_offer=offer()),
        events.PhaseChanged(at=NOW, novita_status="pulling"),
    )
    assert [reply(instance(), event) for event in quiet] == [None, None, None]


def test_on_the_way_up_only_running_and_failed_call_the_owner() -> None:
    every = (CREATED, RUNNING, FAILED, LOST, INTERRUPTED, SLOW)
    assert [event for event in every if OWNER in said(running(), event)] == [RUNNING, FAILED]


def test_created_tells_where_and_every_attempt_in_one_reply() -> None:
    text = said(created(), CREATED)
    assert "✅ *train-1* is created." in text
    assert "2 × RTX 4090 24GB in *AS-SGP-02 (Singapore)*, $0.36/h, spot." in text
    assert f"It should be running {date(NOW + timedelta(minutes=3))}." in text
    assert "• CN-HK-01: no free GPU there right now" in text
    assert "• AS-SGP-02: created" in text


def test_created_at_once_needs_no_list_of_attempts() -> None:
    assert "Tried" not in said(created(attempts=()), CREATED)


def test_found_after_a_lost_answer_says_so() -> None:
    found = CREATED.model_copy(update={"found": True})
    assert "It was found at Novita under its name" in said(created(), found)


def test_running_gives_public_endpoints_and_no_credentials() -> None:
    ssh = Endpoint(port=9000, type="tcp", url="proxy.as-sgp-2.gpu-instance.novita.ai:32787")
    text = said(running(), RUNNING.replace(endpoints=(*running().remote.endpoints, ssh)))
    assert "• port 8188 (http): <https://3f9a-8188." in text
    assert "• port 9000 (tcp): `proxy.as-sgp-2.gpu-instance.novita.ai:32787`" in text
    assert "Anybody with an http link can open it" in text
    assert "Connect shows its owner the SSH command and password" in text
    assert f"Lease: until {date(NOW + timedelta(hours=8))}, then stopped." in text


def test_running_without_endpoints_does_not_speak_of_links() -> None:
    assert "link" not in said(running(), RUNNING.replace(endpoints=()))


def test_failed_tells_why_what_was_tried_and_what_to_do() -> None:
    text = said(failed(), FAILED)
    for part in (
        "🔴 *train-1* was not created.",
        "No region has a free GPU",
        "*What to do:*",
        "Tried:\n• CN-HK-01",
        "nothing is billed",
    ):
        assert part in text


def test_a_failure_of_the_instance_quotes_novita_and_warns_of_the_bill() -> None:
    failure = Failure(kind=FailureKind.INSTANCE, reason="pullFailed", message="image pull failed: unauthorized")
    broken = failed(novita_id="3f9a", failure=failure)
    text = said(broken, events.InstanceFailed(at=NOW, failure=failure))
    assert "*train-1* failed." in text
    assert "> image pull failed: unauthorized" in text
    assert "may be billed" in text


@pytest.mark.parametrize("event", [LOST, INTERRUPTED])
def test_a_create_in_doubt_is_looked_for_and_not_repeated(event: Event) -> None:
    text = said(instance(in_doubt_since=NOW), event)
    assert "may or may not have been made" in text
    assert "`train-1-0123456789` until" in text
    assert "No second one is made meanwhile." in text


def test_slow_tells_novitas_word_and_that_it_costs_money() -> None:
    text = said(created(), SLOW)
    assert "is still not running after 10 min" in text
    assert "It is starting (pulling the image)." in text
    assert "the pull is billed: $0.36/h, spot" in text


@pytest.mark.parametrize(
    ("why", "says"),
    [
        ("not_in_channel", f"Invite it there with `/invite` <@{BOT}>"),
        ("channel_not_found", f"Invite it there with `/invite` <@{BOT}>"),
        ("is_archived", "it is archived"),
        ("restricted_action_read_only_channel", "posting there is restricted"),
        ("<!here>", "Slack answers `&lt;!here&gt;`"),
    ],
)
def test_a_channel_that_takes_no_message_is_told_to_the_owner_with_what_to_do(why: str, says: str) -> None:
    message = private_notice(instance(), why, BOT)
    assert_slack_takes(message)
    assert "*train-1* cannot be told in <#C0GPU00001>" in message.text
    assert says in message.text
    assert "The create goes on" in message.text


def test_running_tells_how_programs_on_it_report_when_it_was_given_an_address() -> None:
    assert 'curl "$GPU_BOT_HOOK" -d' in said(running(hook_digest="0" * 64), RUNNING)
    assert "GPU_BOT_HOOK" not in said(running(), RUNNING)


def reported(text: str, level: ReportLevel = ReportLevel.INFO) -> events.MachineReported:
    return events.MachineReported(at=NOW, text=text, level=level)


@pytest.mark.parametrize("letter", ["x", "&", "漢", "🤖", "\n"])
def test_a_long_report_fits_in_one_reply(letter: str) -> None:
    message = reply(running(), reported("a" + letter * 1998 + "b"))
    assert message is not None
    assert_slack_takes(message)


def test_a_report_keeps_its_lines_and_blanks() -> None:
    text = "step   loss\n   3   0.21"
    message = reply(running(), reported(text))
    assert message is not None
    assert message.blocks[1]["elements"][0]["elements"] == [{"type": "text", "text": text}]


@pytest.mark.parametrize("text", ["<!channel>", "@here", "<@U0ADA00001>", "https://evil.example", "mail@evil.example"])
def test_a_notification_of_a_report_neither_calls_nor_links(text: str) -> None:
    message = reply(running(), reported(text))
    assert message is not None
    assert message.text.startswith("🖥️ train-1 says: ")
    for dangerous in ("<", "@h", "@U", "://", "evil.ex", "@e"):
        assert dangerous not in message.text


@pytest.mark.parametrize("level", ReportLevel)
def test_a_report_calls_its_owner_when_something_is_to_be_done_and_never_a_program(level: ReportLevel) -> None:
    assert (OWNER in said(running(), reported("x", level))) == (level is not ReportLevel.INFO)
    assert "api" not in said(running(owner=PROGRAM), reported("x", level))


@pytest.mark.parametrize(("count", "says"), [(1, "1 more message in"), (1234, "1,234 more messages in")])
def test_what_was_left_out_is_summed_up_in_one_line(count: int, says: str) -> None:
    assert says in said(running(), events.ReportsLeftOut(at=NOW, count=count))


def test_one_region_on_two_machines_is_one_line_that_says_why_it_has_two_prices() -> None:
    def full(region: str, product: str, price: str) -> Attempt:
        return Attempt(
            region=region,
            product_id=product,
            price=Decimal(price),
            outcome=AttemptOutcome.REFUSED,
            reason="INSUFFICIENT_RESOURCE",
            message="insufficient resource",
            milliseconds=300,
        )

    tried = (
        full("AS-SGP-02", "4090.16c62g", "0.187"),
        full("CN-HK-01", "4090.16c62g", "0.18"),
        full("AS-SGP-02", "4090.16c125g", "0.218"),
    )
    lines = attempt_lines(tried).split("\n")
    assert len(lines) == 2
    for part in (
        "$0.187 per GPU-hour on a machine of 16 CPUs and 62 GB",
        "$0.218",
        "on a machine of 16 CPUs and 125 GB",
    ):
        assert part in lines[0]
    assert lines[1] == "• CN-HK-01: no free GPU there right now _($0.18 per GPU-hour, 0.3 s)_", "one machine, no size"


def test_what_is_said_already_is_not_quoted_as_novitas_words() -> None:
    what = "The Novita account has too little money or budget for this."
    poor = Failure(kind=FailureKind.MONEY, reason="NOT_ENOUGH_BALANCE", message="not enough balance")
    assert quoting(what, poor) == what
    assert quoting(what, poor.model_copy(update={"message": "by $3"})) == f"{what}\n> by $3"


def test_no_money_offers_to_top_up_and_nothing_that_costs_more() -> None:
    poor = failed(FailureKind.MONEY)
    assert poor.failure is not None
    message = reply(poor, events.InstanceFailed(at=NOW, failure=poor.failure))
    assert message is not None
    shown = json.dumps(message.blocks)
    assert "Top up at Novita" in shown
    assert "instance:again:on_demand" not in shown
