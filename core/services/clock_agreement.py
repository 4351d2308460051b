"""Second clocks: what nobody ordered, such as the end of a lease, is done only when they agree on what time it is."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Protocol

import structlog

from core.domain.clock import Clock, Sample, steady
from core.domain.durations import duration_words
from core.domain.errors import NovitaError
from core.services.alarms import AlarmKind, Alarms

log = structlog.get_logger(__name__)

APART = timedelta(minutes=1)
"""Clocks that differ by more than this cannot both be right."""

_KEPT = timedelta(minutes=1)
"""For so long what Novita said is counted on instead of asking again, and alarms are looked after once."""

SHARED, NOVITA = "Redis", "Novita"

_LEASES_WAIT = "none ends by itself until the clocks agree"
_LEASES_GO_ON = "end as they should, by the other clocks"


class Witness(Protocol):
    """What is asked before something is done only because its time has come."""

    async def agrees(self, *, anew: bool) -> bool:
        """Whether the time that the processes share is right, as far as other clocks can tell.

        `anew`: something hangs on it just now, so that they are asked this very moment. Raises StoreUnavailable.
        """
        ...


class Novita(Protocol):
    """Where the second clock stands (core.adapters.novita.NovitaClient)."""

    async def time(self) -> Sample: ...


class Processes(Protocol):
    """Which processes there are (core.adapters.redis.Store)."""

    holder: str

    async def processes_alive_since(self, since: datetime, now: datetime) -> set[str]: ...


class Clocks:
    """The clock that the processes share, compared with Novita's and with this machine's own.

    When Novita says what time it is, that decides; when it does not, the machine's own clock does. Which clock is wrong
    the admins hear, also when it is this machine's, which changes nothing while the other two agree.
    """

    def __init__(
        self,
        novita: Novita,
        clock: Clock,
        wall: Clock,
        alarms: Alarms,
        processes: Processes,
        *,
        alive_within: timedelta,
    ) -> None:
        self._novita = novita
        self._clock = clock
        self._wall = wall
        self._alarms = alarms
        self._processes = processes
        self._alive_within = alive_within
        self._host = socket.gethostname()
        self._heard: Sample | None = None
        self._looked_after = 0.0
        self._was_apart = False

    async def agrees(self, *, anew: bool) -> bool:
        """Asks Novita once a minute at least, and at once when what it said before does not fit."""
        if anew or self._heard is None or self._heard.age > _KEPT or not _fit(self._clock.now(), self._said()):
            self._heard = await self._ask()
        shared, novita, wall = self._clock.now(), self._said(), self._wall.now()
        wrong = wrong_clocks(shared, novita, wall)
        await self._look_after_alarms(wrong)
        return _fit(shared, wall if novita is None else novita)

    async def _ask(self) -> Sample | None:
        try:
            return await self._novita.time()
        except NovitaError as error:
            log.warning("no_second_clock", error=str(error))
            return None

    def _said(self) -> datetime | None:
        """What time it must be at Novita by now."""
        return self._heard.said + self._heard.age if self._heard else None

    async def _look_after_alarms(self, wrong: Mapping[str, str]) -> None:
        """Whenever a clock is wrong, or was, and once a minute."""
        if not wrong and not self._was_apart and steady() - self._looked_after < _KEPT.total_seconds():
            return
        mine = {self._host if subject == "" else subject: said for subject, said in wrong.items()}
        for subject, said in mine.items():
            leases = _LEASES_GO_ON if subject == self._host else _LEASES_WAIT
            facts = {"clock": subject, "off": said, "leases": leases, "process": self._processes.holder}
            await self._alarms.sound(AlarmKind.CLOCKS_APART, subject, facts)
        await self._quiet_others(set(mine))
        self._looked_after, self._was_apart = steady(), bool(wrong)

    async def _quiet_others(self, mine: set[str]) -> None:
        """Also of a machine that is gone: nobody there can say any more that its clock is right."""
        now = self._clock.now()
        living = await self._processes.processes_alive_since(now - self._alive_within, now)
        for alarm in await self._alarms.standing():
            is_others = alarm.subject not in (SHARED, NOVITA, self._host) and alarm.facts.get("process") in living
            if alarm.kind is AlarmKind.CLOCKS_APART and alarm.subject not in mine and not is_others:
                await self._alarms.quiet(AlarmKind.CLOCKS_APART, alarm.subject)


def wrong_clocks(shared: datetime, novita: datetime | None, wall: datetime) -> dict[str, str]:
    """Whose clock is wrong, and how far; '' is this machine's. Of three the one that stands alone, of two Redis's."""
    if novita is None:
        return {} if _fit(shared, wall) else {SHARED: _off(shared, wall, "this machine's")}
    if _fit(shared, novita):
        return {} if _fit(wall, novita) else {"": _off(wall, novita, "Novita's")}
    if _fit(shared, wall):
        return {NOVITA: _off(novita, shared, "Redis's and this machine's")}
    mine = {} if _fit(wall, novita) else {"": _off(wall, novita, "Novita's")}
    return {SHARED: _off(shared, novita, "Novita's"), **mine}


def _fit(one: datetime, other: datetime | None) -> bool:
    return other is not None and abs(one - other) <= APART


def _off(clock: datetime, other: datetime, whose: str) -> str:
    """`2 h ahead of Novita's`; in whole minutes, so that it stays the same from look to look."""
    minutes = timedelta(minutes=round(abs(clock - other) / timedelta(minutes=1)))
    return f"{duration_words(minutes)} {'ahead of' if clock > other else 'behind'} {whose}"
