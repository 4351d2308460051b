"""The make-believe Novita as it can be steered from outside: its faults and latency, and a record of every call."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass

from bot.sandbox.novita import programs
from bot.sandbox.novita.faults import Endpoint, Fault, FaultPlan
from bot.sandbox.novita.machines import Machine
from bot.sandbox.novita.world import DEFAULT_BOOT_SECONDS, Refusal, World


@dataclass
class NovitaCall:
    """One call as the server saw it. `at` is the clock's unix seconds; `status` is None while it is unanswered.

    `subject` is what a POST asked for, without its secrets; `reason` is Novita's own word for a refusal.
    """

    method: str
    path: str
    endpoint: Endpoint
    at: float
    query: dict[str, str]
    caller: str = ""
    """Its User-Agent."""
    seconds: float = 0.0
    status: int | None = None
    outcome: str = "pending"
    subject: str = ""
    reason: str = ""


class SteeredWorld(World):
    """The World with what goes wrong in it.

    `latency` (seconds) holds back the effect of every call, and with it the answer.
    """

    def __init__(
        self,
        *,
        clock: Callable[[], float] = time.time,
        boot_seconds: float = DEFAULT_BOOT_SECONDS,
        page_base: int = 1,
    ) -> None:
        super().__init__(clock=clock, boot_seconds=boot_seconds, page_base=page_base)
        self.latency = 0.0
        self.clock_ahead = 0.0
        self.calls: list[NovitaCall] = []
        self.faults = FaultPlan()
        self._reports: set[asyncio.Task[int]] = set()
        self._let_go = asyncio.Event()

    def fail_next(self, endpoint: Endpoint | str, fault: Fault, times: int = 1) -> None:
        """Meet the next `times` calls of an endpoint with `fault`, after whatever is queued already."""
        self.faults.queued[Endpoint(endpoint)].extend([fault] * times)

    def fail_all(self, fault: Fault, endpoint: Endpoint | str | None = None) -> None:
        """Meet every call, of one endpoint or of all, with `fault` until `clear_faults`."""
        for one in Endpoint if endpoint is None else (Endpoint(endpoint),):
            self.faults.standing[one] = fault

    def clear_faults(self) -> None:
        """Behave again, and tear down the calls that hang."""
        self.faults.clear()
        self._let_go.set()
        self._let_go = asyncio.Event()

    def calls_of(self, endpoint: Endpoint | str) -> list[NovitaCall]:
        return [call for call in self.calls if call.endpoint == endpoint]

    async def report(self, novita_id: str, text: str, level: programs.Level = "info") -> int:
        """What a program on a running instance posts to the address that it was given; the status of the answer."""
        return await programs.report(self._reporting(novita_id), text, level)

    def begin_report(self, novita_id: str, text: str, level: programs.Level = "info") -> None:
        """The same without waiting for the answer."""
        machine = self._reporting(novita_id)
        task = asyncio.create_task(programs.report(machine, text, level))
        self._reports.add(task)
        task.add_done_callback(self._reported)

    def _reporting(self, novita_id: str) -> Machine:
        machine = self._in_state(novita_id, "running")
        if not programs.hook_of(machine.order):
            raise Refusal("REQUEST", "it was given no address to report to")
        return machine

    def _reported(self, task: asyncio.Task[int]) -> None:
        """A program whose report does not arrive goes on with its work."""
        self._reports.discard(task)
        if not task.cancelled():
            task.exception()
