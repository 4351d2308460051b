"""What reading the create modal back and checking it promise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.sandbox.slack.forms import initial_state
from bot.views.modal import (
    Form,
    ModalContext,
    create_view,
    errors_by_block,
    form_of,
    preview_check,
    rankable,
    read_context,
    read_form,
)
from core.domain.base import BillingMode
from core.domain.market import Market
from core.domain.request import InstanceRequest, LeaseEnd, usual_draft
from core.domain.validation import Limits, Problems
from tests.bot import factories
from tests.bot.factories import ENDLESS, H100, HONG_KONG, LIMITS, NOW, RTX, form, market, product

json_like = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=12), inner, max_size=3),
)
state_keys = st.sampled_from(["name", "product_name", "lease", "gpu_num", "billing_mode", "channel", "value"])
states = st.dictionaries(state_keys, st.dictionaries(state_keys | st.just("selected_option"), json_like))


def sent(chosen: Form, sale: Market | None = None, *, advanced: bool = False) -> dict[str, Any]:
    """The view as Slack sends it when nothing was touched after it was drawn."""
    context = ModalContext(advanced=advanced)
    view = create_view(chosen, sale or market(), [], limits=ENDLESS, context=context, now=NOW)
    return {**view, "state": {"values": initial_state(view["blocks"])}}


def typed(chosen: Form, **texts: str) -> Form:
    """The form as it comes back when these texts were typed into it."""
    view = sent(chosen, advanced=True)
    fields = {name: {name: {"type": "plain_text_input", "value": text}} for name, text in texts.items()}
    return read_form({**view, "state": {"values": {**view["state"]["values"], **fields}}})


def problems(chosen: Form, sale: Market | None = None, limits: Any = LIMITS) -> Problems:
    found = preview_check(chosen, sale or market(), limits)
    assert isinstance(found, dict), found
    return found


@given(
    name=factories.names,
    region=st.none() | st.sampled_from([region.name for region in factories.REGIONS]),
    count=st.integers(1, 8),
    disk=st.integers(10, 6144),
    billing=st.sampled_from(BillingMode),
    lease=st.integers(1, 60 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes)),
    end=st.sampled_from(LeaseEnd),
    template=st.text("abc019-", min_size=1, max_size=60),
    channel=st.from_regex(r"[CG][A-Z0-9]{8,10}", fullmatch=True),
    webhook=st.none() | st.just("https://example.com/hook"),
)
def test_a_form_reads_back_as_it_was_drawn(
    name: str,
    region: str | None,
    count: int,
    disk: int,
    billing: BillingMode,
    lease: timedelta,
    end: LeaseEnd,
    template: str,
    channel: str,
    webhook: str | None,
) -> None:
    machine: dict[str, Any] = {"name": name, "region": region, "gpu_num": count, "rootfs_size": disk}
    terms: dict[str, Any] = {"billing_mode": billing, "lease": lease, "lease_end": end}
    ways: dict[str, Any] = {"template_id": template, "template_name": "T", "channel": channel, "webhook_url": webhook}
    drawn = form(**machine, **terms, **ways)
    assert read_form(sent(drawn)) == drawn


def test_no_end_reads_back_as_no_end_and_not_as_no_choice() -> None:
    back = read_form(sent(form(lease=None, no_end=True)))
    assert back.no_end
    assert back.lease is None
    assert not Form().no_end


def test_an_advanced_form_reads_its_webhook_back() -> None:
    drawn = form(webhook_url="https://example.com/hook")
    assert read_form(sent(drawn, advanced=True)).webhook_url == "https://example.com/hook"


@given(json_like | st.fixed_dictionaries({"state": st.fixed_dictionaries({"values": states}), "blocks": json_like}))
def test_reading_survives_anything(garbage: Any) -> None:
    assert isinstance(read_form(garbage), Form)
    assert isinstance(read_context(garbage), ModalContext)


def test_state_of_a_block_that_is_no_longer_shown_does_not_count() -> None:
    view = sent(form())
    stale = {"product_name": {"selected_option": {"value": "GB300"}}}
    view["state"]["values"] = {**view["state"]["values"], "product_name:stale": stale}
    assert read_form(view).product_name == RTX


@given(factories.contexts)
def test_the_modals_memory_comes_back_and_fits(context: ModalContext) -> None:
    assert read_context({"private_metadata": context.dump()}) == context
    assert len(context.dump()) < 3000


@pytest.mark.parametrize("text", ["", "null", "[]", "{", '{"channel": 7}', '{"switches": -1}'])
def test_a_memory_that_is_not_ours_is_forgotten(text: str) -> None:
    assert read_context({"private_metadata": text}) == ModalContext()


def test_a_complete_form_is_a_request() -> None:
    lines = "# comment\n\nHF_HOME=/data\nEMPTY=\nURL=a=b\r\n"
    chosen = typed(form(), webhook_url=" https://example.com/hook ", envs=lines)
    request = preview_check(chosen, market(), LIMITS)
    assert isinstance(request, InstanceRequest)
    assert (request.name, request.product_name, request.template_id) == ("train-1", RTX, "107672")
    assert (request.gpu_num, request.rootfs_size, request.lease) == (2, 60, timedelta(hours=8))
    assert request.webhook_url == "https://example.com/hook"
    values = {key: value.get_secret_value() for key, value in request.envs.items()}
    assert values == {"HF_HOME": "/data", "EMPTY": "", "URL": "a=b"}


@pytest.mark.parametrize(
    ("chosen", "meant"), [(LeaseEnd.DELETE, LeaseEnd.DELETE), (LeaseEnd.STOP, LeaseEnd.STOP), (None, LeaseEnd.STOP)]
)
def test_what_happens_at_the_end_is_part_of_the_request_and_keeps_data_by_default(
    chosen: LeaseEnd | None, meant: LeaseEnd
) -> None:
    request = preview_check(form(lease_end=chosen), market(), LIMITS)
    assert isinstance(request, InstanceRequest)
    assert request.lease_end is meant


def test_no_end_beyond_the_bound_is_for_those_who_may() -> None:
    admin = Limits(default_lease=timedelta(hours=8), max_lease=timedelta(hours=72), may_be_endless=True)
    request = preview_check(form(lease=None, no_end=True), market(), admin)
    assert isinstance(request, InstanceRequest)
    assert request.lease is None
    assert "at most 3 days" in problems(form(lease=timedelta(hours=100)), limits=admin)["lease"]


def test_an_empty_form_is_asked_for_everything_that_is_needed() -> None:
    asked = problems(Form())
    expected = "name product_name template_id gpu_num rootfs_size billing_mode lease channel"
    assert set(asked) == set(expected.split())


@given(factories.forms, factories.markets, factories.limits)
def test_checking_answers_with_a_request_or_with_sentences(chosen: Form, sale: Market, limits: Any) -> None:
    found = preview_check(chosen, sale, limits)
    if isinstance(found, dict):
        assert found
        assert all(sentence.endswith(".") for sentence in found.values())


@given(factories.forms)
def test_a_form_is_either_rankable_or_has_no_gpu(chosen: Form) -> None:
    request = rankable(chosen)
    if request is None:
        assert not chosen.product_name or chosen.rootfs_size is not None
    else:
        assert request.product_name == chosen.product_name


def test_the_opening_form_is_one_spot_gpu_with_the_default_lease() -> None:
    opened = form_of(replace(usual_draft(), name="ada-1", channel="C0GPU00001", lease=timedelta(hours=8)))
    assert (opened.gpu_num, opened.billing_mode, opened.lease) == (1, BillingMode.SPOT, timedelta(hours=8))
    assert set(problems(opened)) == {"product_name", "template_id"}


@pytest.mark.parametrize("name", ["", "a b", "ä", "x" * 101, "a\n", "<!channel>"])
def test_a_name_that_novita_cannot_take_is_told_under_the_name(name: str) -> None:
    assert set(problems(form(name=name))) == {"name"}


@pytest.mark.parametrize("disk", ["", "9", "301", "60.5", "1e2", "-60", "sixty", "٩٠", "9" * 5000])
def test_a_disk_that_does_not_fit_is_told_with_the_bounds(disk: str) -> None:
    sale = market(product(HONG_KONG, max_disk=300))
    told = problems(typed(form(), rootfs_size=disk), sale)
    assert told == {"rootfs_size": "The disk is a whole number of GB from 10 to 300."}


def test_a_disk_in_full_width_digits_is_that_disk() -> None:
    assert typed(form(), rootfs_size="９０").rootfs_size == 90


def test_a_gpu_that_vanished_meanwhile_is_told() -> None:
    assert "no longer lists GB300" in problems(form(product_name="GB300"))["product_name"]


def test_a_region_that_vanished_meanwhile_is_a_wish() -> None:
    request = preview_check(form(region="EU-DE-01"), market(), LIMITS)
    assert isinstance(request, InstanceRequest)
    assert request.region == "EU-DE-01"


def test_spot_without_a_price_is_told_and_never_turned_into_on_demand() -> None:
    found = problems(form(product_name=H100), market(product(HONG_KONG, None, "2.10", H100)))
    assert found == {"billing_mode": f"{H100} has no spot price right now. Choose the other billing or another GPU."}


def test_a_lease_beyond_the_bound_is_told_with_the_bound() -> None:
    for chosen in (form(lease=timedelta(hours=100)), form(lease=None, no_end=True)):
        assert "at most 3 days" in problems(chosen)["lease"]
    assert isinstance(preview_check(form(lease=None, no_end=True), market(), ENDLESS), InstanceRequest)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com",
        "https://",
        "example.com",
        "https://[bad",
        "https://a:x/",
        "https://u:p@host/",
        "https://a b",
        "https://a..b/",
        "https://./",
        "https://" + "a" * 64 + ".com/",
        "https://" + "a." * 127 + "com/",
    ],
)
def test_a_webhook_that_is_not_a_plain_https_address_is_told(url: str) -> None:
    assert set(problems(form(webhook_url=url))) == {"webhook_url"}


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "10.0.0.1:8443", "169.254.169.254", "168.63.129.16", "[::1]", "[fe80::1%25eth0]"),
        *("[::ffff:10.0.0.1]", "127.1", "0", "2130706433", "0x7f.0.0.1", "１２７.0.0.1"),
    ],
)
def test_a_webhook_into_a_private_network_is_told_unless_that_is_allowed(host: str) -> None:
    url = f"https://{host}/hook"
    assert "private network" in problems(form(webhook_url=url))["webhook_url"]
    allowed = preview_check(form(webhook_url=url), market(), replace(LIMITS, plain_webhooks=True))
    assert not isinstance(allowed, dict)


@pytest.mark.parametrize(
    "host", ["example.com.", "exämple.com", "93.184.215.14", "[2606:4700::1111]:8443", "1.2.3.com"]
)
def test_a_webhook_to_the_open_internet_is_taken(host: str) -> None:
    assert not isinstance(preview_check(form(webhook_url=f"https://{host}/hook"), market(), LIMITS), dict)


@pytest.mark.parametrize(
    ("lines", "says"),
    [
        ("hunter2", "Line 1: write it as KEY=value."),
        ("A=1\n1B=hunter2", "Line 2: a key has"),
        ("A=hunter2\n# again\nA=hunter2", "Line 3: A is set twice."),
        ("A=" + "hunter2" * 600, "longer than 4095"),
        ("GPU_BOT_HOOK=hunter2", "Line 1: GPU_BOT_HOOK is set by the bot itself."),
        ("K" * 512 + "=hunter2", "at most 511"),
        ("A=1\nB=hunter2\x00x", "Line 2: the value of B has a control character"),
        ("B=hunter2\x1b[0m", "Line 1: the value of B has a control character"),
        ("\n".join(f"K{n}=hunter2" for n in range(101)), "At most 99 variables"),
    ],
)
def test_a_wrong_variable_is_told_by_its_line_and_never_by_its_value(lines: str, says: str) -> None:
    told = problems(typed(form(), envs=lines))["envs"]
    assert says in told
    assert "hunter2" not in told


def test_each_problem_stands_under_its_own_field() -> None:
    view = sent(form())
    found = errors_by_block(view, {"lease": "Too long.", "product_name": "Gone."})
    by_block = {block_id.partition(":")[0]: text for block_id, text in found.items()}
    assert by_block == {"lease": "Too long.", "product_name": "Gone."}
    assert set(found) <= {block["block_id"] for block in view["blocks"] if block["type"] == "input"}


def test_a_problem_of_a_field_that_is_not_shown_stands_under_the_gpu() -> None:
    found = errors_by_block(sent(form()), {"envs": "Bad.", "unheard_of": "Strange.", "product_name": "Gone."})
    assert list(found.values()) == ["Bad. Strange. Gone."]
    assert next(iter(found)).startswith("product_name:")


def test_a_lease_that_would_end_it_as_soon_as_it_runs_is_refused() -> None:
    assert problems(form(lease=timedelta(seconds=59))) == {"lease": "A lease is at least a minute."}
