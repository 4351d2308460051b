"""What the headline card promises."""

from __future__ import annotations

import json
import re
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from pydantic import SecretStr

from bot.sandbox.slack.block_kit import problems_in_message
from bot.views.blocks import Message, notice
from bot.views.card import card
from bot.views.details import details
from bot.views.states import state
from bot.views.text import date
from bot.wording import STATUS_EMOJI
from core.domain.attempt import Failure, FailureKind
from core.domain.instance import Billed, Instance, Status, StopReason
from core.domain.market import Region
from core.domain.novita import Endpoint
from core.domain.order import Verb
from core.domain.request import LeaseEnd
from core.domain.transitions import GIVE_UP_AFTER, STATUSES
from tests.bot import factories
from tests.bot.factories import (
    NOW,
    SINGAPORE,
    asking_for,
    created,
    everything_in,
    failed,
    instance,
    offer,
    ordered,
    refused,
    running,
    stopped,
)


def assert_slack_takes(message: Message) -> None:
    assert problems_in_message({"text": message.text, "blocks": message.blocks}) == []
    assert 0 < len(message.text) <= 3000
    assert len(json.dumps(message.blocks)) <= 13_000
    drawn = [message.text, *factories.mrkdwn_in(message.blocks)]
    assert not any("<!" in text.replace("<!date^", "") for text in drawn)


def text(shown: Instance, now: datetime = NOW) -> str:
    return everything_in(card(shown, now).blocks)


def told_in_detail(shown: Instance, now: datetime = NOW) -> str:
    return everything_in(details(shown, now).blocks)


def button_ids(message: Message) -> list[str]:
    return [each["action_id"] for block in message.blocks for each in block.get("elements", []) if "action_id" in each]


@pytest.mark.parametrize("shown", [instance(), created(), running(), stopped(), failed()])
def test_each_card_leads_to_its_details_and_the_details_to_everything_else(shown: Instance) -> None:
    beside = [block["accessory"] for block in card(shown, NOW).blocks if "accessory" in block]
    assert [(each["action_id"], each["value"]) for each in beside] == [("instance:status", shown.id)]
    assert button_ids(card(shown, NOW)) == button_ids(details(shown, NOW))


@given(factories.instances, factories.instants)
def test_every_card_is_a_message_that_slack_takes(any_instance: Instance, now: datetime) -> None:
    assert_slack_takes(card(any_instance, now))
    assert_slack_takes(details(any_instance, now))


@pytest.mark.parametrize("letter", ["x", "&", "漢", "🤖"])
def test_forty_long_refusals_fit_in_one_card(letter: str) -> None:
    attempts = tuple(refused(letter * 80, reason="STRANGE", message=letter * 300) for _ in range(40))
    message = card(instance(attempts=attempts), NOW)
    assert_slack_takes(message)
    assert "more" in text(instance(attempts=attempts))


@given(factories.anything)
def test_a_notice_is_a_message_whatever_it_says(sentence: str) -> None:
    assert_slack_takes(notice(sentence))


def test_the_card_tells_in_two_lines_who_what_where_until_when_and_for_how_much_and_no_more() -> None:
    later = NOW + timedelta(hours=2)
    shown = text(running(), later)
    assert "<@U0ADA00001> · 2 × RTX 4090 24GB · AS-SGP-02 (Singapore)\n" in shown
    assert (
        f"until {date(NOW + timedelta(hours=8))}, then stopped · $0.36/h, spot · ≈ $0.72 so far ({date(later)})"
        in shown
    )
    for part in ("Disk", "Template", "107672", "3f9a1c77d2e04b58`", "train-1-0123456789", "gpus-console"):
        assert part not in shown


def test_the_details_tell_everything() -> None:
    shown = told_in_detail(created())
    for part in (
        "*train-1*",
        "*Owner*\n<@U0ADA00001>",
        "*GPU*\n2 × RTX 4090 24GB",
        "*Where*\nAS-SGP-02 (Singapore)",
        "*Price*\n$0.36/h, spot",
        "*Disk*\n60 GB",
        "*Template*\n`107672`",
        "*Novita id*\n`3f9a1c77d2e04b58`",
        "`train-1-0123456789`",
        "https://novita.ai/gpus-console",
    ):
        assert part in shown


@pytest.mark.parametrize("status", list(Status))
def test_each_status_has_its_own_headline(status: Status) -> None:
    assert text(created(status=status)).startswith(f"{STATUS_EMOJI[status]} *train-1* ")


def test_a_card_of_a_launch_tells_the_region_being_tried_and_the_refusals_so_far() -> None:
    shown = text(instance(attempts=(refused(),), offer=offer(SINGAPORE)))
    assert "is being created in AS-SGP-02 (Singapore)" in shown
    assert "• CN-HK-01: no free GPU there right now" in shown


def test_refusals_leave_the_card_once_it_is_created() -> None:
    assert "no free GPU" not in text(created())


def test_a_starting_card_tells_how_far_it_is_and_when_it_should_run() -> None:
    assert f"is starting (pulling the image); it should be running {date(NOW + timedelta(minutes=3))}" in text(
        created()
    )
    assert "should be running" not in text(created(), NOW + timedelta(hours=1))


def test_a_slow_card_says_that_it_is_slow() -> None:
    shown = text(created(slow_notices=1))
    assert f"is starting (pulling the image), and takes longer than usual; it began {date(NOW)}" in shown


def test_a_stopped_card_says_when_novita_has_taken_the_gpu_back() -> None:
    for reason, words in (
        (StopReason.RECLAIMED, "*train-1* is stopped: Novita has taken its GPU back"),
        (StopReason.PROBABLY_RECLAIMED, "*train-1* is stopped: Novita has probably taken its GPU back"),
    ):
        taken = stopped(stopped_because=reason)
        assert words in text(taken)
        assert "taken its GPU back" in card(taken, NOW).text
    assert "Novita has taken its GPU back" in text(stopped(spot_noticed=True)), "a record from before that was noted"
    for asked in (stopped(), stopped(stopped_because=StopReason.ASKED, spot_noticed=True)):
        assert "*train-1* is stopped\n" in text(asked)


def test_a_failed_card_has_the_cause_in_its_first_line() -> None:
    said = Failure(kind=FailureKind.INSTANCE, reason="pullFailed", message="image pull failed: <unauthorized>")
    broken = failed(FailureKind.INSTANCE, novita_id="3f9a", failure=said)
    assert text(broken).startswith("🔴 *train-1* failed: image pull failed: &lt;unauthorized&gt;\n")
    assert "failed (image pull failed: &lt;unauthorized&gt;)" in card(broken, NOW).text
    wordless = failed(novita_id="3f9a", failure=Failure(kind=FailureKind.INSTANCE, reason="pullFailed"))
    assert text(wordless).startswith("🔴 *train-1* failed: its image could not be pulled\n")
    nameless = failed(novita_id="3f9a", failure=Failure(kind=FailureKind.INSTANCE))
    assert text(nameless).startswith("🔴 *train-1* failed: it did not come up\n")
    poor = failed(failure=Failure(kind=FailureKind.MONEY, reason="BALANCE_NOT_ENOUGH"))
    assert text(poor).startswith("🔴 *train-1* was not created: the Novita account has too little money\n")
    lost = failed(failure=Failure(kind=FailureKind.LOST))
    assert text(lost).startswith("🔴 *train-1* was not created\n")


def test_what_was_never_made_is_nowhere() -> None:
    nowhere = failed(offer=offer(SINGAPORE))
    assert "AS-SGP-02" not in card(nowhere, NOW).text
    assert "AS-SGP-02" not in text(nowhere)


@pytest.mark.parametrize(
    ("word", "known"),
    [
        ("toCreate", "starting (preparing)"),
        ("pulling", "starting (pulling the image)"),
        ("starting", "starting"),
        ("toRestart", "restarting"),
        ("hibernating", "in a state this bot does not know (Novita says “hibernating”)"),
    ],
)
def test_novitas_inner_words_become_ours(word: str, known: str) -> None:
    shown = created(novita_status=word)
    assert f"*train-1* is {known}" in text(shown)
    assert f"*train-1* is {known}" in told_in_detail(shown)
    assert f"train-1: {known}" in card(shown, NOW).text
    for strange in (word,) if known.startswith("in a state") else ():
        assert text(running(novita_status=strange)).startswith("❔ ")


def test_no_word_of_novitas_own_stands_in_our_states() -> None:
    for word, status in STATUSES.items():
        shown = state(created(status=status, novita_status=word))
        assert not re.search(r"[a-z][A-Z]|pending|exited|Novita says", shown)


def test_a_running_card_has_the_endpoints_and_says_that_they_are_public() -> None:
    shown = text(running())
    url = "https://3f9a-8188.as-sgp-2.gpu-instance.novita.ai"
    assert f"• port 8188 (http): <{url}|{url.removeprefix('https://')}>" in shown
    assert "Anybody with an http link can open it" in shown


def test_endpoints_are_gone_when_it_no_longer_runs() -> None:
    assert "port 8188" not in text(running(status=Status.STOPPED))


def test_the_lease_ends_on_a_date_once_it_runs_and_says_what_happens_then() -> None:
    assert "8 h, counted from running, then stopped" in text(created())
    assert f"until {date(NOW + timedelta(hours=8))}, then stopped" in text(running())
    assert f"*Lease*\nuntil {date(NOW + timedelta(hours=8))}, then stopped" in told_in_detail(running())
    deleting = running(request=asking_for(lease_end=LeaseEnd.DELETE))
    assert f"until {date(NOW + timedelta(hours=8))}, then deleted with its data" in text(deleting)


def test_no_lease_is_said_to_have_no_end() -> None:
    assert "\nno end · " in text(running(request=asking_for(lease=None), lease_ends_at=None))


def test_the_cost_so_far_is_what_was_billed_up_to_now() -> None:
    later = NOW + timedelta(hours=2)
    assert f"· ≈ $0.72 so far ({date(later)})" in text(running(), later)
    assert "· ≈ $0.72 so far" in text(stopped(), NOW + timedelta(days=5))
    assert "so far" not in text(created())
    assert "so far" in text(created(billed=(Billed(since=NOW),)))
    assert f"*Cost so far*\n≈ $0.72 ({date(later)})" in told_in_detail(running(), later)
    seconds = text(running(), NOW + timedelta(seconds=9))
    assert "· under $0.01 so far" in seconds, "nothing is said to be about under something"


def test_an_order_under_way_says_who_asked_and_what_stands_in_the_way() -> None:
    assert f"To be stopped: <@U0BO000001> asked, {date(NOW)}." in text(running(order=ordered()))
    assert "To be stopped: its lease is over" in text(running(order=ordered(by=None)))
    stuck = running(order=ordered(Verb.DELETE, sent=3, trouble="timed <out>"))
    assert "Tried 3 times without success, and it goes on: “timed &lt;out&gt;”" in text(stuck)


def test_a_stopped_card_says_what_still_bills_and_until_when_the_data_is_kept() -> None:
    shown = text(stopped(request=asking_for(rootfs_size=100)))
    assert f"Stopped {date(NOW)}" in shown
    assert "Its GPU is no longer billed. Its disk of 100 GB costs $0.20 a day meanwhile." in shown
    assert f"Novita keeps the data until {date(NOW + timedelta(days=7))}" in shown
    assert "Its disk of 60 GB costs nothing meanwhile." in text(stopped())
    assert "Novita keeps the data at most 7 days" in text(stopped(data_until=None))


def test_a_spot_notice_stands_on_the_card_with_a_countdown_until_it_has_happened() -> None:
    at = NOW + timedelta(minutes=40)
    shown = text(running(spot_noticed=True, spot_reclaim_at=at))
    assert f"Novita takes this spot instance back: <!date^{int(at.timestamp())}^" in shown
    assert "{ago}" in shown
    assert "soon (it does not say when)" in text(running(spot_noticed=True))
    assert "takes this spot instance back" not in text(running())
    assert "takes this spot instance back" not in text(stopped(spot_noticed=True, spot_reclaim_at=at))


def test_a_card_in_doubt_says_how_long_it_is_looked_for() -> None:
    shown = text(instance(in_doubt_since=NOW))
    assert f"may or may not have been made; the bot looks for it until {date(NOW + GIVE_UP_AFTER)}" in shown


def test_a_failed_card_says_why_and_what_to_do_and_names_no_price() -> None:
    shown = text(failed())
    assert "🔴 *train-1* was not created: no region has a free GPU\n" in shown
    assert shown.casefold().count("no region has a free gpu") == 1, "what the headline says is not said again"
    assert "*What to do:*" in shown
    assert "/h" not in shown
    assert "*train-1* failed" in text(failed(FailureKind.INSTANCE, novita_id="3f9a"))


def test_a_failed_card_names_no_lease_that_nobody_counts() -> None:
    broken = {"novita_id": "3f9a", "lease_ends_at": None, "running_at": None, "offer": running().launch.offer}
    shown = text(failed(FailureKind.INSTANCE, **broken))
    assert "counted from" not in shown and "until" not in shown
    assert "Novita made the instance, but it did not come up." in shown


def test_the_cost_so_far_counts_the_disk_and_grows_while_a_large_one_is_kept() -> None:
    later = NOW + timedelta(days=5)
    kept = stopped(request=asking_for(rootfs_size=260))
    assert f"· ≈ $5.80 so far ({date(later)})" in text(kept, later), "two hours of compute, five days of 200 GB"
    assert "· ≈ $0.72 so far\n" in text(stopped(), later), "a free disk stands still, and costs nothing"


def test_values_of_variables_are_on_no_card() -> None:
    request = instance().request.model_copy(update={"envs": {"TOKEN": SecretStr("hunter2")}})
    for draw in (card, details):
        assert "hunter2" not in str(draw(running(request=request, env_names=("TOKEN",)), NOW))
    assert "1 variable set" in told_in_detail(running(request=request, env_names=("TOKEN",)))


def test_a_notification_tells_the_status_in_one_line() -> None:
    assert card(running(), NOW).text == "train-1: running, 2 × RTX 4090 24GB in AS-SGP-02"


def test_a_card_is_drawn_from_the_record_alone_so_drawing_it_again_changes_nothing() -> None:
    assert card(running(), NOW) == card(Instance.model_validate_json(running().model_dump_json()), NOW)


@pytest.mark.parametrize("letter", ["x", "&", "漢", "🤖"])
@pytest.mark.parametrize("status", list(Status))
def test_the_fullest_card_fits_whatever_its_strings_are(letter: str, status: Status) -> None:
    long = letter * 300
    request = asking_for(name="n" * 100, product_name=long, template_id=long, rootfs_size=6144)
    endpoints = tuple(Endpoint(port=port, type="http", url=f"https://{letter * 200}") for port in range(30))
    full = running(
        request=request,
        status=status,
        template_name=long,
        novita_id=long,
        novita_status=long,
        offer=offer(Region(id="x", name=long, place=long)),
        spot_noticed=True,
        spot_reclaim_at=NOW,
        stopped_at=NOW,
        env_names=("A",),
        failure=Failure(kind=FailureKind.LOST, message=long),
        endpoints=endpoints,
    )
    for order in (None, ordered(by=long, sent=3, trouble=long)):
        for draw in (card, details):
            assert_slack_takes(draw(full.model_copy(update={"order": order}), NOW))
