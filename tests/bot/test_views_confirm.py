"""What the confirmation of a one-liner promises."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from bot.slack.ids import Action
from bot.views.blocks import Message
from bot.views.confirm import create_confirmation
from bot.views.text import date
from core.domain.market import Offer, Stock
from core.domain.request import InstanceRequest, LeaseEnd
from tests.bot import factories
from tests.bot.factories import HONG_KONG, NOW, SINGAPORE, asking_for, everything_in, offer
from tests.bot.test_views_buttons import drawn
from tests.bot.test_views_card import assert_slack_takes

LINE = "4090 x2 spot 8h as train-1 from comfy"


def confirmed(request: InstanceRequest, *offers: Offer, line: str = LINE) -> Message:
    message = create_confirmation(request, offers, line=line, template_name="comfy-prod", now=NOW)
    assert_slack_takes(message)
    return message


@given(
    factories.requests,
    st.lists(factories.offers, max_size=12),
    factories.anything,
    factories.anything,
    factories.instants,
)
def test_every_confirmation_is_a_message_that_slack_takes(
    request: InstanceRequest, offers: list[Offer], line: str, template: str, now: datetime
) -> None:
    assert_slack_takes(create_confirmation(request, offers, line=line, template_name=template, now=now))


def test_a_confirmation_says_what_where_for_how_much_and_how_long() -> None:
    message = confirmed(asking_for(), offer(HONG_KONG), offer(SINGAPORE, "0.22"))
    shown = everything_in(message.blocks)
    for part in (
        "Create *train-1*: 2 × RTX 4090 24GB, spot?",
        "*Price*\n≈ *$0.36/h* in CN-HK-01, at most $0.44 elsewhere; $2.88 (at most $3.52) for 8 h\n",
        "*Where*\nCN-HK-01 first, then AS-SGP-02",
        f"*Lease*\n8 h from running (until about {date(NOW + timedelta(hours=8, minutes=3))}), then stopped",
        "*Template*\ncomfy-prod",
        "*Disk*\n60 GB",
        "*Told in*\n<#C0GPU00001>",
    ):
        assert part in shown


def test_its_buttons_carry_the_line_to_the_letter() -> None:
    buttons = drawn(confirmed(asking_for(), offer()).blocks)
    assert [(one["action_id"], one["value"]) for one in buttons] == [
        (Action.CONFIRM_CREATE, LINE),
        (Action.EDIT_CREATE, LINE),
    ]


def test_what_no_region_sells_cannot_be_confirmed() -> None:
    message = confirmed(asking_for())
    assert [one["action_id"] for one in drawn(message.blocks)] == [Action.EDIT_CREATE]
    assert "No region sells that right now" in everything_in(message.blocks)


def test_a_line_that_no_button_can_carry_leads_to_the_form() -> None:
    for line in ("", "x" * 2001):
        assert [one["action_id"] for one in drawn(confirmed(asking_for(), offer(), line=line).blocks)] == [
            Action.CREATE
        ]


def test_no_end_and_a_deletion_at_the_end_are_said_loudly() -> None:
    assert "⚠️ no end" in everything_in(confirmed(asking_for(lease=None), offer()).blocks)
    deleting = everything_in(confirmed(asking_for(lease_end=LeaseEnd.DELETE), offer()).blocks)
    assert "then deleted with its data" in deleting


def test_an_empty_listing_and_a_region_that_does_not_sell_it_are_said() -> None:
    message = confirmed(asking_for(region="EU-GB-01"), offer(stock=Stock.NONE))
    shown = everything_in(message.blocks)
    assert "Novita lists no stock right now" in shown
    assert "(EU-GB-01 does not sell it)" in shown


def test_disk_above_the_free_part_is_priced_in_the_confirmation() -> None:
    shown = everything_in(confirmed(asking_for(rootfs_size=160), offer()).blocks)
    assert "*Disk*\n160 GB, $0.50 a day" in shown
    assert "≈ *$0.36/h*; $3.05 for 8 h\n💾 Disk above the free 60 GB: $0.50 a day" in shown
