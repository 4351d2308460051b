"""Documents as a version of this program has written them to Redis, in real lives: they are read for ever."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from core.alarms import Alarm
from core.models import Market
from core.outbox.story import Note
from core.stock import StockList
from core.store.migrations import read_news, read_record

FOLDER = Path(__file__).with_name("documents")
LIVES = sorted(path.stem for path in FOLDER.glob("*.json") if path.stem not in ("market", "stock", "identity"))


def stored(name: str) -> Any:
    return json.loads((FOLDER / f"{name}.json").read_text())


@pytest.mark.parametrize("life", LIVES)
def test_a_life_is_read_as_it_was_written(life: str) -> None:
    kept = stored(life)
    record = read_record(json.dumps(kept["record"]))
    assert json.loads(record.model_dump_json()) == kept["record"]
    for line in kept["timeline"]:
        assert json.loads(read_news(json.dumps(line), record).model_dump_json()) == line
    note = Note.model_validate_json(json.dumps(kept["delivery"]))
    assert json.loads(note.model_dump_json()) == kept["delivery"]
    for document in kept.get("alarms", {}).values():
        alarm = Alarm.model_validate_json(json.dumps(document))
        assert json.loads(alarm.model_dump_json(exclude={"told"})) == document


def test_what_is_on_sale_is_read_as_it_was_written() -> None:
    assert json.loads(Market.model_validate_json(json.dumps(stored("market"))).model_dump_json()) == stored("market")
    for document in stored("stock").values():
        assert json.loads(StockList.model_validate_json(json.dumps(document)).model_dump_json()) == document
