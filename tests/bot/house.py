"""The whole bot in one test: the real web and worker over the make-believe Slack and Novita, and a real Redis."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from bot.compose import Core, as_web, as_worker, open_core
from bot.sandbox.novita import SandboxNovita
from bot.sandbox.slack import Message, Modal, Person, SandboxSlack
from core.settings import Settings

GPU = "RTX 4090 24GB"


@dataclass
class House:
    """What a test needs of it. `core` is the web's own."""

    slack: SandboxSlack
    novita: SandboxNovita
    settings: Settings
    core: Core
    port: int

    async def modal(self, who: str = "ada", channel: str = "gpu") -> Modal:
        """The create modal, opened by command and filled with what has no default."""
        person = self.slack.person(who)
        await person.command("/gpu create", channel=channel)
        modal = await person.modal("create_instance")
        await modal.choose("product_name", GPU)
        await modal.choose("template_id", "comfy-prod")
        return modal

    async def outcome(self, title: str, who: str = "ada") -> Modal:
        """The modal once its title says how it went."""
        person = self.slack.person(who)
        modal = await person.modal("create_instance_outcome")
        await self.slack.wait_until(lambda: modal.title == title)
        return modal

    async def card(self, containing: str, who: str = "ada", channel: str = "gpu") -> Message:
        """The headline card once its text says so."""
        person: Person = self.slack.person(who)

        def found() -> Message | None:
            cards = [each for each in person.messages(channel) if containing in each.shown]
            return cards[-1] if cards else None

        message = await self.slack.wait_until(found)
        assert message is not None
        return message

    def replies(self, message: Message) -> list[str]:
        return [reply.shown for reply in self.slack.thread(message)]


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
    redis_url: str, *, worker: bool = True, warm: bool = True, rate_limits: float | None = None, **settings: Any
) -> AsyncIterator[House]:
    """`warm`: the catalog is filled before anybody comes."""
    slack, novita = SandboxSlack(rate_limits=rate_limits), SandboxNovita(boot_seconds=1.5)
    async with AsyncExitStack() as stack:
        await novita.start()
        stack.push_async_callback(novita.stop)
        api = await slack.start()
        stack.push_async_callback(slack.stop)
        chosen = settings_for(slack, api, novita, redis_url, **settings)
        core = await stack.enter_async_context(open_core(chosen))
        if warm:
            await core.catalog.get_market()
            await core.catalog.refresh_templates()
        port = await stack.enter_async_context(as_web(core))
        slack.bot_url = f"http://127.0.0.1:{port}"
        if worker:
            behind = await stack.enter_async_context(open_core(chosen))
            await stack.enter_async_context(as_worker(behind))
        yield House(slack, novita, chosen, core, port)
        assert novita.violations == []
