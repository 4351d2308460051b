"""Whether several clocks agree, whose is wrong if not, and that nothing is done by the time until they do."""

from __future__ import annotations

import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

import pytest

from bot.sandbox.novita import Fault, SandboxNovita
from core.adapters.redis import Store, connect
from core.domain.clock import Sample, steady
from core.domain.errors import NovitaUnclear
from core.services.alarms import AlarmKind, Alarms
from core.services.clock_agreement import APART, Clocks, wrong_clocks
from tests.core.processes import Process
from tests.core.samples import NOON, TurnedClock

HOUR = timedelta(hours=1)
MOMENT = timedelta(milliseconds=1)
HOST = socket.gethostname()


@pytest.mark.parametrize(
    ("novita", "wall", "wrong"),
    [
        (NOON, NOON, {}),
        (NOON + APART, NOON, {}),
        (NOON - APART, NOON - APART, {}),
        (NOON + APART + MOMENT, NOON, {"Novita": "1 min ahead of Redis's and this machine's"}),
        (NOON, NOON + 5 * HOUR, {"": "5 h ahead of Novita's"}),
        (NOON, NOON - 5 * HOUR, {"": "5 h behind Novita's"}),
        (NOON - 2 * HOUR, NOON - 2 * HOUR, {"Redis": "2 h ahead of Novita's"}),
        (NOON + 2 * HOUR, NOON + 2 * HOUR, {"Redis": "2 h behind Novita's"}),
        (NOON + 2 * HOUR, NOON - HOUR, {"Redis": "2 h behind Novita's", "": "3 h behind Novita's"}),
        (None, NOON + APART, {}),
        (None, NOON - APART - MOMENT, {"Redis": "1 min ahead of this machine's"}),
    ],
)
def test_of_three_clocks_the_one_that_stands_alone_is_wrong(
    novita: datetime | None, wall: datetime, wrong: dict[str, str]
) -> None:
    assert wrong_clocks(NOON, novita, wall) == wrong


@dataclass
class Scene:
    """Three clocks, turned by hand, and what the admins hear of them."""

    store: Store
    shared: TurnedClock = field(default_factory=TurnedClock)
    wall: TurnedClock = field(default_factory=TurnedClock)
    novita_ahead: timedelta | None = timedelta()
    asked: int = 0
    ago: float = 0
    """Seconds since Novita said what it says."""

    def __post_init__(self) -> None:
        self.alarms = Alarms(self.store, self.shared)
        self.clocks = self.another(self.store)

    def another(self, store: Store) -> Clocks:
        alive_within = timedelta(seconds=20)
        return Clocks(self, self.shared, self.wall, self.alarms, store, alive_within=alive_within)

    async def time(self) -> Sample:
        self.asked += 1
        if self.novita_ahead is None:
            raise NovitaUnclear("no answer")
        heard = steady() - self.ago
        return Sample(NOON + self.novita_ahead - timedelta(seconds=self.ago), heard, heard)

    async def standing(self) -> dict[str, str]:
        alarms = await self.alarms.standing()
        assert {each.kind for each in alarms} <= {AlarmKind.CLOCKS_APART}
        return {each.subject: each.facts["off"] for each in alarms}


@pytest.fixture
async def scene(redis_url: str) -> AsyncIterator[Scene]:
    store = Store(connect(redis_url))
    await store.beat(NOON)
    yield Scene(store)
    await store.aclose()


async def test_while_all_agree_novita_is_asked_once_a_minute_and_nobody_hears_anything(scene: Scene) -> None:
    assert [await scene.clocks.agrees(anew=False) for _ in range(5)] == [True] * 5
    assert scene.asked == 1
    assert await scene.standing() == {}


@pytest.mark.parametrize(("ago", "times"), [(0, 1), (30, 1), (60.001, 3)])
async def test_what_novita_said_is_counted_on_for_a_minute(scene: Scene, ago: float, times: int) -> None:
    scene.ago = ago
    assert [await scene.clocks.agrees(anew=False) for _ in range(3)] == [True] * 3
    assert scene.asked == times


async def test_when_something_hangs_on_it_novita_is_asked_that_very_moment(scene: Scene) -> None:
    assert await scene.clocks.agrees(anew=False)
    scene.novita_ahead = timedelta(hours=1)
    assert not await scene.clocks.agrees(anew=True)


async def test_a_shared_clock_that_jumps_is_noticed_at_once_and_quiet_when_it_is_right_again(scene: Scene) -> None:
    assert await scene.clocks.agrees(anew=False)
    scene.shared.turn(hours=5)
    assert not await scene.clocks.agrees(anew=False)
    assert await scene.standing() == {"Redis": "5 h ahead of Novita's"}
    scene.shared.turn(hours=-5)
    assert await scene.clocks.agrees(anew=False)
    assert await scene.standing() == {}


async def test_a_machine_whose_own_clock_is_wrong_is_told_of_and_holds_up_nothing(scene: Scene) -> None:
    scene.wall.turn(hours=5)
    assert await scene.clocks.agrees(anew=False)
    assert await scene.standing() == {HOST: "5 h ahead of Novita's"}
    scene.wall.turn(hours=-5)
    assert await scene.clocks.agrees(anew=False)
    assert await scene.standing() == {}


@pytest.mark.parametrize("off", [timedelta(minutes=2), timedelta(minutes=-2)])
async def test_novita_alone_with_another_time_holds_everything_up(scene: Scene, off: timedelta) -> None:
    scene.novita_ahead = off
    assert not await scene.clocks.agrees(anew=False)
    assert list(await scene.standing()) == ["Novita"]


async def test_while_novita_is_silent_the_machines_own_clock_is_the_second(scene: Scene) -> None:
    scene.novita_ahead = None
    assert await scene.clocks.agrees(anew=False)
    scene.wall.turn(minutes=2)
    assert not await scene.clocks.agrees(anew=False)
    assert list(await scene.standing()) == ["Redis"]


async def test_the_alarm_of_a_machine_that_is_gone_ends_and_of_one_that_lives_goes_on(scene: Scene) -> None:
    for process in ("gone", scene.store.holder):
        facts = {"clock": process, "off": "5 h ahead of Novita's", "process": process}
        await scene.alarms.sound(AlarmKind.CLOCKS_APART, f"host of {process}", facts)
    assert await scene.clocks.agrees(anew=False)
    assert list(await scene.standing()) == [f"host of {scene.store.holder}"]


async def test_by_novitas_own_date_over_http(web: Process, sandbox: SandboxNovita, clock: TurnedClock) -> None:
    clocks = Clocks(web.novita, clock, clock, Alarms(web.store, clock), web.store, alive_within=HOUR)
    assert await clocks.agrees(anew=False)
    sandbox.fail_all(Fault.refused(401, "UNAUTHORIZED"))
    clock.turn(minutes=2)
    assert await clocks.agrees(anew=False), "a refusal has a date too"
    sandbox.clock_ahead = 3600
    clock.turn(minutes=2)
    assert not await clocks.agrees(anew=False)
