"""Whole processes of core for tests: the real client, store, outbox, catalog, launcher and observer over one world."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from pydantic import BaseModel, SecretStr

from bot.sandbox.novita import SandboxNovita
from bot.sandbox.novita.server import DEFAULT_API_KEY
from core.adapters.novita import NovitaClient
from core.adapters.redis import Store, connect
from core.domain.base import Actor
from core.domain.events import Event
from core.domain.instance import Instance
from core.domain.request import InstanceRequest, draft_of
from core.domain.validation import Limits
from core.services.alarms import Alarms
from core.services.catalog import Catalog
from core.services.clock_agreement import Clocks
from core.services.continuity import Continuity
from core.services.creation import Creation, Door, Entry, Rules
from core.services.launch import Launcher, RecordedLaunch, RetryPolicy
from core.services.lifecycle import Lifecycle
from core.services.outbox import Dispatcher, Notifier, RecordWriter
from core.services.reconciler import ALIVE_WITHIN, Reconciler
from core.services.strays import Strays
from tests.core.novita_world import IMPATIENT
from tests.core.samples import ADA, POLICY, TurnedClock, request

USUAL_LEASE = timedelta(hours=8)
MAX_LEASE = timedelta(hours=72)
PRIORITY = ("AS-SGP-02", "CN-HK-01", "OC-AU-01")


class Nothing(BaseModel):
    """What a notifier remembers that remembers nothing."""


class Told:
    """A notifier that writes down what it is told."""

    name = "told"
    state = Nothing

    def __init__(self) -> None:
        self.events: list[Event] = []

    async def deliver(self, instance: Instance, event: Event, state: Nothing, *, latest: bool) -> Nothing:
        self.events.append(event)
        return state

    @property
    def types(self) -> list[str]:
        return [event.type for event in self.events]


class AllOpen:
    """Channels; `obstacles` are those that the bot cannot write in, and why."""

    def __init__(self, **obstacles: str) -> None:
        self.obstacles = obstacles

    async def obstacle(self, channel: str | None) -> str:
        return self.obstacles.get(channel or "", "")

    def words(self, obstacle: str) -> str:
        return f"The bot cannot write there: {obstacle}."


class Unwatched:
    """Work in the background."""

    def __init__(self) -> None:
        self.tasks: list[asyncio.Task[object]] = []

    def start(self, work: Coroutine[Any, Any, object]) -> None:
        self.tasks.append(asyncio.create_task(work))


RULES = Rules(lambda: POLICY, Limits(default_lease=USUAL_LEASE, max_lease=None), PRIORITY)


@dataclass
class Process:
    """One process: what it has of its own."""

    store: Store
    novita: NovitaClient
    unit_of_work: RecordWriter
    dispatcher: Dispatcher
    catalog: Catalog
    launcher: Launcher
    creation: Creation
    reconciler: Reconciler
    lifecycle: Lifecycle
    strays: Strays
    continuity: Continuity
    alarms: Alarms
    told: Told

    async def begin(
        self, request: InstanceRequest, *, owner: Actor, key: str, is_renamed: bool = False
    ) -> RecordedLaunch:
        """Through the gate, by a door that only tests have."""
        envs = {name: value.get_secret_value() for name, value in request.envs.items()}
        door = Door(name="test", needs_channel=False, is_renamed=is_renamed)
        draft = replace(draft_of(request), envs=envs)
        return await self.creation.begin(Entry(draft=draft, actor=owner, door=door, key=key))

    async def made(self, key: str = "view:V1", **changes: object) -> Instance:
        """The record of a launch that is over, with these values of its request."""
        named = request(**{"name": f"train-{key.split(':')[-1].lstrip('V')}"} | changes)
        launch = await self.begin(named, owner=ADA, key=key)
        return await self.record((await self.launcher.finish(launch)).instance_id)

    async def record(self, instance_id: str) -> Instance:
        """As it is stored now."""
        found = await self.store.get(instance_id)
        assert found is not None
        return found

    async def looks(self, clock: TurnedClock, seconds: float, *, each: float = 10) -> None:
        """A worker's looks for so long, and nothing else of what it does."""
        await self._in_turns(clock, seconds, each, self.reconciler.run_once)

    async def works(self, clock: TurnedClock, seconds: float, *, each: float = 10) -> None:
        """All that a worker does for the instances that there are, for so long."""
        steps = (self.reconciler.run_once, self.continuity.doubt_if_gone_back, self.lifecycle.run_due)
        await self._in_turns(clock, seconds, each, *steps)

    async def _in_turns(
        self, clock: TurnedClock, seconds: float, each: float, *steps: Callable[[], Awaitable[object]]
    ) -> None:
        for _ in range(round(seconds / each)):
            clock.turn(seconds=each)
            for step in steps:
                await step()
        await self.quiet()

    async def quiet(self) -> None:
        await self.dispatcher.drain(timedelta(seconds=20))

    async def close(self) -> None:
        await self.quiet()
        await self.novita.aclose()
        await self.store.aclose()


def process(
    sandbox: SandboxNovita,
    redis_url: str,
    clock: TurnedClock,
    *,
    retry: RetryPolicy | None = None,
    novita: Any = None,
    notifiers: Sequence[Notifier[Any]] = (),
) -> Process:
    store = Store(connect(redis_url))
    client = NovitaClient(sandbox.base_url, SecretStr(DEFAULT_API_KEY), timeouts=IMPATIENT)
    told = Told()
    dispatcher = Dispatcher(store, [told, *notifiers], clock)
    unit_of_work = RecordWriter(store, dispatcher, clock)
    catalog = Catalog(client, store, clock, ttl=timedelta(seconds=30))
    launcher = Launcher(
        novita or client,
        catalog,
        store,
        unit_of_work,
        clock,
        process=store.holder,
        retry=retry,
    )
    channels = AllOpen()
    creation = Creation(catalog, store, channels, launcher, Unwatched(), RULES)
    alarms = Alarms(store, clock)
    strays = Strays(client, store, unit_of_work, alarms, clock, lease=USUAL_LEASE)
    continuity = Continuity(store, unit_of_work)
    reconciler = Reconciler(client, store, unit_of_work, clock, alarms, strays=strays, continuity=continuity)
    witness = Clocks(client, clock, clock, alarms, store, alive_within=ALIVE_WITHIN)
    lifecycle = Lifecycle(client, store, unit_of_work, clock, witness, alarms, past=continuity, max_lease=MAX_LEASE)
    return Process(
        store,
        client,
        unit_of_work,
        dispatcher,
        catalog,
        launcher,
        creation,
        reconciler,
        lifecycle,
        strays,
        continuity,
        alarms,
        told,
    )


@asynccontextmanager
async def novita_at(clock: TurnedClock, **options: Any) -> AsyncIterator[SandboxNovita]:
    sandbox = SandboxNovita(clock=lambda: clock.now().timestamp(), **options)
    await sandbox.start()
    try:
        yield sandbox
    finally:
        await sandbox.stop()
