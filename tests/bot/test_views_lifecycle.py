"""What the thread says of an instance that people live with."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from bot.views.text import date
from bot.views.thread import reply
from core.domain import events
from core.domain.attempt import Failure, FailureKind
from core.domain.base import PROGRAM, Actor, Cause
from core.domain.events import Event
from core.domain.instance import Instance, StopReason
from core.domain.order import Verb
from core.domain.request import LeaseEnd
from tests.bot.factories import NOW, deleted, everything_in, ordered, running, stopped
from tests.bot.test_views_buttons import drawn
from tests.bot.test_views_card import assert_slack_takes

OWNER, BO, ADMIN = "<@U0ADA00001>", "<@U0BO000001>", "<@U0ADMIN001>"
ADA_ACTS, BO_ACTS = Actor(user="U0ADA00001"), Actor(user="U0BO000001")
SOON = NOW + timedelta(minutes=60)


def said(about: Instance, event: Event, admins: Sequence[str] = ()) -> str:
    message = reply(about, event, admins=admins)
    assert message is not None
    assert_slack_takes(message)
    return everything_in(message.blocks)


def offered(about: Instance, event: Event) -> list[str]:
    message = reply(about, event)
    assert message is not None
    return [element["action_id"] for element in drawn(message.blocks)]


def halted(reason: StopReason, actor: Actor | None = None) -> events.InstanceStopped:
    by_itself = {StopReason.LEASE: Cause.LEASE, StopReason.HUNG: Cause.HUNG}
    cause = actor.cause if actor else by_itself.get(reason)
    return events.InstanceStopped(at=NOW, novita_status="exited", reason=reason, cause=cause, actor=actor)


def not_done(
    verb: Verb, kind: FailureKind, *, actor: Actor | None = None, tries: int = 1, final: bool = False
) -> Event:
    why = Failure(kind=kind, message="it <hangs>")
    cause = actor.cause if actor else Cause.LEASE
    return events.OrderFailed(at=NOW, verb=verb, cause=cause, actor=actor, why=why, tries=tries, is_final=final)


def test_an_order_says_who_asked_and_calls_the_owner_only_when_it_was_somebody_else() -> None:
    own = events.OrderGiven(at=NOW, verb=Verb.STOP, cause=Cause.PERSON, actor=ADA_ACTS)
    assert said(running(), own) == "⏳ *train-1* is being stopped, as its owner asked."
    other = said(running(), events.OrderGiven(at=NOW, verb=Verb.DELETE, cause=Cause.PERSON, actor=BO_ACTS))
    assert f"is being deleted, as {BO} asked." in other
    assert OWNER in other


def test_the_end_of_a_lease_is_told_to_the_owner_as_such() -> None:
    text = said(running(), events.OrderGiven(at=NOW, verb=Verb.STOP, cause=Cause.LEASE))
    assert "is being stopped: its lease is over" in text
    assert OWNER in text


def test_a_stop_that_fails_calls_owner_and_admins_and_says_that_it_goes_on_and_costs() -> None:
    text = said(running(), not_done(Verb.STOP, FailureKind.UNREACHABLE, tries=4), ["U0ADMIN001"])
    for part in (
        f"{OWNER} {ADMIN} ",
        "could not be stopped yet",
        "Novita could not be reached.",
        "> it &lt;hangs&gt;",
        "tried 4 times and goes on until it is done",
        "go on running and be billed: $0.36/h",
        "novita.ai/gpus-console",
    ):
        assert part in text


def test_the_end_of_a_lease_that_fails_calls_the_admins_from_the_first_time() -> None:
    for verb in (Verb.STOP, Verb.DELETE):
        assert ADMIN in said(running(), not_done(verb, FailureKind.UNREACHABLE), ["U0ADMIN001"])


def test_a_persons_first_failed_stop_does_not_call_the_admins_and_their_second_does() -> None:
    for tries, calls in ((1, False), (2, True)):
        event = not_done(Verb.STOP, FailureKind.OTHER, actor=BO_ACTS, tries=tries)
        text = said(running(), event, ["U0ADMIN001"])
        assert BO in text and OWNER in text
        assert (ADMIN in text) is calls


def test_a_start_without_a_gpu_is_final_and_says_what_to_do_and_gives_the_buttons() -> None:
    event = not_done(Verb.START, FailureKind.NO_CAPACITY, actor=ADA_ACTS, final=True)
    text = said(stopped(), event, ["U0ADMIN001"])
    assert "could not be started." in text
    assert "Somebody else has its GPU right now." in text
    assert "not tried again by itself. *What to do:*" in text
    assert ADMIN not in text
    assert offered(stopped(), event) == ["instance:start", "instance:delete", "instance:again"]


def test_nobody_is_called_twice() -> None:
    event = not_done(Verb.STOP, FailureKind.OTHER, actor=ADA_ACTS, tries=2)
    assert said(running(), event, ["U0ADA00001"]).count(OWNER) == 1


def test_a_reminder_calls_the_owner_says_what_is_lost_and_offers_more_time() -> None:
    event = events.LeaseReminder(at=NOW, minutes=60, ends_at=SOON, end=LeaseEnd.STOP)
    text = said(running(lease_ends_at=SOON), event)
    for part in (OWNER, "has 1 h left", f"Its lease ends {date(SOON)}", "Then it is stopped", "at most 7 days"):
        assert part in text
    assert offered(running(lease_ends_at=SOON), event) == [
        "instance:extend:1h",
        "instance:extend:4h",
        "instance:extend:tonight",
        "instance:stop",
    ]


def test_a_reminders_stop_is_worded_as_at_once_and_asks_first() -> None:
    event = events.LeaseReminder(at=NOW, minutes=60, ends_at=SOON, end=LeaseEnd.STOP)
    message = reply(running(lease_ends_at=SOON), event)
    assert message is not None
    stop = drawn(message.blocks)[-1]
    assert stop["text"]["text"] == "Stop now"
    assert "confirm" in stop


def test_a_reminder_of_a_deletion_says_so_loudly() -> None:
    event = events.LeaseReminder(at=NOW, minutes=15, ends_at=NOW + timedelta(minutes=14), end=LeaseEnd.DELETE)
    text = said(running(), event)
    assert "has 14 min left" in text
    assert "*deleted with all its data*" in text


def test_a_reminder_told_late_offers_no_button_that_cannot_work() -> None:
    event = events.LeaseReminder(at=NOW, minutes=15, ends_at=SOON, end=LeaseEnd.STOP)
    assert offered(running(order=ordered()), event) == []
    assert offered(stopped(), event) == []


def test_an_extension_says_the_new_end_and_tells_the_owner_when_another_did_it() -> None:
    own = said(running(), events.LeaseExtended(at=NOW, actor=ADA_ACTS, ends_at=SOON))
    assert f"runs until {date(SOON)} now" in own
    assert OWNER not in own
    other = said(running(), events.LeaseExtended(at=NOW, actor=BO_ACTS, ends_at=None))
    assert "has no end now" in other
    assert f"{OWNER} {BO}" in other


def test_a_weekly_reminder_says_what_the_disk_costs_and_when_the_data_goes() -> None:
    event = events.DiskReminder(at=NOW, weeks=2, data_until=NOW + timedelta(days=7))
    text = said(stopped(), event)
    for part in (
        OWNER,
        "has been stopped for 2 weeks",
        "Its disk of 60 GB costs nothing",
        f"{date(NOW + timedelta(days=7))}",
    ):
        assert part in text
    assert offered(stopped(), event) == ["instance:start", "instance:delete"]
    past = event.replace(data_until=NOW, weeks=1)
    assert "the data may be gone" in said(stopped(data_until=NOW), past)
    assert "stopped for a week" in said(stopped(data_until=NOW), past)


def test_a_spot_notice_calls_the_owner_with_a_countdown_and_ways_out() -> None:
    event = events.SpotNotice(at=NOW, reclaim_at=SOON)
    text = said(running(spot_noticed=True), event)
    assert OWNER in text
    assert f"<!date^{int(SOON.timestamp())}^" in text and "{ago}" in text
    assert offered(running(spot_noticed=True), event) == [
        "instance:again:on_demand",
        "instance:again",
        "instance:connect",
    ]
    assert "it does not say when" in said(running(), event.model_copy(update={"reclaim_at": None}))


@pytest.mark.parametrize(
    ("event", "says", "calls_owner", "again"),
    [
        (halted(StopReason.ASKED, ADA_ACTS), "As its owner asked.", False, False),
        (halted(StopReason.ASKED, BO_ACTS), f"As {BO} asked.", False, False),
        (halted(StopReason.ASKED, PROGRAM), "As a program asked through the HTTP API.", False, False),
        (halted(StopReason.LEASE), "Its lease is over.", True, False),
        (halted(StopReason.HUNG), "It has not come up for so long, and nobody let it go on.", True, False),
        (halted(StopReason.RECLAIMED), "Novita has taken its GPU back, as it had announced", True, True),
        (halted(StopReason.PROBABLY_RECLAIMED), "Novita has probably taken its GPU back", True, True),
        (halted(StopReason.ELSEWHERE), "stopped in Novita's console, or its main program has ended", True, False),
    ],
)
def test_a_stop_says_why_and_calls_the_owner_when_nobody_asked(
    event: Event, says: str, calls_owner: bool, again: bool
) -> None:
    text = said(stopped(), event)
    assert says in text
    assert (OWNER in text) is calls_owner
    assert ("instance:again" in offered(stopped(), event)) is again
    assert "instance:start" in offered(stopped(), event)
    assert "Its GPU is no longer billed" in text
    assert "It has cost about $0.72." in text


def test_a_reclaim_is_said_in_the_headline() -> None:
    assert "*train-1* was taken back by Novita." in said(stopped(), halted(StopReason.RECLAIMED))


@pytest.mark.parametrize(
    ("event", "says", "calls_owner"),
    [
        (events.InstanceDeleted(at=NOW, asked=True, cause=Cause.PERSON, actor=ADA_ACTS), "As its owner asked.", False),
        (events.InstanceDeleted(at=NOW, asked=True, cause=Cause.PERSON, actor=BO_ACTS), f"As {BO} asked.", False),
        (
            events.InstanceDeleted(at=NOW, asked=True, cause=Cause.LEASE),
            "Its lease is over, and it was to be deleted then.",
            True,
        ),
        (
            events.InstanceDeleted(at=NOW, asked=True, cause=Cause.HUNG),
            "It has not come up for so long, and nobody let it go on. Nothing",
            True,
        ),
        (
            events.InstanceDeleted(at=NOW, asked=True, cause=Cause.PROGRAM, actor=PROGRAM),
            "As a program asked through the HTTP API.",
            False,
        ),
        (events.InstanceDeleted(at=NOW, cause=None), "Somebody deleted it outside this bot", True),
    ],
)
def test_a_deletion_says_who_it_was_and_what_it_has_cost(event: Event, says: str, calls_owner: bool) -> None:
    text = said(deleted(), event)
    assert says in text
    assert (OWNER in text) is calls_owner
    assert "nothing is billed. It has cost about $0.72." in text


def test_a_deletion_that_nobody_asked_for_offers_the_same_again() -> None:
    assert offered(deleted(), events.InstanceDeleted(at=NOW, cause=None)) == ["instance:again"]
    assert offered(deleted(), events.InstanceDeleted(at=NOW, asked=True, cause=Cause.PERSON, actor=ADA_ACTS)) == []


def test_running_offers_the_way_in() -> None:
    assert offered(running(), events.InstanceRunning(at=NOW)) == ["instance:connect"]
