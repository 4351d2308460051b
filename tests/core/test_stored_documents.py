"""Documents as a version of this program has written them to Redis, in real lives: they are read for ever."""

from __future__ import annotations

import json

import pytest

from core.adapters.redis.migrations import read_news, read_record
from core.domain import last_used
from core.domain.market import Market
from core.services.alarms import Alarm
from core.services.outbox.delivery import DeliveryState
from core.services.stock import StockList
from tests.core.documents import LIVES, assert_within, flat, stored


@pytest.mark.parametrize("life", LIVES)
def test_a_life_is_read_as_it_was_written(life: str) -> None:
    kept = stored(life)
    record = read_record(json.dumps(kept["record"]))
    assert_within(kept["record"], flat(json.loads(record.model_dump_json())))
    for line in kept["timeline"]:
        assert_within(line, json.loads(read_news(json.dumps(line), record).model_dump_json()))
    note = DeliveryState.model_validate_json(json.dumps(kept["delivery"]))
    assert_within(kept["delivery"], json.loads(note.model_dump_json()))
    for document in kept.get("alarms", {}).values():
        alarm = Alarm.model_validate_json(json.dumps(document))
        assert_within(document, json.loads(alarm.model_dump_json()))


def test_what_is_on_sale_is_read_as_it_was_written() -> None:
    market = Market.model_validate_json(json.dumps(stored("market")))
    assert_within(stored("market"), json.loads(market.model_dump_json()))
    for document in stored("stock").values():
        stock = StockList.model_validate_json(json.dumps(document))
        assert_within(document, json.loads(stock.model_dump_json()))


def test_what_a_person_used_last_is_read_as_it_was_written() -> None:
    last = last_used.read(json.dumps(stored("last_used")))
    assert last is not None
    assert_within(stored("last_used"), json.loads(last_used.write(last)))
