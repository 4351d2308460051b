"""`webhooks` in openapi.json: every type of event that is told, and nothing of its body left unsaid."""

from __future__ import annotations

import json
from typing import Any

import jsonschema_rs
import pytest

from bot.http.api import openapi
from core.adapters.webhook.payload import TOLD, body_of, is_told, type_of
from core.domain.attempt import Attempt, AttemptOutcome
from core.domain.events import Event, InstanceFault, LeaseExtended, OrderFailed, OrderStuck, SpotNotice
from core.domain.instance import Instance, Status
from tests.core.samples import ADA, NOON, instance, request
from tests.core.test_webhook import TOLD as SAMPLES

Json = dict[str, Any]

DOCUMENT = openapi.document()
FULL = [type_(**facts) for type_, facts in SAMPLES.items()]
SPARSE = [
    InstanceFault(at=NOON, novita_status="migrating"),
    SpotNotice(at=NOON),
    LeaseExtended(at=NOON, actor=ADA, ends_at=None, was=NOON, button="instance:extend:1h"),
]
TRIED = Attempt(
    region="EU-FR-01", product_id="p", price="0.35", outcome=AttemptOutcome.REFUSED, reason="CLUSTER_STATUS"
)
INSTANCES = [
    instance(request=request(webhook_url="https://example.com/"), novita_id="n-1", status=Status.RUNNING),
    instance(attempts=(TRIED,), novita_id=None),
]


def schema_of(word: str) -> Json:
    """Of what is posted with this word in `type`."""
    posted = DOCUMENT["webhooks"][word]["post"]["requestBody"]
    found: Json = posted["content"]["application/json"]["schema"]
    return found


def resolved(schema: Json) -> Json:
    found: Json = DOCUMENT["components"]["schemas"][schema["$ref"].rpartition("/")[2]]
    return found


def test_every_type_that_is_told_is_described_and_no_other() -> None:
    assert list(DOCUMENT["webhooks"]) == [type_of(event) for event in TOLD]
    assert set(SAMPLES) == set(TOLD)


@pytest.mark.parametrize("event", [*FULL, *SPARSE], ids=lambda event: event.type)
@pytest.mark.parametrize("of", INSTANCES, ids=["made", "not made"])
def test_what_is_sent_is_what_is_described_to_the_last_field(event: Event, of: Instance) -> None:
    assert is_told(event)
    body = json.loads(body_of(of, event, "i-1-0"))
    schema = schema_of(body["type"])
    jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]}).validate(body)
    described = resolved(schema)
    assert set(body) == set(described["properties"]) == set(described["required"])
    details = resolved(described["properties"]["details"])
    assert set(body["details"]) == set(details.get("properties", ())) == set(details.get("required", ()))


def test_a_body_of_another_type_is_not_what_is_described() -> None:
    event = next(each for each in FULL if isinstance(each, OrderStuck))
    body = json.loads(body_of(INSTANCES[0], event, "i-1-0"))
    validator = jsonschema_rs.validator_for({**schema_of(type_of(OrderFailed)), "components": DOCUMENT["components"]})
    assert not validator.is_valid(body)


def test_what_a_receiver_may_answer_is_described_and_needs_no_token_of_the_bots() -> None:
    for described in DOCUMENT["webhooks"].values():
        assert {"2XX", "410", "429", "default"} <= set(described["post"]["responses"])
        assert described["post"]["security"] == []
        named = [parameter["name"] for parameter in described["post"]["parameters"]]
        assert named == ["X-Webhook-Id", "X-Webhook-Timestamp", "X-Webhook-Signature"]
