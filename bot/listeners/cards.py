"""Where an instance's card stands in Slack, and drawing it anew."""

from __future__ import annotations

import asyncio

from bot.listeners.interactions import Interaction
from bot.listeners.services import Services
from core.domain.card import Card
from core.domain.errors import StoreUnavailable
from core.domain.instance import Instance

_LOOK_SECONDS = 0.5
"""As long as somebody who waits for something else waits for the store."""


async def card_of(services: Services, instance_id: str) -> Card | None:
    """The card, once this process has told what it is telling; None while there is none, or nowhere to put one.

    Raises StoreUnavailable.
    """
    await services.telling.settled(instance_id)
    return await _standing(services, instance_id)


async def link_to(services: Services, instance_id: str) -> str | None:
    """The card's address. Raises StoreUnavailable."""
    return _link(services, await card_of(services, instance_id))


async def link_by_now(services: Services, instance_id: str) -> str | None:
    """The card's address where it is known by now: waits for nobody who is telling, nor for a store that is away."""
    try:
        async with asyncio.timeout(_LOOK_SECONDS):
            return _link(services, await _standing(services, instance_id))
    except (StoreUnavailable, TimeoutError):
        return None


async def instance_at(services: Services, channel: str, ts: str) -> Instance | None:
    """The instance whose card stands there, also one that has ended. Raises StoreUnavailable."""
    found = await services.cards.instance_at(channel, ts)
    return await services.gpus.get(found) if found is not None else None


async def redraw(services: Services, instance_id: str) -> None:
    """Draws the card anew: somebody has just pressed a button that it should no longer have."""
    instance = await services.gpus.get(instance_id)
    card = await card_of(services, instance_id)
    if instance is not None and card is not None:
        await services.notifier.redraw(instance, card)


async def retire_if_old(services: Services, interaction: Interaction) -> None:
    """A card whose button was pressed, but that is not the one which is kept up to date: it says where that is."""
    if not interaction.card_of or not interaction.is_on_card:
        return
    card, instance = await card_of(services, interaction.card_of), await services.gpus.get(interaction.card_of)
    pressed = (interaction.channel, interaction.message_ts)
    if instance is not None and card is not None and (card.channel, card.ts) != pressed:
        await services.notifier.retire(instance, card, *pressed)


async def _standing(services: Services, instance_id: str) -> Card | None:
    card = await services.cards.card(instance_id)
    return card if card is not None and card.stands else None


def _link(services: Services, card: Card | None) -> str | None:
    return services.identity.permalink(card.channel, card.ts or "") if card else None
