"""Who may do what."""

from __future__ import annotations

import pytest

from core.errors import NotAllowed
from core.models import Actor
from core.policy import Policy
from tests.core.samples import ADA


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
