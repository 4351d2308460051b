"""/metrics: what happened in the whole bot, as numbers, with labels from small known sets, whatever Redis does."""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from bot.sandbox.novita import Fault
from bot.sandbox.slack import Fault as SlackFault
from bot.wiring.base import open_base
from bot.wiring.web import as_web
from core.domain.instance import Instance
from tests.bot.app_fixture import House, open_house
from tests.bot.leaks import found_in, secrets_of
from tests.bot.redis_line import RedisLine
from tests.bot.scenarios import running
from tests.bot.test_edge import FORM, HELP
from tests.bot.watching import Grown, Scrape, listening_program, scraped, settled
from tests.bot.wire import request
from tests.patience import SOON_SECONDS

DASHBOARD = Path(__file__).parents[2] / ".github" / "grafana-dashboard.json"
OPERATING = DASHBOARD.with_name("OPERATING.md")

OF_PROMETHEUS = {"le", "job", "instance"}
"""Labels that a query may use although no metric of ours has them."""


async def created(house: House) -> Instance:
    """A create through the modal, told to its end."""
    await house.submitted("train-1")
    await house.outcome("Created")
    card = await house.card("is running")
    await house.replies(card, 2)
    return await house.record(card)


async def test_a_create_shows_up_in_every_number_that_it_touches(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        before = await scraped(house.port)
        house.novita.out_of_stock_at_create("AS-SGP-02")
        await created(house)
        await settled(house)
        async with house.another_web() as port:
            after = await scraped(port)
    grown = Grown(before, after)
    assert grown.by("gpu_bot_creates_total", outcome="created", region="CN-HK-01") == 1
    assert grown.by("gpu_bot_creates_total") == 1
    refused = {"outcome": "refused", "reason": "INSUFFICIENT_RESOURCE", "region": "AS-SGP-02"}
    assert grown.by("gpu_bot_create_attempts_total", **refused) == 1
    assert grown.by("gpu_bot_create_attempts_total", outcome="created", reason="none", region="CN-HK-01") == 1
    for part in ("ours", "novita"):
        assert grown.by("gpu_bot_create_duration_seconds_count", part=part) == 1
    calls = "gpu_bot_novita_request_duration_seconds_count"
    assert grown.by(calls, endpoint="gpu/instance/create") == 2
    assert grown.by(calls, endpoint="gpu/instance/create", status="200") == 1
    assert grown.by(calls, endpoint="gpu/instances", status="200") >= 1
    assert grown.by("gpu_bot_slack_request_duration_seconds_count", method="chat.postMessage", outcome="ok") == 3
    assert grown.by("gpu_bot_slack_ack_duration_seconds_count", kind="view_submission") == 1
    assert grown.by("gpu_bot_slack_ack_duration_seconds_count", kind="command") == 1
    route = {"route": "/slack/events", "method": "POST", "status": "200"}
    assert grown.by("gpu_bot_http_request_duration_seconds_count", **route) >= 2
    assert after.value("gpu_bot_redis_up") == after.value("gpu_bot_worker_up") == 1
    assert after.value("gpu_bot_instances", status="running") == 1
    assert after.total("gpu_bot_instances") == 1
    assert (after.value("gpu_bot_cost_usd_per_hour") or 0) > 0
    assert after.value("gpu_bot_outbox_depth") == after.value("gpu_bot_outbox_age_seconds") == 0
    assert (after.value("gpu_bot_worker_heartbeat_age_seconds") or 0) < 20
    assert grown.by("gpu_bot_task_runs_total", task="observe", outcome="ok") >= 1
    assert abs((after.value("gpu_bot_task_last_success_timestamp_seconds", task="observe") or 0) - time.time()) < 20


async def test_the_cost_is_the_price_of_what_is_billed_now(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        instance, _ = await running(house, gpu_num=2)
        async with house.another_web() as port:
            assert (await scraped(port)).value("gpu_bot_cost_usd_per_hour") == float(instance.hourly_price or 0) > 0


async def test_a_create_that_fails_is_counted_under_its_kind(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        before = await scraped(house.port)
        house.novita.fail_all(Fault.refused(400, "BALANCE_NOT_ENOUGH"), "create")
        await house.submitted("train-1")
        await house.card("was not created")
        await house.base.dispatcher.drain(timedelta(seconds=10))
        grown = Grown(before, await scraped(house.port))
        assert grown.by("gpu_bot_creates_total", outcome="money") == grown.by("gpu_bot_creates_total") == 1
        assert grown.by("gpu_bot_create_attempts_total", outcome="rejected", reason="BALANCE_NOT_ENOUGH") == 1


async def test_calls_that_fail_are_counted_by_what_came_of_them(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        before = await scraped(house.port)
        house.slack.faults.next("chat.postMessage", SlackFault.rate_limited(0), SlackFault.server_error(503))
        house.novita.fail_next("create", Fault.reset(has_effect=True))
        await house.submitted("train-1")
        await house.replies(await house.card("is running"), 2)
        grown = Grown(before, await scraped(house.port))
    calls = "gpu_bot_slack_request_duration_seconds_count"
    assert grown.by(calls, method="chat.postMessage", outcome="ratelimited") == 1
    assert grown.by(calls, method="chat.postMessage", outcome="away") == 1
    status = "gpu_bot_novita_request_duration_seconds_count"
    assert grown.by(status, endpoint="gpu/instance/create", status="unclear") == 1
    assert grown.by("gpu_bot_create_attempts_total", outcome="unknown", reason="NO_ANSWER") == 1


async def test_no_label_holds_what_somebody_chose_or_an_id_or_a_secret(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        house.novita.fail_next("create", Fault.refused(400, "SOMETHING_THAT_NOVITA_NEVER_PUBLISHED"))
        await house.submitted("train-1")
        await house.card("was not created")
        await request(house.port, method="BREW", path="/hooks/some-id/some-token")
        await request(house.port, method="GET", path="/no/such/place")
        instance, card = await running(house, "train-2")
        text = (await scraped(house.port)).text
        payload = card.metadata["event_payload"] if card.metadata else {}
    own = {instance.id, instance.remote.id or "-", instance.owner.user, instance.owner.team, card.channel, card.ts}
    free = {"train-1", "train-2", "SOMETHING_THAT", "BREW", "some-token", "some-id", "no/such", "comfy", "RTX"}
    assert payload["instance_id"] == instance.id
    assert found_in(text, own | free | secrets_of(house.slack, house.novita)) == set()
    assert 'reason="other"' in text
    assert 'route="unknown"' in text


@pytest.mark.parametrize("how", ["cut", "stalled"])
async def test_with_redis_away_a_scrape_still_tells_what_the_process_knows(redis_url: str, how: str) -> None:
    async with RedisLine(redis_url) as line, open_house(redis_url, workers=0) as house:
        settings = house.settings.model_copy(update={"redis_url": SecretStr(line.url)})
        async with open_base(settings) as core, as_web(core) as port:
            assert await request(port, HELP, {**FORM, **house.slack.signed(HELP)}) == 200
            if how == "cut":
                await line.down()
            else:
                line.stall()
            began = time.monotonic()
            looks = await asyncio.gather(*(scraped(port) for _ in range(5)))
            assert time.monotonic() - began < SOON_SECONDS
            for look in looks:
                assert look.value("gpu_bot_redis_up") == 0
                assert look.value("gpu_bot_worker_up") is look.value("gpu_bot_outbox_depth") is None
                assert look.total("gpu_bot_slack_ack_duration_seconds_count", kind="command") >= 1
            if how == "cut":
                await line.up()
            else:
                line.resume()


async def test_without_any_worker_ever_the_metrics_say_so(redis_url: str) -> None:
    async with open_house(redis_url, workers=0) as house:
        look = await scraped(house.port)
        assert look.value("gpu_bot_worker_up") == 0
        assert look.value("gpu_bot_worker_heartbeat_age_seconds") is None


async def test_names_keep_to_prometheus_conventions(redis_url: str) -> None:
    async with open_house(redis_url) as house:
        await created(house)
        look = await scraped(house.port)
    types = dict(re.findall(r"^# TYPE (\S+) (\S+)$", look.text, re.MULTILINE))
    ours = {name: kind for name, kind in types.items() if name.startswith("gpu_bot_")}
    assert {name for name in types if not name.startswith(("gpu_bot_", "process_"))} == set()
    assert all(name.endswith("_total") == (kind == "counter") for name, kind in ours.items())
    assert all(name.endswith("_seconds") for name, kind in ours.items() if kind == "histogram")
    assert not [name for name in types if re.search(r"_(ms|milliseconds|minutes|created)$", name)]
    assert len(re.findall(r"^# HELP gpu_bot_\S+ \S.*\.$", look.text, re.MULTILINE)) == len(ours)


async def test_the_dashboard_and_the_alerts_ask_only_for_what_there_is(redis_url: str) -> None:
    """Every query of a panel and of an alert, against the metrics of a bot to which a little of everything happened."""
    async with (
        listening_program() as webhook,
        open_house(redis_url, webhook_url=webhook, webhook_allow_private=True) as house,
    ):
        house.novita.out_of_stock_at_create("AS-SGP-02")
        await created(house)
        await settled(house)
        async with house.another_web() as port:
            look = await scraped(port)
    known = described(look)
    asked = list(queries(json.loads(DASHBOARD.read_text())))
    alerts = list(alerting(OPERATING.read_text()))
    assert len(asked) > 20
    assert len(alerts) > 10
    for query in (*asked, *alerts):
        names = set(re.findall(r"\b(?:gpu_bot|process)_\w+", query))
        assert names, query
        assert names <= known.keys(), query
        labels = set().union(*(known[name] for name in names))
        assert labels_in(query) <= labels | OF_PROMETHEUS, query
    assert set(re.findall(r"\b(?:gpu_bot|process)_\w+", OPERATING.read_text())) <= known.keys()
    shown = {name for query in asked for name in re.findall(r"\bgpu_bot_\w+", query)}
    families = {re.sub(r"_(bucket|count|sum)$", "", name) for name in shown}
    assert families == set(re.findall(r"^# TYPE (gpu_bot_\S+)", look.text, re.MULTILINE)), "everything is shown"


def test_the_dashboard_can_be_imported() -> None:
    dashboard = json.loads(DASHBOARD.read_text())
    panels = dashboard["panels"]
    assert [panel["id"] for panel in panels] == list(range(1, len(panels) + 1))
    assert [each["type"] for each in dashboard["templating"]["list"]] == ["datasource"]
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24
        assert panel["type"] == "row" or panel["datasource"]["uid"] == "${datasource}"
    corners = [(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels]
    assert len(set(corners)) == len(corners)


def queries(dashboard: dict[str, Any]) -> Iterator[str]:
    for panel in dashboard["panels"]:
        for target in panel.get("targets", []):
            yield target["expr"]
            for label in re.findall(r"{{(\w+)}}", target["legendFormat"]):
                assert label in target["expr"], "the legend names a label that the query keeps"


def alerting(document: str) -> Iterator[str]:
    """The queries of its rule file, on one line or on several."""
    for line, lines in re.findall(r"^ *expr: (?:([^|\n].*)|\|\n((?: {10,}.*\n)+))", document, re.MULTILINE):
        yield line or lines


def labels_in(query: str) -> set[str]:
    grouped = re.findall(r"\b(?:by|on)\s*\(([^)]*)\)", query)
    selected = re.findall(r"{([^}]*)}", query)
    named = [label.strip() for group in grouped for label in group.split(",")]
    return set(named) | {label for group in selected for label in re.findall(r"(\w+)\s*[!=]", group)}


def described(look: Scrape) -> dict[str, set[str]]:
    """Each name with its labels; of a metric that nothing has happened to yet, at least the names."""
    known = {"process_resident_memory_bytes": set[str](), **look.labels()}  # Of processes, Linux alone tells.
    for family, kind in re.findall(r"^# TYPE (\S+) (\S+)$", look.text, re.MULTILINE):
        for suffix in ("_bucket", "_count", "_sum") if kind == "histogram" else ("",):
            known.setdefault(family + suffix, set())
    return known
