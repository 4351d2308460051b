"""Where an instance's card stands in Slack, and drawing it anew."""

from __future__ import annotations

from dataclasses import dataclass

from bot.listeners.interactions import Interaction
from bot.listeners.services import Services
from bot.notifiers.instances import SlackNotifier
from core.domain.instance import Instance
from core.services.outbox import Memo


@dataclass(frozen=True)
class Place:
    """A message in Slack, which roots its thread."""

    channel: str
    ts: str


async def place_of(services: Services, instance_id: str) -> Place | None:
    """None while there is no card, or nowhere to put one. Raises StoreUnavailable."""
    return _place(await services.dispatcher.memo(instance_id, SlackNotifier.name))


async def link_to(services: Services, instance_id: str) -> str | None:
    """The card's address. Raises StoreUnavailable."""
    return _link(services, await place_of(services, instance_id))


def link_at_hand(services: Services, instance_id: str) -> str | None:
    """The card's address when this very process knows it without asking."""
    return _link(services, _place(services.dispatcher.memo_at_hand(instance_id, SlackNotifier.name)))


async def instance_at(services: Services, place: Place) -> Instance | None:
    """The instance whose card stands there, also one that has ended. Raises StoreUnavailable."""
    kept = await services.store.kept(services.clock.now())
    memos = await services.dispatcher.memos([instance.id for instance in kept], SlackNotifier.name)
    return next((instance for instance, memo in zip(kept, memos, strict=True) if _place(memo) == place), None)


async def redraw(services: Services, instance_id: str) -> None:
    """Draws the card anew: somebody has just pressed a button that it should no longer have."""
    instance = await services.store.get(instance_id)
    memo = await services.dispatcher.memo(instance_id, SlackNotifier.name)
    if instance is not None and _place(memo) is not None:
        await services.notifier.redraw(instance, memo)


async def retire_if_old(services: Services, interaction: Interaction) -> None:
    """A card whose button was pressed, but that is not the one which is kept up to date: it says where that is."""
    if not interaction.card_of or not interaction.is_on_card:
        return
    memo = await services.dispatcher.memo(interaction.card_of, SlackNotifier.name)
    place, instance = _place(memo), await services.store.get(interaction.card_of)
    if instance is not None and place is not None and place != Place(interaction.channel, interaction.message_ts):
        await services.notifier.retire(instance, memo, interaction.channel, interaction.message_ts)


def _place(memo: Memo) -> Place | None:
    channel, ts = memo.get("channel", ""), memo.get("ts", "")
    return Place(channel, ts) if channel and ts else None


def _link(services: Services, place: Place | None) -> str | None:
    return services.identity.permalink(place.channel, place.ts) if place else None
