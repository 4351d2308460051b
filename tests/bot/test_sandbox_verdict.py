"""A rehearsal's verdict objects to everything that is not as it was told."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from bot.sandbox.children import Child
from bot.sandbox.novita import Machine
from bot.sandbox.novita.faults import Endpoint
from bot.sandbox.novita.steered import NovitaCall
from bot.sandbox.sandbox import Sandbox
from bot.sandbox.slack import Message, SlackCall
from bot.sandbox.slack.constants import BOT_USER
from bot.sandbox.verdict import claims

ORDER = {
    "name": "train-1",
    "productId": "4090.16c62g",
    "clusterId": "as-sgp-2",
    "gpuNum": 1,
    "rootfsSize": 60,
    "imageUrl": "docker.io/team/image:1",
    "kind": "gpu",
    "billingMode": "spot",
}


class Told(Sandbox):
    """A sandbox in which nothing runs and a rehearsal has gone well."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.children = [Child("web", folder, lambda role, line: None)]
        self.attempt(400)
        self.attempt(200)
        self.machine: Machine = self.novita.create_instance(ORDER)
        self.card = self.say("train-1 is running")
        self.say("train-1 is created", self.card)
        self.say("train-1 is running", self.card)

    def attempt(self, status: int) -> None:
        call = NovitaCall("POST", "/create", Endpoint.CREATE, time.time(), {}, status=status, outcome="answered")
        self.novita.calls.append(call)

    def say(self, text: str, under: Message | None = None) -> Message:
        workspace = self.slack.workspace
        thread = under.ts if under else None
        ts = workspace.new_ts()
        return workspace.post(Message(self.slack.channel_id("gpu"), ts, BOT_USER, text, [], thread_ts=thread))

    def objections(self) -> str:
        found = claims(self, self.card, refused="CN-HK-01", used="AS-SGP-02")
        return "\n".join(objection for claim in found for objection in claim.objections)


@pytest.fixture
async def told(tmp_path: Path) -> AsyncIterator[Told]:
    sandbox = Told(tmp_path)
    yield sandbox
    await sandbox.children[0].stop()


async def test_there_is_nothing_to_object_to_when_all_went_well(told: Told) -> None:
    assert told.objections() == ""


async def test_a_second_instance_is_objected_to(told: Told) -> None:
    told.novita.create_instance(ORDER)
    told.attempt(200)
    assert "the creates were answered [400, 200, 200]" in told.objections()
    assert "there are instances in" in told.objections()


async def test_an_instance_in_another_region_is_objected_to(told: Told) -> None:
    told.machine.cluster = told.novita.cluster("EU-GB-01")
    assert "there are instances in ['EU-GB-01 (United Kingdom)']" in told.objections()


async def test_a_second_card_is_objected_to(told: Told) -> None:
    told.say("train-1 is running")
    assert "there are 2 messages in #gpu" in told.objections()


async def test_news_told_twice_is_objected_to(told: Told) -> None:
    told.say("train-1 is running", told.card)
    assert "the thread says" in told.objections()


async def test_what_slack_or_novita_object_to_is_objected_to(told: Told) -> None:
    told.slack.workspace.complain("an ack came late")
    told.slack.workspace.record(SlackCall("chat.update", {}, 0.0, 200, "invalid_blocks"))
    told.novita.violate("create", ["unknown field colour"])
    for words in ("an ack came late", "chat.update: invalid_blocks", "create: unknown field colour"):
        assert words in told.objections()


async def test_a_secret_in_a_message_or_a_log_is_objected_to_without_repeating_it(told: Told) -> None:
    journal = told.children[0].journal
    told.say(f"the password is {told.machine.ssh_password}", told.card)
    journal.take(f'{{"event": "called with {told.slack.bot_token}"}}\n'.encode())
    objections = told.objections()
    assert "the message of" in objections and str(journal.path) in objections
    assert told.slack.bot_token not in objections


async def test_an_error_in_a_log_is_objected_to(told: Told) -> None:
    told.children[0].journal.take(b'{"event": "unexpected", "level": "error", "reference": "A1B2C3"}\n')
    assert "error unexpected reference=A1B2C3" in told.objections()
