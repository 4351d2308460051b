"""A whole life on one Redis between two webs and two workers, one of them killed: all is done once, and told once."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import jsonschema_rs
from aiohttp import web

from bot.http.api import openapi
from bot.sandbox.novita import Fault
from bot.sandbox.slack import Fault as SlackFault
from bot.sandbox.slack import Message
from core.domain.errors import VersionConflict
from core.domain.instance import Instance, Status
from tests.bot.front import Front
from tests.bot.scenarios import buttons_of
from tests.e2e.stage import BotProcess, Stage, open_stage
from tests.patience import until
from tests.served import served_at

CY, BO = "U0CY000001", "U0BO000001"
DOCUMENT = openapi.document()
SLOW = SlackFault.slow(1.2)
"""Each post takes so long that others look for what is to be told meanwhile, as they do every second."""

ALARM = "nobody here is known to have asked for"
REPLIES = ["is created", "is running", "min left", "is being stopped", "is stopped"]
REPLIES += ["is being started", "is running", "is being stopped", "is stopped", "is being deleted", "is deleted"]
NEWS = ["instance_created", "instance_running", "lease_reminder", "instance_stopped"]
NEWS += ["instance_running", "instance_stopped", "instance_deleted"]
"""Of the life below, in order, each once."""


@dataclass
class Program:
    """Takes what WEBHOOK_URL is sent, and holds each body against what openapi.json says of its type."""

    ids: list[str] = field(default_factory=list)
    told: list[tuple[str, str]] = field(default_factory=list)
    """The instance and the type of each event."""

    async def take(self, request: web.Request) -> web.Response:
        news = await request.json()
        schema = DOCUMENT["webhooks"][news["type"]]["post"]["requestBody"]["content"]["application/json"]["schema"]
        jsonschema_rs.validator_for({**schema, "components": DOCUMENT["components"]}).validate(news)
        self.ids.append(request.headers["X-Webhook-Id"])
        self.told.append((news["instanceId"], news["type"]))
        return web.Response(status=204)

    def heard(self, instance_id: str) -> list[str]:
        return [type_ for of, type_ in self.told if of == instance_id]


@dataclass
class Life:
    """The stage with its two webs and two workers. `first` is the worker that does all, until it is killed."""

    stage: Stage
    program: Program
    first: BotProcess
    settings: dict[str, str]

    async def record(self, instance_id: str) -> Instance:
        found = await self.stage.store.get(instance_id)
        assert found is not None
        return found

    async def lease_to(self, instance_id: str, left: timedelta) -> None:
        """As if so much of the lease were left."""

        async def is_written() -> bool:
            record = await self.record(instance_id)
            changed = record.replace(lease=record.lease.replace(ends_at=datetime.now(UTC) + left))
            try:
                await self.stage.store.commit(changed, [], datetime.now(UTC))
            except VersionConflict:
                return False
            return True

        await until(is_written)

    async def settled_as(self, instance_id: str, status: Status) -> Instance:
        """The record once it is so, no order is left, and everything has been told."""

        async def is_so() -> Instance | None:
            record = await self.record(instance_id)
            return record if record.status is status and record.order is None else None

        await until(is_so)
        await self.stage.told()
        return await self.record(instance_id)

    async def said(self, card: Message, text: str, *, times: int = 1) -> None:
        """Returns once so many replies say so."""
        await self.stage.slack.wait_until(
            lambda: sum(text in each.shown for each in self.stage.slack.thread(card)) >= times
        )

    async def ordered(self, card: Message, verb: str) -> None:
        """Its owner presses the button, once the card has it."""
        await self.stage.slack.wait_until(lambda: f"instance:{verb}" in buttons_of(card))
        await self.stage.slack.person("ada").click(card, f"instance:{verb}")

    async def alarm(self, who: str) -> Message:
        """What an admin is told directly."""
        dms = self.stage.slack.person(who).dms
        found = await self.stage.slack.wait_until(lambda: next((dm for dm in dms() if ALARM in dm.shown), None))
        assert found is not None
        return found

    async def killed_while_it_ends_the_lease(self, instance_id: str) -> None:
        """The worker that has just had the instance stopped dies before it hears that it has.

        What it had to tell by then is told: of a post that is under way nobody can know whether it was made.
        """
        self.stage.novita.fail_next("stop", Fault.hang(has_effect=True))
        await self.lease_to(instance_id, timedelta(0))
        await self.stage.novita.wait_until(lambda: bool(self.stage.novita.calls_of("stop")))
        await self.stage.told()
        await self.first.kill()
        self.stage.novita.clear_faults()

    def asked(self) -> dict[str, int]:
        """How often Novita was asked for each change."""
        verbs = ("create", "start", "stop", "restart", "delete")
        return {verb: count for verb in verbs if (count := len(self.stage.novita.calls_of(verb)))}


def kinds(replies: list[Message]) -> list[str]:
    """What the first line of each is about."""
    return [
        next((kind for kind in REPLIES if kind in reply.shown.partition("\n")[0]), reply.shown) for reply in replies
    ]


@asynccontextmanager
async def listening() -> AsyncIterator[tuple[Program, str]]:
    program = Program()
    async with served_at("POST", "/hook", program.take) as url:
        yield program, f"{url}/hook"


@asynccontextmanager
async def lived(folder: Path) -> AsyncIterator[Life]:
    """Begun with one worker, so that it has every task; the second stands by. All end well."""
    async with open_stage(folder) as stage, listening() as (program, url):
        settings = {"ADMINS": f"{CY},{BO}", "WEBHOOK_URL": url, "WEBHOOK_ALLOW_PRIVATE": "true"}
        ports = []
        for _ in range(2):
            await stage.web(**settings)
            ports.append(int(str(stage.slack.bot_url).rpartition(":")[2]))
        first = await stage.worker(**settings)
        await stage.watched()
        await stage.worker(**settings)
        async with Front(ports) as front:
            stage.slack.bot_url = front.url
            yield Life(stage, program, first, settings)
            await stage.told()
            for process in stage.processes:
                assert process is first or await process.stop() == 0


async def test_between_two_webs_and_two_workers_a_whole_life_is_done_and_told_once(tmp_path: Path) -> None:
    async with lived(tmp_path) as life:
        stage = life.stage
        stage.slack.faults.always("chat.postMessage", SLOW)
        await stage.submitted("train-1")
        card = await stage.card("is running")
        instance_id = (await stage.record(card)).id
        await life.lease_to(instance_id, timedelta(minutes=10))
        await life.said(card, "min left")
        stage.slack.faults.clear()

        await life.killed_while_it_ends_the_lease(instance_id)
        stopped = await life.settled_as(instance_id, Status.STOPPED)
        await life.said(card, "is stopped")
        await stage.worker(**life.settings)

        await life.ordered(card, "start")
        await life.said(card, "is running", times=2)
        clone = stage.novita.clone_instance(str(stopped.remote.id)).id
        alarms = [await life.alarm("cy"), await life.alarm("bo")]
        [stray] = [each.id for each in await stage.store.live() if each.remote.id == clone]
        await stage.slack.person("cy").click(alarms[0], "stray:delete")
        await life.settled_as(stray, Status.DELETED)

        await life.ordered(card, "stop")
        await life.settled_as(instance_id, Status.STOPPED)
        await life.ordered(card, "delete")
        await life.settled_as(instance_id, Status.DELETED)

        assert life.asked() == {"create": 1, "start": 1, "stop": 2, "delete": 2}
        assert (kinds(stage.slack.thread(card)), life.program.heard(instance_id)) == (REPLIES, NEWS)
        assert life.program.heard(stray) == ["instance_adopted", "instance_running", "instance_deleted"]
        assert max(Counter(life.program.ids).values()) == 1
        for who in ("cy", "bo"):
            assert len([dm for dm in stage.slack.person(who).dms() if ALARM in dm.shown]) == 1
        assert stage.slack.person("cy").messages("gpu") == [card], "one card, and nothing else in the channel"
