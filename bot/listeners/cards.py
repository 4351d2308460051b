"""Where an instance's card stands in Slack, and drawing it anew."""

from __future__ import annotations

from dataclasses import dataclass

from bot.listeners.visits import Visit
from bot.notifier import SlackNotifier
from bot.parts import Parts
from core.models import Instance
from core.outbox import Memo


@dataclass(frozen=True)
class Place:
    """A message in Slack, which roots its thread."""

    channel: str
    ts: str


async def place_of(parts: Parts, instance_id: str) -> Place | None:
    """None while there is no card, or nowhere to put one. Raises StoreUnavailable."""
    return _place(await parts.outbox.memo(instance_id, SlackNotifier.name))


async def link_to(parts: Parts, instance_id: str) -> str | None:
    """The card's address. Raises StoreUnavailable."""
    return _link(parts, await place_of(parts, instance_id))


def link_at_hand(parts: Parts, instance_id: str) -> str | None:
    """The card's address when this very process knows it without asking."""
    return _link(parts, _place(parts.outbox.memo_at_hand(instance_id, SlackNotifier.name)))


async def instance_at(parts: Parts, place: Place) -> Instance | None:
    """The instance whose card stands there, also one that has ended. Raises StoreUnavailable."""
    kept = await parts.store.kept(parts.clock.now())
    memos = await parts.outbox.memos([instance.id for instance in kept], SlackNotifier.name)
    return next((instance for instance, memo in zip(kept, memos, strict=True) if _place(memo) == place), None)


async def redraw(parts: Parts, instance_id: str) -> None:
    """Draws the card anew: somebody has just pressed a button that it should no longer have."""
    instance = await parts.store.get(instance_id)
    memo = await parts.outbox.memo(instance_id, SlackNotifier.name)
    if instance is not None and _place(memo) is not None:
        await parts.notifier.redraw(instance, memo)


async def retire_if_old(parts: Parts, visit: Visit) -> None:
    """A card whose button was pressed, but that is not the one which is kept up to date: it says where that is."""
    if not visit.card_of or not visit.is_on_card:
        return
    memo = await parts.outbox.memo(visit.card_of, SlackNotifier.name)
    place, instance = _place(memo), await parts.store.get(visit.card_of)
    if instance is not None and place is not None and place != Place(visit.channel, visit.message_ts):
        await parts.notifier.retire(instance, memo, visit.channel, visit.message_ts)


def _place(memo: Memo) -> Place | None:
    channel, ts = memo.get("channel", ""), memo.get("ts", "")
    return Place(channel, ts) if channel and ts else None


def _link(parts: Parts, place: Place | None) -> str | None:
    return parts.identity.permalink(place.channel, place.ts) if place else None
