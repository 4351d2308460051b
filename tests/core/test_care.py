"""A defect of one instance stops none of the others, and is heard of when it lasts."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from core.adapters.redis import Store
from core.domain.errors import NovitaUnclear, StoreUnavailable
from core.domain.instance import Instance
from core.services.alarms import AlarmKind, Alarms
from core.services.care import Care
from core.services.outbox import Dispatcher, RecordWriter
from tests.core.samples import NOON, TurnedClock, instance


class Scene:
    """Two instances, one work on each, and what breaks of it."""

    def __init__(self, store: Store, clock: TurnedClock, work: str = "tend") -> None:
        self.store = store
        self.alarms = Alarms(store, clock)
        self.care = Care(work, store, RecordWriter(store, Dispatcher(store, (), clock), clock), self.alarms, clock)
        self.breaks: dict[str, Exception] = {}
        self.done: list[str] = []

    async def round(self, *records: Instance) -> None:
        async def work(record: Instance) -> None:
            if record.id in self.breaks:
                raise self.breaks[record.id]
            self.done.append(record.id)

        do: Callable[[Instance], Awaitable[object]] = work
        await self.care.of_each({record.id: record for record in records}, do)

    async def standing(self) -> list[str]:
        return [alarm.subject for alarm in await self.alarms.standing() if alarm.kind is AlarmKind.NOT_TENDED]


@pytest.fixture
async def records(store: Store) -> list[Instance]:
    return [(await store.begin(instance(), [], NOON)).instance for _ in range(2)]


async def test_it_is_heard_of_when_it_breaks_three_times_in_a_row_and_until_it_is_well(
    store: Store, clock: TurnedClock, records: list[Instance]
) -> None:
    scene, [broken, well] = Scene(store, clock), records
    for breaks, is_heard in ((1, 0), (1, 0), (0, 0), (1, 0), (1, 0), (1, 1), (1, 1), (0, 0), (1, 0)):
        scene.breaks = {broken.id: ValueError("a defect")} if breaks else {}
        await scene.round(*records)
        assert await scene.standing() == [f"{broken.id} tend"] * is_heard
    assert scene.done.count(well.id) == 9


async def test_its_owner_hears_of_it_once(store: Store, clock: TurnedClock, records: list[Instance]) -> None:
    scene, [broken, _] = Scene(store, clock), records
    scene.breaks = {broken.id: ValueError("a defect")}
    for _ in range(6):
        await scene.round(*records)
    assert [event.type for event in await store.timeline(broken.id)] == ["not_tended"]


async def test_one_work_that_is_well_says_nothing_of_another(
    store: Store, clock: TurnedClock, records: list[Instance]
) -> None:
    tend, look = Scene(store, clock), Scene(store, clock, "look")
    tend.breaks = {records[0].id: ValueError("a defect")}
    for _ in range(3):
        await tend.round(*records)
        await look.round(*records)
    assert await tend.standing() == [f"{records[0].id} tend"]
    await Scene(store, clock).round(*records)
    assert await tend.standing() == [], "another process ends it, too"


@pytest.mark.parametrize("error", [NovitaUnclear("away"), StoreUnavailable("away")])
async def test_what_is_away_is_said_when_all_that_can_be_done_is_done(
    store: Store, clock: TurnedClock, records: list[Instance], error: Exception
) -> None:
    scene, [broken, well] = Scene(store, clock), records
    scene.breaks = {broken.id: error}
    with pytest.raises(type(error)):
        await scene.round(*records)
    assert scene.done == [well.id]
