"""What the open create modal promises."""

from __future__ import annotations

import time
from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.slack.block_kit import problems_in_suggestions, problems_in_view
from bot.sandbox.slack.forms import carried_over, initial_state
from bot.slack.ids import Action, View
from bot.views.lists import template_list
from bot.views.modal import (
    Form,
    ModalContext,
    create_view,
    form_of,
    rankable,
    read_context,
    read_form,
    template_options,
)
from bot.views.text import date
from bot.wording import money
from core.domain.base import BillingMode
from core.domain.market import Market, Offer, Stock
from core.domain.offers import rank
from core.domain.request import Field, LeaseEnd, usual_draft
from core.domain.template import Template
from core.domain.validation import Limits
from tests.bot import factories
from tests.bot.factories import (
    ENDLESS,
    H100,
    HONG_KONG,
    LIMITS,
    NOW,
    RTX,
    SINGAPORE,
    SYDNEY,
    form,
    market,
    offer,
    product,
)

View_ = dict[str, Any]

OPENED = form_of(replace(usual_draft(), name="a", no_end=True))


def draw(
    chosen: Form,
    sale: Market,
    *,
    limits: Limits = LIMITS,
    context: ModalContext | None = None,
    later: timedelta = timedelta(),
    note: str | None = None,
) -> View_:
    wanted = rankable(chosen)
    offers = rank(sale, wanted) if wanted else []
    context = context or ModalContext()
    return create_view(chosen, sale, offers, limits=limits, context=context, now=NOW + later, note=note)


def inputs(view: View_) -> dict[str, Any]:
    return {block["element"]["action_id"]: block for block in view["blocks"] if block["type"] == "input"}


def texts(view: View_, field: Field) -> list[str]:
    return [option["text"]["text"] for option in inputs(view)[field]["element"]["options"]]


def price_line(view: View_) -> str:
    return next(str(block["text"]["text"]) for block in view["blocks"] if block.get("block_id") == "price")


def as_slack_sends(view: View_, typed: dict[str, Any] | None = None) -> View_:
    return {**view, "state": {"values": carried_over(typed or {}, view["blocks"])}}


@given(
    factories.forms,
    factories.markets,
    st.lists(factories.offers, max_size=12),
    factories.limits,
    factories.contexts,
    factories.instants,
    st.none() | factories.anything,
)
def test_every_form_over_every_market_is_a_view_that_slack_takes(
    chosen: Form, sale: Market, offers: list[Offer], limits: Limits, context: ModalContext, now: Any, note: str | None
) -> None:
    view = create_view(chosen, sale, offers, limits=limits, context=context, now=now, note=note)
    assert problems_in_view(view) == []
    assert not any("<!" in text.replace("<!date^", "") for text in factories.mrkdwn_in(view))


def test_the_form_has_every_field_of_a_request_under_its_own_name() -> None:
    view = draw(form(), market(), context=ModalContext(advanced=True))
    assert set(inputs(view)) == set(Field)
    assert all(block["block_id"].startswith(field) for field, block in inputs(view).items())
    assert view["callback_id"] == View.CREATE


def test_webhook_and_variables_wait_behind_a_button() -> None:
    view = draw(form(), market())
    assert {Field.WEBHOOK_URL, Field.ENVS}.isdisjoint(inputs(view))
    assert action_ids(view) == [Action.REVEAL_ADVANCED]


def action_ids(view: View_) -> list[str]:
    return [
        element["action_id"] for block in view["blocks"] if block["type"] == "actions" for element in block["elements"]
    ]


def test_a_gpu_says_its_price_stock_and_how_many_regions_have_it() -> None:
    assert texts(draw(form(), market()), Field.PRODUCT_NAME) == [f"{RTX} · $0.18/h · stock high · 3 regions"]


def test_a_gpu_that_costs_more_elsewhere_says_from() -> None:
    sale = market(product(HONG_KONG, "0.18"), product(SINGAPORE, "0.22"))
    assert texts(draw(form(), sale), Field.PRODUCT_NAME) == [f"{RTX} · from $0.18/h · stock high · 2 regions"]


def test_a_gpu_without_a_spot_price_says_so_and_what_it_costs_on_demand() -> None:
    sale = market(product(HONG_KONG, None, "2.10", H100))
    assert texts(draw(form(), sale), Field.PRODUCT_NAME) == [f"{H100} · no spot (on demand $2.10/h)"]


def test_what_is_in_stock_stands_before_what_is_cheaper_and_sold_out() -> None:
    sale = market(product(HONG_KONG, "0.10", stock=Stock.NONE), product(HONG_KONG, "2.10", name=H100))
    assert [text.split(" ·")[0] for text in texts(draw(form(), sale), Field.PRODUCT_NAME)] == [H100, RTX]


def test_a_choice_that_changes_prices_or_the_route_is_reported_at_once() -> None:
    told = {field for field, block in inputs(draw(form(), market())).items() if block["dispatch_action"]}
    assert told == {
        Field.PRODUCT_NAME,
        Field.GPU_NUM,
        Field.ROOTFS_SIZE,
        Field.BILLING_MODE,
        Field.REGION,
        Field.LEASE,
    }


def test_the_price_line_tells_the_hour_the_lease_and_the_route() -> None:
    until = "<!date^1795464000^{date_long_pretty} at {time}|Mon 2026-11-23 20:00 UTC>"
    sale = market(product(HONG_KONG, "0.18"), product(SINGAPORE, "0.18"), product(SYDNEY, "0.18"))
    assert price_line(draw(form(region="CN-HK-01"), sale)) == (
        f"≈ *$0.36/h*, $2.88 until {until}; CN-HK-01 first, then AS-SGP-02, OC-AU-01"
    )


def test_the_price_line_says_what_the_first_region_costs_and_then_what_it_is_at_most() -> None:
    sale = market(product(HONG_KONG, "0.18"), product(SINGAPORE, "0.22"))
    line = price_line(draw(form(), sale))
    assert line.startswith("≈ *$0.36/h* in CN-HK-01, at most $0.44 elsewhere, $2.88 (at most $3.52) until ")
    line = price_line(draw(form(region="AS-SGP-02"), sale))
    assert line.startswith("≈ *$0.44/h* in AS-SGP-02, less elsewhere, $3.52 until ")


def test_menus_and_price_line_count_the_same_regions_and_what_is_sold_out_stands_apart() -> None:
    sale = market(product(HONG_KONG, "0.10", stock=Stock.NONE), product(SINGAPORE, "0.18"), product(SYDNEY, "0.22"))
    view = draw(form(gpu_num=1), sale)
    assert texts(view, Field.PRODUCT_NAME) == [f"{RTX} · from $0.18/h · stock high · 2 regions"]
    first, gone = price_line(view).split("\n")
    assert first.startswith("≈ *$0.18/h* in AS-SGP-02, at most $0.22 elsewhere, ")
    assert first.endswith("; AS-SGP-02 first, then OC-AU-01")
    assert gone == "No stock listed in CN-HK-01 ($0.10/h per GPU): tried last."
    assert texts(view, Field.REGION) == [
        "Any region",
        "CN-HK-01 · Hong Kong · $0.10/h · no stock listed",
        "AS-SGP-02 · Singapore · $0.18/h · stock high",
        "OC-AU-01 · Sydney · $0.22/h · stock high",
    ]


def test_what_is_sold_out_everywhere_never_says_from() -> None:
    sale = market(product(HONG_KONG, "0.10", stock=Stock.NONE), product(SINGAPORE, "0.12", stock=Stock.NONE))
    assert texts(draw(form(), sale), Field.PRODUCT_NAME) == [f"{RTX} · no stock listed ($0.10–0.12/h) · 2 regions"]


def test_disk_above_the_free_part_is_priced_and_in_the_total() -> None:
    line = price_line(draw(form(rootfs_size=160), market()))
    assert line.startswith("≈ *$0.36/h*, $3.05 until ")  # 8 h of 0.36, and a third of 100 GB × $0.005.
    assert "💾 Disk above the free 60 GB: $0.50 a day as long as it exists, running or stopped" in line
    assert "💾" not in price_line(draw(form(rootfs_size=60), market()))
    assert "💾 Disk above the free 60 GB: $0.005 a day" in price_line(draw(form(rootfs_size=61), market()))
    endless = price_line(draw(form(rootfs_size=160, lease=None, no_end=True), market(), limits=ENDLESS))
    assert endless.endswith("a day as long as it exists, running or stopped.")


@pytest.mark.parametrize(
    ("wished", "no_end", "shown", "said"),
    [
        (timedelta(hours=72), False, "3 days", ""),
        (timedelta(hours=72, seconds=1), False, "3 days", "A lease is at most 3 days"),
        (timedelta(hours=100), False, "3 days", "so 3 days is chosen instead of 4 days 4 h."),
        (None, True, "3 days", "; 3 days is chosen instead of no end."),
        (timedelta(minutes=1), False, "1 min", ""),
        (timedelta(seconds=59), False, "1 min", "A lease is at least a minute, so a minute is chosen."),
        (None, False, "8 h", ""),
    ],
)
def test_the_lease_that_is_counted_is_the_one_that_is_shown(
    wished: timedelta | None, no_end: bool, shown: str, said: str
) -> None:
    view = draw(form(lease=wished, no_end=no_end), market())
    assert inputs(view)[Field.LEASE]["element"]["initial_option"]["text"]["text"] == shown
    sent = read_form(as_slack_sends(view))
    assert sent.lease is not None
    hours = Decimal(int(sent.lease.total_seconds())) / 3600
    assert f"/h*, {money(Decimal('0.36') * hours)} until {date(NOW + sent.lease)}; " in price_line(view)
    assert said in read_context(view).note
    assert bool(said) == bool(read_context(view).note)


def test_a_long_route_names_the_first_regions_and_counts_the_rest() -> None:
    offers = [offer(HONG_KONG.model_copy(update={"name": f"R-{n}"})) for n in range(8)]
    view = create_view(form(), market(), offers, limits=LIMITS, context=ModalContext(), now=NOW)
    assert price_line(view).endswith("R-0 first, then R-1, R-2, R-3 and 4 more")


def test_no_end_has_no_total() -> None:
    line = price_line(draw(form(lease=None, no_end=True), market(), limits=ENDLESS))
    assert line.startswith("≈ *$0.36/h*, with no end; ")


def test_an_empty_listing_is_said_and_does_not_stop_a_create() -> None:
    view = draw(form(), market(product(HONG_KONG, stock=Stock.NONE)))
    assert "Novita lists no stock right now; a create will still be tried everywhere." in price_line(view)
    assert "submit" in view


def test_one_region_with_stock_is_enough_to_say_nothing_of_it() -> None:
    view = draw(form(), market(product(HONG_KONG, stock=Stock.NONE), product(SINGAPORE)))
    assert "no stock" not in price_line(view)


def test_spot_without_a_price_offers_on_demand_and_does_not_switch_by_itself() -> None:
    view = draw(form(product_name=H100), market(product(HONG_KONG, None, "2.10", H100)))
    assert price_line(view) == f"*{H100}* has no spot price right now. On demand it costs $2.10/h per GPU."
    assert Action.USE_ON_DEMAND in action_ids(view)
    assert read_form(as_slack_sends(view)).billing_mode is BillingMode.SPOT


def test_the_on_demand_button_moves_the_choice_even_though_slack_keeps_what_was_chosen() -> None:
    sale = market(product(HONG_KONG, None, "2.10", H100))
    before = draw(form(product_name=H100), sale)
    chosen = form(product_name=H100, billing_mode=BillingMode.ON_DEMAND)
    after = draw(chosen, sale, context=read_context(before).switched())
    sent = as_slack_sends(after, initial_state(before["blocks"]))
    assert read_form(sent).billing_mode is BillingMode.ON_DEMAND
    assert "$4.20/h" in price_line(after)


def test_a_region_that_does_not_sell_the_gpu_is_said() -> None:
    view = draw(form(region="OC-AU-01"), market(product(HONG_KONG)))
    assert "OC-AU-01 does not sell it." in price_line(view)


def test_a_disk_that_no_region_takes_is_said() -> None:
    view = draw(form(rootfs_size=5000), market(product(HONG_KONG, max_disk=300)))
    assert "with that disk size" in price_line(view)


def test_old_prices_say_how_old_they_are() -> None:
    assert "5 min old" in factories.everything_in(draw(form(), market(), later=timedelta(minutes=5)))
    assert " old" not in factories.everything_in(draw(form(), market(), later=timedelta(minutes=1)))


def test_nothing_chosen_yet_asks_for_a_gpu() -> None:
    assert price_line(draw(Form(), market())) == "Choose a GPU to see what it costs."


def test_a_lease_is_at_most_what_is_allowed_and_no_end_only_without_a_bound() -> None:
    assert texts(draw(form(), market()), Field.LEASE)[-1] == "3 days"
    assert "No end" not in texts(draw(form(), market()), Field.LEASE)
    assert texts(draw(form(), market(), limits=ENDLESS), Field.LEASE)[-1] == "No end"


def test_whoever_may_run_without_an_end_is_offered_it_beside_the_bound() -> None:
    admin = Limits(default_lease=timedelta(hours=8), max_lease=timedelta(hours=72), may_be_endless=True)
    assert texts(draw(form(), market(), limits=admin), Field.LEASE)[-2:] == ["3 days", "No end"]
    chosen = inputs(draw(form(lease=None, no_end=True), market(), limits=admin))[Field.LEASE]
    assert chosen["element"]["initial_option"]["text"]["text"] == "No end"


def test_what_happens_at_the_end_is_a_choice_that_keeps_the_data_unless_told_otherwise() -> None:
    block = inputs(draw(OPENED, market()))[Field.LEASE_END]
    assert block["element"]["initial_option"]["value"] == LeaseEnd.STOP
    assert "data is kept, at most 7 days" in block["element"]["initial_option"]["text"]["text"]
    deleting = inputs(draw(form(lease_end=LeaseEnd.DELETE), market()))[Field.LEASE_END]
    assert deleting["element"]["initial_option"]["value"] == LeaseEnd.DELETE


def test_a_wished_lease_between_the_usual_ones_is_among_the_choices_and_chosen() -> None:
    block = inputs(draw(form(lease=timedelta(hours=3)), market()))[Field.LEASE]
    assert block["element"]["initial_option"]["text"]["text"] == "3 h"
    too_long = inputs(draw(form(lease=timedelta(hours=300)), market()))[Field.LEASE]
    assert too_long["element"]["initial_option"]["text"]["text"] == "3 days"
    assert "At most 3 days." in too_long["hint"]["text"]


def test_a_form_with_a_webhook_shows_it_without_being_asked_and_can_hide_it() -> None:
    view = draw(form(webhook_url="https://example.com/hook"), market())
    assert inputs(view)[Field.WEBHOOK_URL]["element"]["initial_value"] == "https://example.com/hook"
    assert read_context(view).advanced


def test_a_note_stands_on_top_harmlessly_and_stays_when_the_form_is_redrawn() -> None:
    view = draw(form(), market(), note="Not understood: <!channel>")
    assert factories.everything_in(view["blocks"][0]) == "💬 Not understood: &lt;!channel&gt;"
    again = draw(form(gpu_num=4), market(), context=read_context(view))
    assert again["blocks"][0] == view["blocks"][0]
    assert draw(form(), market())["blocks"][0]["type"] == "input"


def test_odd_lease_settings_are_among_the_choices() -> None:
    odd = Limits(default_lease=timedelta(minutes=90), max_lease=timedelta(hours=5))
    assert texts(draw(form(), market(), limits=odd), Field.LEASE) == ["1 h", "1 h 30 min", "2 h", "4 h", "5 h"]


def test_the_disk_is_bounded_by_what_the_gpu_takes() -> None:
    block = inputs(draw(form(), market(product(HONG_KONG, max_disk=300))))[Field.ROOTFS_SIZE]
    assert (block["element"]["min_value"], block["element"]["max_value"]) == ("10", "300")
    assert "10 to 300 GB" in block["hint"]["text"]


def test_the_disk_starts_within_its_bounds_even_when_the_usual_one_is_not() -> None:
    for small, large, expected in ((10, 40, "40"), (100, 300, "100")):
        sale = market(product(HONG_KONG, min_disk=small, max_disk=large))
        view = draw(form(rootfs_size=None), sale)
        assert problems_in_view(view) == []
        assert inputs(view)[Field.ROOTFS_SIZE]["element"]["initial_value"] == expected


def test_the_channel_is_where_the_command_was_typed_unless_that_was_no_channel() -> None:
    typed_in = {"C0GPU00001": "C0GPU00001", "G0PRIV0001": "G0PRIV0001", "D0DIRECT01": None}
    for channel, expected in typed_in.items():
        view = draw(OPENED, market(), context=ModalContext(channel=channel))
        assert inputs(view)[Field.CHANNEL]["element"].get("initial_conversation") == expected


def test_what_was_typed_survives_every_redraw() -> None:
    before = draw(form(), market(), context=ModalContext(advanced=True))
    typed = initial_state(before["blocks"])
    typed["name"]["name"]["value"] = "typed-by-hand"
    typed["envs"]["envs"]["value"] = "A=1"
    typed["rootfs_size"]["rootfs_size"]["value"] = "80"
    chosen = read_form({**before, "state": {"values": typed}})
    after = draw(chosen, market(product(SINGAPORE, "0.50")), context=ModalContext(advanced=True))
    again = read_form(as_slack_sends(after, typed))
    assert again == chosen
    assert (again.name, again.envs, again.rootfs_size) == ("typed-by-hand", {"A": "1"}, 80)


def test_a_list_whose_options_changed_gets_a_new_block_so_slack_cannot_mix_them() -> None:
    before, after = draw(form(), market()), draw(form(), market(product(SINGAPORE, "0.50")))
    assert inputs(before)[Field.PRODUCT_NAME]["block_id"] != inputs(after)[Field.PRODUCT_NAME]["block_id"]
    assert inputs(after)[Field.PRODUCT_NAME]["element"]["initial_option"]["value"] == RTX


def test_a_list_that_did_not_change_keeps_its_block() -> None:
    before, after = draw(form(), market()), draw(form(gpu_num=4), market())
    assert [block.get("block_id") for block in before["blocks"]] == [block.get("block_id") for block in after["blocks"]]


def test_secrets_that_were_typed_are_never_drawn() -> None:
    view = draw(form(envs={"TOKEN": "hunter2"}, webhook_url=None), market(), context=ModalContext(advanced=True))
    assert "hunter2" not in str(view)
    assert "hunter2" not in repr(form(envs={"TOKEN": "hunter2"}))


def test_more_gpus_than_slack_can_list_are_counted() -> None:
    sale = market(*(product(HONG_KONG, name=f"GPU {n}") for n in range(130)))
    block = inputs(draw(form(), sale))[Field.PRODUCT_NAME]
    assert len(block["element"]["options"]) == 100
    assert "30 more" in block["hint"]["text"]


def test_a_market_with_nothing_still_opens() -> None:
    assert texts(draw(Form(), market()), Field.PRODUCT_NAME)
    empty = Market(as_of=NOW, regions=(), products=())
    assert problems_in_view(draw(Form(), empty)) == []
    assert texts(draw(Form(), empty), Field.PRODUCT_NAME) == ["Novita lists no GPU right now"]


def test_a_modal_of_forty_gpus_in_eight_regions_is_drawn_in_well_under_a_millisecond() -> None:
    sale = market(*(product(region, name=f"GPU {n}") for n in range(40) for region in (*factories.REGIONS,) * 3))
    chosen = form(product_name="GPU 1")
    offers = [offer(region) for region in factories.REGIONS]
    spent = []
    for _ in range(200):
        began = time.thread_time()
        create_view(chosen, sale, offers, limits=LIMITS, context=ModalContext(), now=NOW)
        spent.append(time.thread_time() - began)
    assert min(spent) < 0.001


@given(factories.templates, st.text(max_size=5))
def test_templates_are_options_that_slack_takes(templates: list[Template], typed: str) -> None:
    assert problems_in_suggestions({"options": template_options(templates, typed)}) == []


def test_templates_are_found_by_any_part_and_the_teams_own_come_first() -> None:
    known = [
        Template(id="1", name="PyTorch 2.9", channel="official", image="pytorch:2.9"),
        Template(id="2", name="my-torch", channel="private", image="team/x:1"),
        Template(id="3", name="ComfyUI", channel="official", image="comfy:1"),
    ]
    assert [found["value"] for found in template_options(known, " TORCH")] == ["2", "1"]
    assert template_options(known, "torch")[0]["text"]["text"] == "my-torch · private"
    assert [found["value"] for found in template_options(known, "2.9  pytorch")] == ["1"], "in any order"
    assert len(template_options(known)) == 3


def test_a_template_whose_volumes_cannot_be_had_says_so_wherever_it_is_chosen() -> None:
    kept = Template(id="1", name="n" * 90, channel="private", image="i", has_local_volumes=True)
    [choice] = template_options([kept])
    assert choice["text"]["text"].endswith("… · private · without its volumes")
    assert "without its volumes" in template_list([kept], "").blocks[1]["text"]["text"]
