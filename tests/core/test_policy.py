"""Who may do what."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from core.domain.base import PROGRAM, Actor
from core.domain.errors import NotAllowed
from core.domain.policy import Policy
from tests.core.samples import ADA, instance, request


def test_members_may_create_in_every_channel_when_none_is_set_aside() -> None:
    Policy(home_team="T0HOME").check_create(ADA, "C0ANY")


def test_only_the_channels_set_aside_may_be_used() -> None:
    policy = Policy(home_team="T0HOME", allowed_channels=("C0GPU",))
    policy.check_create(ADA, "C0GPU")
    for channel in ("C0OTHER", None):
        with pytest.raises(NotAllowed):
            policy.check_create(ADA, channel)


def test_people_of_another_workspace_may_not_create_anything() -> None:
    with pytest.raises(NotAllowed):
        Policy(home_team="T0HOME").check_create(Actor(user="U0GUEST", team="T0OTHER"), "C0GPU")


def test_who_holds_the_api_token_has_an_admins_rights() -> None:
    policy = Policy(home_team="T0HOME", max_lease=timedelta(hours=72))
    policy.check_act(PROGRAM, instance())
    policy.check_lease(PROGRAM, None)
    assert policy.is_admin(PROGRAM)


@pytest.mark.parametrize(
    ("actor", "changes", "field"),
    [
        (ADA, {"lease": None}, "lease"),
        (ADA, {"channel": "C0OTHER"}, "channel"),
        (Actor(user="U0GUEST", team="T0OTHER"), {}, ""),
    ],
)
def test_a_launch_that_may_not_be_is_refused_with_the_field_that_is_in_the_way(
    actor: Actor, changes: dict[str, Any], field: str
) -> None:
    policy = Policy(home_team="T0HOME", allowed_channels=("C0GPU",), max_lease=timedelta(hours=72))
    policy.check_launch(ADA, request(channel="C0GPU"))
    with pytest.raises(NotAllowed) as refused:
        policy.check_launch(actor, request(**{"channel": "C0GPU"} | changes))
    assert refused.value.field == field


def test_nobody_of_slack_is_taken_for_who_holds_the_api_token() -> None:
    policy = Policy(home_team="T0HOME")
    somebody = Actor(user=PROGRAM.user, team="T0HOME")
    assert not policy.is_admin(somebody)
    with pytest.raises(NotAllowed):
        policy.check_act(somebody, instance())


def test_a_program_needs_no_channel_but_may_not_choose_one_that_is_not_set_aside() -> None:
    policy = Policy(home_team="T0HOME", allowed_channels=("C0GPU",))
    for channel in (None, "C0GPU"):
        policy.check_create(PROGRAM, channel)
    with pytest.raises(NotAllowed):
        policy.check_create(PROGRAM, "C0OTHER")


@pytest.mark.parametrize("policy", [Policy(), Policy(home_teams=("T0HOME",)), Policy(admins=(ADA.user,))])
def test_before_it_is_known_who_is_at_home_nobody_of_slack_may_do_anything(policy: Policy) -> None:
    asked: tuple[Callable[[], None], ...] = (
        lambda: policy.check_home(ADA),
        lambda: policy.check_visitor(ADA),
        lambda: policy.check_create(ADA, "C0GPU"),
        lambda: policy.check_command(ADA, "C0GPU"),
        lambda: policy.check_act(ADA, instance()),
        lambda: policy.check_launch(ADA, request()),
    )
    for ask in asked:
        with pytest.raises(NotAllowed, match="just starting"):
            ask()
    policy.check_home(PROGRAM)


@pytest.mark.parametrize(
    ("actor", "is_let_in"),
    [
        (Actor(user="U0ADA", team="T0HOME"), True),
        (Actor(user="U0ADA", team="T0SECOND"), True),
        (Actor(user="U0ADA", team="T0OTHER"), False),
        (Actor(user="U0ADA", team="T0HOM"), False),
        (Actor(user="U0ADA", team=""), False),
        (Actor(user="U0ADA"), False),
        (PROGRAM, False),
    ],
)
def test_only_who_is_known_to_be_at_home_is_let_in_from_slack(actor: Actor, is_let_in: bool) -> None:
    policy = Policy(home_team="T0HOME", home_teams=("T0SECOND",), admins=("U0ADA", "api"))
    if is_let_in:
        policy.check_visitor(actor)
        return
    with pytest.raises(NotAllowed, match="Only members"):
        policy.check_visitor(actor)


def test_without_admins_nobody_is_one_and_without_a_channel_no_channel_is_allowed() -> None:
    assert not Policy(home_team="T0HOME").is_admin(ADA)
    assert not Policy(home_team="T0HOME", admins=()).is_admin(Actor(user="", team="T0HOME"))
    with pytest.raises(NotAllowed):
        Policy(home_team="T0HOME", allowed_channels=("C0GPU",)).check_command(ADA, "")
