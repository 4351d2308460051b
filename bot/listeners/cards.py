"""Where an instance's card stands in Slack, and drawing it anew."""

from __future__ import annotations

from dataclasses import dataclass

from bot.notifier import SlackNotifier
from bot.parts import Parts
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


async def redraw(parts: Parts, instance_id: str) -> None:
    """Draws the card anew: somebody has just pressed a button that it should no longer have."""
    instance = await parts.store.get(instance_id)
    memo = await parts.outbox.memo(instance_id, SlackNotifier.name)
    if instance is not None and _place(memo) is not None:
        await parts.notifier.redraw(instance, memo)


def _place(memo: Memo) -> Place | None:
    channel, ts = memo.get("channel", ""), memo.get("ts", "")
    return Place(channel, ts) if channel and ts else None


def _link(parts: Parts, place: Place | None) -> str | None:
    return parts.identity.permalink(place.channel, place.ts) if place else None
