"""kill -9 of the web, and Redis going away, between an order's record, its POST and what is noted of the answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.sandbox.novita import Fault, SandboxNovita
from bot.sandbox.novita.machines import GONE
from bot.sandbox.slack import Message
from core.domain.events import OrderFailed
from core.domain.instance import Instance, Status
from core.domain.order import Verb
from core.domain.order_timing import IN_FLIGHT_FOR
from tests.bot.app_fixture import GPU, instance_id_of
from tests.bot.redis_line import RedisLine
from tests.e2e.stage import Stage, open_stage
from tests.patience import until

TOKEN = "token-of-a-program-that-gives-orders"
VERBS = tuple(Verb)
UNANSWERED, LOST, LATE = Fault.hang(has_effect=True), Fault.hang(has_effect=False), Fault.slow(0.6)


@dataclass
class Orders:
    """An instance for each verb, in the state in which it can be asked for, and a web that takes the orders."""

    stage: Stage
    line: RedisLine
    ids: dict[Verb, str]
    before: dict[Verb, int]
    """The POSTs of each verb that there had been."""

    @property
    def novita(self) -> SandboxNovita:
        return self.stage.novita

    async def record(self, verb: Verb) -> Instance:
        record = await self.stage.store.get(self.ids[verb])
        assert record is not None
        return record

    async def novita_id(self, verb: Verb) -> str:
        return (await self.record(verb)).remote.id or ""

    def posts(self, verb: Verb) -> int:
        return len(self.novita.calls_of(verb.value)) - self.before[verb]

    async def give_all(self) -> None:
        """Every verb, each to its own instance, until Novita has got them all."""
        for verb in VERBS:
            await _order(self.stage, verb, self.ids[verb])
        await self.novita.wait_until(lambda: all(self.posts(verb) for verb in VERBS))

    async def age(self) -> None:
        """As if whoever sent them had been silent for as long as a call may take."""
        shift = IN_FLIGHT_FOR + timedelta(seconds=1)
        for verb in VERBS:
            record = await self.record(verb)
            if record.order is not None and record.order.is_outcome_unknown and record.order.posted_at is not None:
                order = record.order.model_copy(update={"posted_at": record.order.posted_at - shift})
                await self.stage.store.commit(record.model_copy(update={"order": order}), [], datetime.now(UTC))

    async def ended_as(self, **states: Status) -> None:
        """Returns once each of these is in its state, and no order is left."""

        records: dict[str, Instance] = {}

        async def ended() -> bool:
            records.update({name: await self.record(Verb(name)) for name in states})
            return all(r.order is None and r.status is states[name] for name, r in records.items())

        try:
            await until(ended)
        except TimeoutError:
            raise AssertionError({name: (r.status, r.remote.status, r.order) for name, r in records.items()}) from None

    async def deleted(self) -> None:
        """Returns once it is gone at Novita. That it is believed takes half a minute where nobody saw it leave."""
        novita_id = await self.novita_id(Verb.DELETE)
        await until(lambda: _is(self, novita_id, GONE))

    def story(self, verb: Verb) -> list[str]:
        return [reply.shown for reply in self.stage.slack.thread(self.card(verb))]

    def card(self, verb: Verb) -> Message:
        cards = self.stage.slack.person("ada").messages("gpu")
        return next(card for card in cards if instance_id_of(card) == self.ids[verb])


async def _order(stage: Stage, verb: Verb, instance_id: str) -> None:
    path, method = (f"/{instance_id}", "DELETE") if verb is Verb.DELETE else (f"/{instance_id}/{verb.value}", "POST")
    await _call(stage, path, 202, method=method)


async def _call(
    stage: Stage, path: str, status: int, body: dict[str, object] | None = None, *, method: str = "POST"
) -> dict[str, str]:
    async with httpx.AsyncClient(timeout=60) as http:
        url, token = f"{stage.slack.bot_url}/api/instances{path}", {"Authorization": f"Bearer {TOKEN}"}
        answer = await http.request(method, url, json=body, headers=token)
    assert answer.status_code == status, answer.text
    found: dict[str, str] = answer.json()
    return found


@asynccontextmanager
async def orders_on(folder: Path) -> AsyncIterator[Orders]:
    """No worker runs when it is handed over."""
    async with open_stage(folder) as stage, RedisLine(stage.redis.url) as line:
        worker = await stage.worker()
        await stage.web(REDIS_URL=line.url, API_TOKEN=TOKEN)
        wish = {"productName": GPU, "templateId": "107672", "channel": stage.slack.channel_id("gpu")}
        made = [await _call(stage, "", 201, {"name": f"to-{verb.value}", **wish}) for verb in VERBS]
        orders = Orders(
            stage, line, {verb: a["instanceId"] for verb, a in zip(VERBS, made, strict=True)}, dict.fromkeys(VERBS, 0)
        )
        all_run = dict.fromkeys((verb.value for verb in VERBS), Status.RUNNING)
        await orders.ended_as(**all_run)
        await _order(stage, Verb.STOP, orders.ids[Verb.START])
        await orders.ended_as(**all_run | {"start": Status.STOPPED})
        await stage.told()
        assert await worker.stop() == 0
        orders.before = {verb: len(stage.novita.calls_of(verb.value)) for verb in VERBS}
        yield orders


AS_ASKED = {"start": Status.RUNNING, "stop": Status.STOPPED, "restart": Status.RUNNING}


@pytest.mark.parametrize("fault", [LOST, UNANSWERED], ids=["before the effect", "after it"])
async def test_killed_while_novita_is_asked_each_order_is_done_once_and_told(tmp_path: Path, fault: Fault) -> None:
    async with orders_on(tmp_path) as orders:
        for verb in VERBS:
            orders.novita.fail_next(verb.value, fault)
        await orders.give_all()
        await orders.stage.processes[-1].kill()
        orders.novita.clear_faults()
        await orders.age()
        await orders.stage.worker()
        await orders.ended_as(**AS_ASKED)
        await orders.deleted()
        await orders.stage.told()
        for verb in VERBS:
            # What ends a bill may be sent again to what shows no result yet; a start or restart is never done twice.
            again = 1 if fault is LOST else int(verb in (Verb.STOP, Verb.DELETE) and orders.posts(verb) > 1)
            assert orders.posts(verb) == 1 + again, verb
            assert "could not" not in "".join(orders.story(verb))
        assert "is stopped" in orders.story(Verb.STOP)[-1]
        assert "is running" in orders.story(Verb.START)[-1]
        assert "is running" in orders.story(Verb.RESTART)[-1]


async def test_what_somebody_did_after_an_order_whose_sender_was_killed_is_not_undone(tmp_path: Path) -> None:
    async with orders_on(tmp_path) as orders:
        for verb in VERBS:
            orders.novita.fail_next(verb.value, UNANSWERED)
        await orders.give_all()
        await orders.stage.processes[-1].kill()
        stopped, started = await orders.novita_id(Verb.STOP), await orders.novita_id(Verb.START)
        await until(lambda: _is(orders, stopped, "exited"))
        orders.novita.start_instance(stopped)
        await until(lambda: _is(orders, started, "running"))
        orders.novita.stop_instance(started)
        await until(lambda: _is(orders, started, "exited"))
        await until(lambda: _is(orders, stopped, "running"))
        orders.novita.clear_faults()
        await orders.age()
        await orders.stage.worker()
        await orders.ended_as(**AS_ASKED | {"stop": Status.RUNNING, "start": Status.STOPPED})
        await orders.stage.told()
        assert [orders.posts(verb) for verb in (Verb.STOP, Verb.START, Verb.RESTART)] == [1, 1, 1]
        assert ["is stopped" in orders.story(Verb.STOP)[-2], "is running" in orders.story(Verb.STOP)[-1]] == [
            True,
            True,
        ]
        assert ["is running" in orders.story(Verb.START)[-2], "stopped" in orders.story(Verb.START)[-1]] == [True, True]


async def test_redis_away_when_the_answers_come_each_order_is_done_once_and_told(tmp_path: Path) -> None:
    async with orders_on(tmp_path) as orders:
        for verb in VERBS:
            orders.novita.fail_next(verb.value, LATE)
        await orders.give_all()
        await orders.line.down()
        await orders.stage.processes[-1].says("novita_call", lambda c: c["method"] == "POST", times=2 * len(VERBS) + 1)
        await orders.age()
        await orders.stage.worker()
        await orders.ended_as(**AS_ASKED)
        await orders.deleted()
        await orders.line.up()
        await orders.stage.told()
        assert [orders.posts(verb) for verb in (Verb.START, Verb.RESTART)] == [1, 1]
        for verb in VERBS:
            happened = await orders.stage.store.timeline(orders.ids[verb])
            assert not [event for event in happened if isinstance(event, OrderFailed)]


async def _is(orders: Orders, novita_id: str, status: str) -> bool:
    await asyncio.sleep(0)
    return orders.novita.instances[novita_id].status(orders.novita.clock()) == status
