"""The app's home tab: a person's own instances, drawn when it is opened and after what is done there."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp

from bot import wording
from bot.listeners.buttons import Click, Handler
from bot.listeners.interactions import Interaction
from bot.listeners.listing import page_number
from bot.listeners.services import Services
from bot.slack import errors as slack_errors
from bot.slack.errors import CALL_FAILED
from bot.views import blocks as b
from bot.views.home import home
from bot.views.text import Block
from core.domain import costs
from core.domain.base import Actor
from core.domain.errors import StoreUnavailable
from core.domain.instance import Instance

log = structlog.get_logger(__name__)


def register(app: AsyncApp, services: Services) -> None:
    async def on_opened(event: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            services.background.start(publish(services, Actor(user=str(event["user"]))))

    app.event("app_home_opened")(on_opened)


def kept_up_to_date(handler: Handler) -> Handler:
    """The deed and, where its button was pressed on the home tab, that tab drawn anew after it."""

    async def and_then(services: Services, click: Click) -> None:
        try:
            await handler(services, click)
        finally:
            await republish(services, click.interaction)

    return and_then


async def press_page(services: Services, click: Click) -> None:
    await publish(services, click.interaction.actor, page_number(click.value))


async def republish(services: Services, interaction: Interaction) -> None:
    """Once more after something that went on in the background, for whoever stands before the tab."""
    if interaction.is_at_home:
        await publish(services, interaction.actor, _page_of(interaction))


async def publish(services: Services, actor: Actor, page: int = 0) -> None:
    """Draws the tab from what is recorded. A failure is logged: the person can open it again."""
    try:
        view = await _drawn(services, actor, page)
    except StoreUnavailable as error:
        view = b.home_view(b.notice(wording.error_words(error)).blocks)
    await show(services, actor, {**view, "private_metadata": str(page)})


async def show(services: Services, actor: Actor, view: Block) -> None:
    """Puts the view on the person's tab. A failure is logged."""
    try:
        await services.client.api_call("views.publish", json={"user_id": actor.user, "view": view})
    except CALL_FAILED as error:
        log.warning("home_not_published", error=slack_errors.error_code(error))


async def _drawn(services: Services, actor: Actor, page: int) -> Block:
    now = services.clock.now()
    live = await services.gpus.live()
    ended = await services.gpus.ended_since(costs.month_start(now))
    live.sort(key=lambda instance: (not costs.is_billed(instance), -instance.created_at.timestamp()))
    mine = [instance for instance in live if _is_of(instance, actor)]
    is_admin = services.gpus.policy.is_admin(actor)
    others = [instance for instance in live if not _is_of(instance, actor)] if is_admin else []
    spent = _spent([*mine, *(instance for instance in ended if _is_of(instance, actor))], now)
    return home(mine, others, now=now, is_admin=is_admin, spent_this_month=spent, page=page)


def _page_of(interaction: Interaction) -> int:
    """The page that was shown: the tab remembers it."""
    return page_number(str((interaction.view or {}).get("private_metadata") or ""))


def _is_of(instance: Instance, actor: Actor) -> bool:
    return instance.owner.user == actor.user


def _spent(instances: list[Instance], now: datetime) -> Decimal:
    return sum((costs.this_month(instance, now) for instance in instances), Decimal(0))
