"""The whole bot in one test: real webs and workers over the make-believe Slack and Novita, and a real Redis."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, urlencode

from pydantic import SecretStr

from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import Message, Modal, Outcome, SandboxSlack, Screen
from bot.wiring.base import Base, open_base
from bot.wiring.web import as_web
from bot.wiring.worker import as_worker
from core.adapters.settings import Settings
from core.domain.instance import Instance
from tests.bot.front import Delivered, Front
from tests.patience import NO_HURRY_SECONDS

Json = dict[str, Any]

GPU = "RTX 4090 24GB"
BOOT_SECONDS = 0.5


@dataclass
class Scene:
    """A Slack and a Novita with a bot between them: what people do and see there."""

    slack: SandboxSlack
    novita: SandboxNovita

    async def opened(self, who: str = "ada", channel: str = "gpu") -> Modal:
        """The create modal as it opens, over whatever else the person has open."""
        person = self.slack.person(who)
        below = self.slack.workspace.views.stack(person.id)
        await person.command("/gpu create", channel=channel)
        await self.slack.wait_until(lambda: len(self.slack.workspace.views.stack(person.id)) > len(below))
        return await person.modal("create_instance")

    async def modal(self, who: str = "ada", channel: str = "gpu", template: str = "comfy-prod") -> Modal:
        """The create modal with everything chosen that has no default."""
        modal = await self.opened(who, channel)
        await modal.choose("product_name", GPU)
        await modal.choose("template_id", template)
        return modal

    async def submitted(self, name: str = "train-1", who: str = "ada", channel: str = "gpu") -> Modal:
        """The modal of a create that has just been accepted."""
        modal = await self.modal(who, channel)
        await modal.fill("name", name)
        result = await modal.submit()
        assert result.updated, result
        return modal

    async def outcome(self, title: str, who: str = "ada") -> Modal:
        """The modal once its title says how it went."""
        modal = await self.slack.person(who).modal("create_instance_outcome")
        await self.slack.wait_until(lambda: modal.title == title)
        return modal

    async def shows(self, screen: Screen, text: str) -> str:
        """All that a modal shows, once this text is among it."""
        await self.slack.wait_until(lambda: text in screen.text())
        return screen.text()

    async def card(self, containing: str, who: str = "ada", channel: str = "gpu") -> Message:
        """The newest headline card once its text says so."""
        person = self.slack.person(who)

        def found() -> Message | None:
            cards = [each for each in person.messages(channel) if containing in each.shown]
            return cards[-1] if cards else None

        message = await self.slack.wait_until(found)
        assert message is not None
        return message

    async def watched(self) -> None:
        """Returns once a worker has begun to look at Novita."""
        await self.novita.wait_until(lambda: bool(self.novita.calls_of("instances")))

    async def replies(self, card: Message, count: int) -> list[str]:
        """What is in the card's thread, once it holds so many replies."""
        await self.slack.wait_until(lambda: len(self.slack.thread(card)) >= count)
        return [reply.shown for reply in self.slack.thread(card)]


@dataclass
class House(Scene):
    """The bot in this very process. `base` and `port` are the first web's; the last in `bases` belong to workers."""

    settings: Settings
    bases: list[Base]
    ports: list[int]
    front: Front

    @property
    def base(self) -> Base:
        return self.bases[0]

    @property
    def port(self) -> int:
        return self.ports[0]

    async def submission(self, name: str = "train-1") -> Json:
        """What Slack sends when somebody submits a filled-in form; no web has led it to anything yet."""
        modal = await self.modal()
        await modal.fill("name", "not allowed")
        assert (await modal.submit()).outcome is Outcome.ERRORS
        payload = payload_of(self.front.delivered[-1].body)
        payload["view"]["state"]["values"]["name"]["name"]["value"] = name
        return payload

    def signed(self, payload: Json) -> Delivered:
        """An interaction, ready to be sent to any of the webs."""
        body = urlencode({"payload": json.dumps(payload)}).encode()
        return Delivered(body, {"Content-Type": "application/x-www-form-urlencoded", **self.slack.signed(body)})

    @asynccontextmanager
    async def another_web(self, **settings: Any) -> AsyncIterator[int]:
        """The port of one web more, with settings of its own."""
        async with open_base(self.settings.model_copy(update=settings)) as base, as_web(base) as port:
            yield port

    async def record(self, card: Message) -> Instance:
        """The record that a card is drawn from."""
        record = await self.base.store.get(instance_id_of(card))
        assert record is not None
        return record


def instance_id_of(card: Message) -> str:
    assert card.metadata is not None
    return str(card.metadata["event_payload"]["instance_id"])


def payload_of(body: bytes) -> Json:
    """What a delivery of Slack's holds: the fields of a command, the payload of an interaction."""
    fields = {name: values[0] for name, values in parse_qs(body.decode(), keep_blank_values=True).items()}
    payload: Json = json.loads(fields["payload"]) if "payload" in fields else fields
    return payload


def settings_for(slack: SandboxSlack, api: str, novita: SandboxNovita, redis_url: str, **more: Any) -> Settings:
    return Settings.model_validate(
        {
            "slack_bot_token": slack.bot_token,
            "slack_signing_secret": slack.signing_secret,
            "slack_api_url": api,
            "novita_api_key": novita.api_key,
            "novita_api_url": novita.base_url,
            "redis_url": SecretStr(redis_url),
            "host": "127.0.0.1",
            "port": 0,
            "observe_interval": "0.2",
            **more,
        }
    )


@asynccontextmanager
async def open_house(
    redis_url: str,
    *,
    webs: int = 1,
    workers: int = 1,
    warm: bool = True,
    novita: SandboxNovita | None = None,
    slack: SandboxSlack | None = None,
    **settings: Any,
) -> AsyncIterator[House]:
    """Opened and closed with nothing wrong in between. `warm`: the catalog is filled before anybody comes.

    With several webs each request goes to the next one, as from a load balancer. The two servers may be given with
    faults in them; they are started here.
    """
    slack, novita = (
        slack or SandboxSlack(rate_limits=None, answer_limit=NO_HURRY_SECONDS),
        novita or SandboxNovita(boot_seconds=BOOT_SECONDS),
    )
    async with AsyncExitStack() as stack:
        await novita.start()
        stack.push_async_callback(novita.stop)
        api = await slack.start()
        stack.push_async_callback(slack.stop)
        chosen = settings_for(slack, api, novita, redis_url, **settings)
        bases = [await stack.enter_async_context(open_base(chosen)) for _ in range(webs)]
        ports = [await _open_web(stack, base, warm=warm) for base in bases]
        front = await stack.enter_async_context(Front(ports))
        slack.bot_url = front.url
        bases += [await _open_worker(stack, chosen) for _ in range(workers)]
        yield House(slack, novita, chosen, bases, ports, front)
    assert novita.violations == []
    assert slack.problems == []


async def _open_web(stack: AsyncExitStack, base: Base, *, warm: bool) -> int:
    if warm:
        await base.catalog.get_market()
        await base.catalog.refresh_templates()
    return await stack.enter_async_context(as_web(base))


async def _open_worker(stack: AsyncExitStack, settings: Settings) -> Base:
    base = await stack.enter_async_context(open_base(settings))
    await stack.enter_async_context(as_worker(base))
    return base
