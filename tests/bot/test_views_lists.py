"""What the lists promise: instances in pages, offers, templates, and what a name may have meant."""

from __future__ import annotations

import time
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.slack.ids import Action
from bot.views.blocks import Message
from bot.views.lists import choose, instance_list, nothing_named, offer_list, status, template_list
from core.domain.base import Actor
from core.domain.instance import Instance
from core.domain.market import Market, Stock
from core.domain.order import Verb
from core.domain.template import Template
from tests.bot import factories
from tests.bot.factories import (
    H100,
    HONG_KONG,
    NOW,
    RTX,
    SINGAPORE,
    asking_for,
    created,
    deleted,
    everything_in,
    failed,
    instance,
    market,
    ordered,
    product,
    running,
    stopped,
)
from tests.bot.test_views_buttons import drawn, on_card
from tests.bot.test_views_card import assert_slack_takes


def listed(*instances: Instance, scope: str = "all", page: int = 0, now: datetime = NOW) -> Message:
    message = instance_list(instances, scope=scope, page=page, now=now)
    assert_slack_takes(message)
    return message


def text(message: Message) -> str:
    return everything_in(message.blocks)


def owned(user: str, name: str, **changes: Any) -> Instance:
    return running(id=name, owner=Actor(user=user), request=asking_for(name=name), **changes)


def accessories(message: Message) -> list[tuple[str, str]]:
    found = [block["accessory"] for block in message.blocks if "accessory" in block]
    return [(one["action_id"], one["value"]) for one in found]


def pages_of(instances: list[Instance]) -> list[Message]:
    """All pages as one reaches them by clicking."""
    shown, page = [], "0"
    while page:
        shown.append(listed(*instances, page=int(page)))
        values = [one["value"] for one in drawn(shown[-1].blocks) if one["text"]["text"].startswith("Next page")]
        page = values[0].removeprefix("all ") if values else ""
    return shown


@given(
    st.lists(factories.records, max_size=6), st.sampled_from(["mine", "all"]), st.integers(-5, 1000), factories.instants
)
def test_every_list_is_a_message_that_slack_takes(many: list[Instance], scope: str, page: int, now: datetime) -> None:
    assert_slack_takes(instance_list(many, scope=scope, page=page, now=now))


@pytest.mark.parametrize("letter", ["x", "&", "漢", "🤖"])
def test_a_full_page_of_the_longest_names_fits(letter: str) -> None:
    request = asking_for(name="n" * 100, product_name=letter * 100)
    many = [running(request=request, owner=Actor(user=f"U0PERSON{n:02}"), spot_noticed=True) for n in range(40)]
    for page in range(3):
        listed(*many, page=page)


def test_five_hundred_instances_are_all_reached_by_turning_pages_each_once_and_fast() -> None:
    many = [owned(f"U0PERSON{n % 40:02}", f"gpu-{n}") for n in range(500)]
    began = time.thread_time()
    pages = pages_of(many)
    spent = time.thread_time() - began
    reached = [value for page in pages for _, value in accessories(page)]
    assert sorted(reached) == sorted(one.id for one in many)
    assert len(pages) == 34
    assert all("*Together:* 500 instances, 500 running, $180.00/h now" in text(page) for page in pages)
    assert spent / len(pages) < 0.2


def test_pages_can_be_turned_back_and_a_page_that_is_gone_shows_the_last() -> None:
    many = [owned("U0ADA00001", f"gpu-{n}") for n in range(40)]
    assert [(one["action_id"], one["value"]) for one in drawn(listed(*many, page=1).blocks)] == [
        ("list:page", "all 2"),
        ("list:page", "all 0"),
    ]
    assert "page 3 of 3" in text(listed(*many, page=99))
    assert "page" not in text(listed(*many[:3]))


def test_an_instance_tells_state_machine_price_time_left_and_cost() -> None:
    shown = text(listed(running(), now=NOW + timedelta(hours=2)))
    assert "🟢 *train-1* running\n2 × RTX 4090 24GB in AS-SGP-02 · $0.36/h spot · 6 h left · ≈ $0.72 so far" in shown


def test_what_is_coming_stands_where_the_time_left_would() -> None:
    assert "to be deleted" in text(listed(running(order=ordered(Verb.DELETE))))
    assert "no end" in text(listed(running(lease_ends_at=None)))
    assert "Novita takes it back" in text(listed(running(spot_noticed=True)))
    assert "data kept until <!date^" in text(listed(stopped()))


def test_everybodys_list_stands_under_its_owners_who_costs_most_first() -> None:
    shown = text(listed(owned("U0BO000001", "b"), owned("U0ADA00001", "a1"), owned("U0ADA00001", "a2")))
    ada, bo = shown.index("<@U0ADA00001> · 2 instances · $0.72/h now"), shown.index("<@U0BO000001> · 1 instance")
    assert ada < shown.index("*a1*") < bo < shown.index("*b*")


def test_ones_own_list_needs_no_headings_and_says_how_to_see_more_when_empty() -> None:
    assert "<@U0ADA00001>" not in text(listed(running(), scope="mine"))
    empty = listed(scope="mine")
    assert "`/gpu create` makes one" in text(empty)
    assert "`/gpu list all`" in text(empty)
    assert [one["action_id"] for one in drawn(empty.blocks)] == [Action.CREATE]
    assert "Nobody has" in text(listed())


def test_the_sum_counts_only_what_is_billed_now_and_names_disks_of_the_stopped() -> None:
    large = stopped(request=asking_for(rootfs_size=260))
    shown = text(listed(running(), large, deleted(), failed(), instance(), now=NOW + timedelta(hours=1)))
    assert "*Together:* 5 instances, 1 running, $0.36/h now, $1.00 a day for disks of stopped ones" in shown
    assert "≈ $1.92 so far" in shown, "three hours of a disk that costs are in it"
    assert "$0.36/h spot when it runs · " in shown


def test_one_in_a_state_that_nobody_knows_is_not_counted_as_running() -> None:
    assert "2 instances, 1 running, $0.72/h now" in text(listed(running(), running(novita_status="hibernating")))


def test_what_runs_stands_before_what_does_not() -> None:
    shown = text(listed(stopped(request=asking_for(name="old")), owned("U0ADA00001", "new")))
    assert shown.index("*new*") < shown.index("*old*")


def test_each_row_opens_its_details() -> None:
    assert accessories(listed(running())) == [("instance:status", "0123456789")]


def test_a_status_is_the_card_with_its_buttons() -> None:
    message = status(running(), NOW)
    assert_slack_takes(message)
    assert {one["action_id"] for one in drawn(message.blocks)} == set(on_card(running()))


@given(factories.anything, st.lists(factories.records, max_size=6), st.sampled_from(Action))
def test_a_choice_is_a_message_that_slack_takes(typed: str, many: list[Instance], action: Action) -> None:
    assert_slack_takes(choose(action, typed, many))


def test_an_ambiguous_name_gives_a_button_each_and_counts_the_rest() -> None:
    many = [owned("U0ADA00001", f"train-{n}") for n in range(25)]
    message = choose(Action.STOP, "train", many)
    assert_slack_takes(message)
    assert "`train` fits 25 instances. Which one?" in text(message)
    found = accessories(message)
    assert found == [("instance:stop", one.id) for one in many[: len(found)]]
    assert len(found) >= 12
    assert f"{25 - len(found)} more fit" in text(message)
    assert all("confirm" in block["accessory"] for block in message.blocks if "accessory" in block)
    assert len(accessories(choose(Action.STATUS, "train", many))) == 20


@pytest.mark.parametrize("letter", ["x", "&", "漢", "🤖"])
def test_a_choice_among_the_longest_names_fits(letter: str) -> None:
    request = asking_for(name="n" * 100, product_name=letter * 100, rootfs_size=6144)
    for action in (Action.STOP, Action.DELETE, Action.STATUS):
        assert_slack_takes(choose(action, letter * 100, [running(request=request)] * 30))


def test_a_choice_has_no_button_that_cannot_work() -> None:
    assert accessories(choose(Action.START, "t", [running(id="a"), stopped(id="b")])) == [("instance:start", "b")]
    assert accessories(choose(Action.CONNECT, "t", [created(id="a"), running(id="b")])) == [("instance:connect", "b")]


@given(factories.anything, st.lists(factories.anything, max_size=9))
def test_a_name_that_fits_nothing_is_repeated_harmlessly(typed: str, near: list[str]) -> None:
    assert_slack_takes(nothing_named(typed, near))


def test_a_name_that_fits_nothing_gets_the_nearest() -> None:
    assert "Did you mean `train-1`, `train-2`?" in nothing_named("trian", ["train-1", "train-2"]).text
    assert "`/gpu list` shows yours" in nothing_named("x", []).text


@given(factories.markets, st.sampled_from(["", "rtx", "GPU", "h100 80"]) | factories.anything, factories.instants)
def test_every_list_of_offers_is_a_message_that_slack_takes(sale: Market, typed: str, now: datetime) -> None:
    assert_slack_takes(offer_list(sale, typed, now))


@pytest.mark.parametrize("letter", ["x", "&", "漢", "🤖"])
def test_offers_in_forty_regions_with_long_names_fit(letter: str) -> None:
    places = [HONG_KONG.model_copy(update={"name": f"{n}{letter * 80}", "place": letter * 80}) for n in range(40)]
    for names in (4, 60):
        sale = market(*(product(place, name=f"{letter * 70}{n}") for place in places for n in range(names)))
        assert_slack_takes(offer_list(sale, "", NOW))


def test_a_gpu_is_shown_region_by_region_with_both_prices_and_stock() -> None:
    sale = market(
        product(SINGAPORE, "0.22", "0.40", stock=Stock.LOW), product(HONG_KONG), product(HONG_KONG, name=H100)
    )
    shown = text(offer_list(sale, "4090", NOW))
    assert f"*{RTX}*\n• CN-HK-01 (Hong Kong): spot $0.18, stock high · on demand $0.35, stock high\n" in shown
    assert "• AS-SGP-02 (Singapore): spot $0.22, stock low · on demand $0.40, stock low" in shown
    assert H100 not in shown


def test_many_gpus_get_a_line_each() -> None:
    shown = text(offer_list(market(*(product(HONG_KONG, name=f"GPU {n}") for n in range(9))), "", NOW))
    assert "• *GPU 0*: spot from $0.18, stock high · on demand from $0.35, stock high (1 region)" in shown
    assert "`/gpu offers 4090`" in shown


def test_a_price_without_stock_does_not_hide_one_that_can_be_had() -> None:
    shown = text(offer_list(market(product(HONG_KONG, "0.10", stock=Stock.NONE), product(HONG_KONG, "0.20")), "", NOW))
    assert "spot $0.20, stock high" in shown


def test_old_offers_say_how_old_they_are() -> None:
    assert "5 min old" in text(offer_list(market(), "", NOW + timedelta(minutes=5)))


def test_no_offer_is_said_with_what_was_looked_for() -> None:
    assert "no GPU whose name holds `gb300`" in text(offer_list(market(), "gb300", NOW))
    assert "lists no GPU right now" in text(offer_list(Market(as_of=NOW, regions=(), products=()), "", NOW))


@given(factories.templates, st.sampled_from(["", "a"]) | factories.anything)
def test_every_list_of_templates_is_a_message_that_slack_takes(templates: list[Template], typed: str) -> None:
    assert_slack_takes(template_list(templates, typed))


def test_templates_are_found_by_all_words_and_the_teams_own_come_first() -> None:
    known = [
        Template(id="1", name="PyTorch 2.9", channel="official", image="pytorch:2.9"),
        Template(id="2", name="my torch 2.9", channel="private", image="team/x:1"),
        Template(id="3", name="ComfyUI", channel="official", image="comfy:1"),
    ]
    shown = text(template_list(known, "2.9 TORCH"))
    assert "2 templates for" in shown
    assert shown.index("`2` · private · team/x:1") < shown.index("*PyTorch 2.9* `1` · official · pytorch:2.9")
    assert "ComfyUI" not in shown
    assert "No template fits `zz`." in text(template_list(known, "zz"))
    assert "lists no templates" in text(template_list([], ""))


def test_what_was_spent_is_summed_to_the_cent() -> None:
    many = [owned("U0ADA00001", f"g{n}", offer=factories.offer(usd="0.333")) for n in range(3)]
    assert Decimal("2.00") == sum((Decimal("0.666"),) * 3, Decimal(0)).quantize(Decimal("0.01"))
    assert "≈ $2.00 so far" in text(listed(*many, now=NOW + timedelta(hours=1)))
