"""What the buttons of an instance promise."""

from __future__ import annotations

import json
from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given

from bot.slack.ids import Action
from bot.views import buttons
from bot.views.card import card
from core.domain.attempt import Failure, FailureKind
from core.domain.base import BillingMode
from core.domain.instance import Instance, Status
from core.domain.order import Verb
from core.services.lifecycle import possible
from tests.bot import factories
from tests.bot.factories import (
    NOW,
    asking_for,
    created,
    deleted,
    everything_in,
    failed,
    instance,
    ordered,
    running,
    stopped,
)

VERBS = ["instance:start", "instance:stop", "instance:restart", "instance:delete"]
EXTENSIONS = ["instance:extend:1h", "instance:extend:4h", "instance:extend:tonight"]
AGAIN = ["instance:again", "instance:again:on_demand"]


def drawn(blocks: list[Any]) -> list[dict[str, Any]]:
    return [element for block in blocks if block["type"] == "actions" for element in block["elements"]]


def on_card(shown: Instance, now: datetime = NOW) -> list[str]:
    return [element["action_id"] for element in drawn(card(shown, now).blocks)]


def dialog(shown: Instance, action: Action) -> str:
    return everything_in(buttons.button(shown, action)["confirm"])


@pytest.mark.parametrize(
    ("shown", "expected"),
    [
        (instance(), []),
        (created(), ["instance:delete"]),
        (running(), ["instance:connect", "instance:stop", "instance:restart", "instance:delete", *EXTENSIONS]),
        (running(lease_ends_at=None), ["instance:connect", "instance:stop", "instance:restart", "instance:delete"]),
        (running(order=ordered(Verb.STOP)), ["instance:connect", "instance:delete"]),
        (running(order=ordered(Verb.DELETE)), ["instance:connect"]),
        (stopped(), ["instance:start", "instance:delete"]),
        (stopped(spot_noticed=True), ["instance:start", "instance:delete", *AGAIN]),
        (stopped(order=ordered(Verb.START)), ["instance:delete"]),
        (deleted(), AGAIN),
        (failed(), AGAIN),
        (failed(FailureKind.INSTANCE, novita_id="3f9a"), ["instance:delete", *AGAIN]),
    ],
)
def test_the_card_has_exactly_the_buttons_that_make_sense(shown: Instance, expected: list[str]) -> None:
    assert on_card(shown) == expected


@given(factories.instances, factories.instants)
def test_no_button_of_a_verb_is_on_a_card_where_it_is_not_possible(any_instance: Instance, now: datetime) -> None:
    assert {one for one in on_card(any_instance, now) if one in VERBS} == {
        f"instance:{verb.value}" for verb in possible(any_instance)
    }
    ids = [(element["action_id"], element["value"]) for element in drawn(card(any_instance, now).blocks)]
    assert len(ids) == len(set(ids))
    assert all(value == any_instance.id for _, value in ids)


def test_until_tonight_is_not_offered_when_the_lease_lasts_longer_anyway() -> None:
    assert "instance:extend:tonight" not in on_card(running(lease_ends_at=NOW + timedelta(hours=30)))


def test_on_demand_is_only_offered_to_what_was_spot() -> None:
    assert on_card(deleted(request=asking_for(billing_mode=BillingMode.ON_DEMAND))) == ["instance:again"]


def test_stopping_asks_first_and_says_what_is_lost_and_what_still_bills() -> None:
    asked = dialog(running(request=asking_for(rootfs_size=260)), Action.STOP)
    for part in ("Stop train-1?", "Programs that run on it end", "at most 7 days", "may find none", "$1.00 a day"):
        assert part in asked


def test_deleting_asks_first_and_says_that_nothing_comes_back() -> None:
    asked = dialog(running(), Action.DELETE)
    for part in ("Delete train-1?", "destroyed at once", "nobody can bring it back", "Stop it instead"):
        assert part in asked
    assert "Stop it instead" not in dialog(stopped(), Action.DELETE)


def test_a_start_asks_first_with_its_price_and_what_the_lease_costs() -> None:
    asked = dialog(stopped(request=asking_for(rootfs_size=160)), Action.START)
    for part in ("Start train-1?", "$0.36/h, spot", "$3.05 for its lease of 8 h", "may find no free GPU"):
        assert part in asked
    assert "$0.36/h, spot, with no end." in dialog(stopped(request=asking_for(lease=None)), Action.START)
    assert "It is billed again, spot." in dialog(stopped(offer=None), Action.START)


def test_the_same_again_is_not_offered_where_it_would_go_the_same_way() -> None:
    assert on_card(failed(FailureKind.MONEY)) == []
    assert on_card(failed(FailureKind.BAD_INPUT)) == []
    assert on_card(failed(FailureKind.QUOTA)) == ["instance:again"]
    broken = Failure(kind=FailureKind.INSTANCE, reason="pullFailed", message="image pull failed")
    assert on_card(failed(failure=broken, novita_id="3f9a")) == ["instance:delete"]


def test_dialogs_are_whole_even_for_the_longest_names_and_largest_disks() -> None:
    large = failed(FailureKind.LOST, request=asking_for(name="n" * 100, rootfs_size=6144))
    for action in (Action.START, Action.STOP, Action.RESTART, Action.DELETE):
        assert "…" not in dialog(large, action)


def test_every_state_of_a_verb_has_a_label() -> None:
    assert all(buttons.LABELS[action] for action in (*buttons.VERBS, *buttons.EXTENSIONS, *buttons.AGAIN))


def test_a_short_row_is_one_block() -> None:
    for shown in (running(), stopped(), deleted(), instance()):
        assert len(buttons.short_row(shown, NOW)) <= 1
    assert "instance:extend:4h" in json.dumps(buttons.short_row(running(), NOW))


def test_an_instance_in_an_unknown_state_can_still_be_stopped_and_deleted() -> None:
    assert on_card(running(status=Status.UNKNOWN)) == ["instance:stop", "instance:delete"]


def test_a_start_is_put_forward_where_it_helps_and_not_where_it_has_just_failed() -> None:
    def style(shown: Instance) -> str | None:
        return next(each.get("style") for each in drawn(card(shown, NOW).blocks) if each["action_id"] == Action.START)

    assert style(stopped()) == "primary"
    assert style(failed(FailureKind.INSTANCE, novita_id="3f9a", novita_status="exited")) is None
