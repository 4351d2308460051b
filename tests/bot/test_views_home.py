"""What the App Home promises."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.slack.block_kit import problems_in_view
from bot.slack.ids import Action
from bot.views.home import home
from core.domain.base import Actor
from core.domain.instance import Instance
from tests.bot import factories
from tests.bot.factories import NOW, asking_for, everything_in, running, stopped
from tests.bot.test_views_buttons import drawn


def view(mine: list[Instance], others: list[Instance], *, is_admin: bool = False, page: int = 0) -> dict[str, Any]:
    shown = home(mine, others, now=NOW, is_admin=is_admin, spent_this_month=Decimal("12.5"), page=page)
    assert problems_in_view(shown) == []
    return shown


def many(count: int, prefix: str, user: str = "U0BO000001") -> list[Instance]:
    return [
        running(id=f"{prefix}{n}", owner=Actor(user=user), request=asking_for(name=f"{prefix}{n}"))
        for n in range(count)
    ]


def stop_values(shown: dict[str, Any]) -> list[str]:
    return [one["value"] for one in drawn(shown["blocks"]) if one["action_id"] == Action.STOP]


@given(
    st.lists(factories.records, max_size=4),
    st.lists(factories.records, max_size=4),
    st.booleans(),
    factories.prices,
    st.integers(-2, 50),
    factories.instants,
)
def test_every_home_is_a_view_that_slack_takes(
    mine: list[Instance], others: list[Instance], is_admin: bool, spent: Decimal, page: int, now: datetime
) -> None:
    shown = home(mine, others, now=now, is_admin=is_admin, spent_this_month=spent, page=page)
    assert problems_in_view(shown) == []
    assert not any("<!" in text.replace("<!date^", "") for text in factories.mrkdwn_in(shown))


def test_home_shows_my_instances_with_buttons_what_i_spent_and_a_create_button() -> None:
    shown = view([running(), stopped()], [])
    text = everything_in(shown)
    for part in (
        "Your GPUs",
        "spent about *$12.50* on GPUs this month",
        "🟢 *train-1* running",
        "8 h left",
        "⏸️ *train-1*",
    ):
        assert part in text
    assert shown["blocks"][1]["accessory"]["action_id"] == Action.CREATE
    ids = [one["action_id"] for one in drawn(shown["blocks"])]
    assert ids[:5] == ["instance:connect", "instance:stop", "instance:restart", "instance:delete", "instance:extend:4h"]
    assert ids[5:] == ["instance:start", "instance:delete"]


def test_an_empty_home_says_how_to_begin() -> None:
    assert "You have no GPU instance right now." in everything_in(view([], []))


def test_everybody_elses_are_for_admins_only() -> None:
    others = many(2, "theirs")
    assert "theirs0" not in everything_in(view([running()], others))
    seen = everything_in(view([running()], others, is_admin=True))
    assert "Everybody else's GPUs" in seen
    assert "*theirs0* running" in seen
    assert "<@U0BO000001>" in seen


def test_a_full_page_of_everything_stays_within_a_views_hundred_blocks() -> None:
    for mine, others in ((39, 100), (40, 100), (1, 100), (100, 100)):
        for page in range(5):
            assert len(view(many(mine, "m"), many(others, "o"), is_admin=True, page=page)["blocks"]) <= 100


def test_five_hundred_instances_are_all_reached_by_turning_pages_each_once() -> None:
    mine, others = many(130, "mine", "U0ADA00001"), many(370, "theirs")
    reached: list[str] = []
    page = "0"
    while page:
        shown = view(mine, others, is_admin=True, page=int(page))
        reached += stop_values(shown)
        turns = [one for one in drawn(shown["blocks"]) if one["text"]["text"].startswith("Next page")]
        page = turns[0]["value"] if turns else ""
    assert sorted(reached) == sorted(one.id for one in [*mine, *others])
