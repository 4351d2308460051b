"""The app's home tab: a person's own instances, drawn when it is opened and after what is done there."""

from __future__ import annotations

from datetime import datetime
from decimal import Decimal
from typing import Any

import structlog
from slack_bolt.app.async_app import AsyncApp

from bot import faults, words
from bot.faults import CALL_FAILED
from bot.listeners.clicks import Click, Deed
from bot.listeners.listing import page_number
from bot.listeners.visits import Visit
from bot.parts import Parts
from bot.views import blocks as b
from bot.views.home import home
from bot.views.text import Block
from core import costs
from core.errors import StoreUnavailable
from core.models import Actor, Instance

log = structlog.get_logger(__name__)


def register(app: AsyncApp, parts: Parts) -> None:
    async def on_opened(event: dict[str, Any]) -> None:
        if event.get("tab") == "home":
            parts.background.start(publish(parts, Actor(user=str(event["user"]))))

    app.event("app_home_opened")(on_opened)


def kept_up_to_date(deed: Deed) -> Deed:
    """The deed and, where its button was pressed on the home tab, that tab drawn anew after it."""

    async def and_then(parts: Parts, click: Click) -> None:
        try:
            await deed(parts, click)
        finally:
            await republish(parts, click.visit)

    return and_then


async def press_page(parts: Parts, click: Click) -> None:
    await publish(parts, click.visit.actor, page_number(click.value))


async def republish(parts: Parts, visit: Visit) -> None:
    """Once more after something that went on in the background, for whoever stands before the tab."""
    if visit.is_at_home:
        await publish(parts, visit.actor, _page_of(visit))


async def publish(parts: Parts, actor: Actor, page: int = 0) -> None:
    """Draws the tab from what is recorded. A failure is logged: the person can open it again."""
    try:
        view = await _drawn(parts, actor, page)
    except StoreUnavailable as error:
        view = b.home_view(b.notice(words.error_words(error)).blocks)
    try:
        marked = {**view, "private_metadata": str(page)}
        await parts.client.api_call("views.publish", json={"user_id": actor.user, "view": marked})
    except CALL_FAILED as error:
        log.warning("home_not_published", error=faults.word_of(error))


async def _drawn(parts: Parts, actor: Actor, page: int) -> Block:
    now = parts.clock.now()
    live = await parts.store.live()
    ended = await parts.store.ended_since(costs.month_start(now))
    live.sort(key=lambda instance: (not costs.is_billed(instance), -instance.created_at.timestamp()))
    mine = [instance for instance in live if _is_of(instance, actor)]
    is_admin = parts.policy.is_admin(actor)
    others = [instance for instance in live if not _is_of(instance, actor)] if is_admin else []
    spent = _spent([*mine, *(instance for instance in ended if _is_of(instance, actor))], now)
    return home(mine, others, now=now, is_admin=is_admin, spent_this_month=spent, page=page)


def _page_of(visit: Visit) -> int:
    """The page that was shown: the tab remembers it."""
    return page_number(str((visit.view or {}).get("private_metadata") or ""))


def _is_of(instance: Instance, actor: Actor) -> bool:
    return instance.owner.user == actor.user


def _spent(instances: list[Instance], now: datetime) -> Decimal:
    return sum((costs.this_month(instance, now) for instance in instances), Decimal(0))
