"""Where instances' cards stand in Slack, and which instance a thread is about."""

from __future__ import annotations

from collections.abc import Sequence

import structlog

from core.adapters.redis.commands import Commands, key_of
from core.adapters.redis.documents import Kind, NotReadable, stamped
from core.adapters.redis.migrations import read_value
from core.adapters.redis.scripts import ADOPT_NOTE
from core.domain.card import Card
from core.services.outbox.delivery import DeliveryState, card_of, read_delivery_state

log = structlog.get_logger(__name__)

CARDS_KEY, THREADS_KEY = key_of("cards"), key_of("threads")
NOWHERE = "-"


class Cards(Commands):
    """Part of the store. Every method raises StoreUnavailable when Redis cannot answer.

    A card is written with how far its story is told (Store.save_progress and its like), which is why none is written
    here but those that earlier versions of this program kept in their notes.
    """

    async def card(self, instance_id: str) -> Card | None:
        """The card of an instance; None while there is none."""
        stored, delivery = await self._together(
            lambda pipe: (pipe.hget(CARDS_KEY, instance_id), pipe.get(key_of("delivery", instance_id)))
        )
        try:
            return _card_in(read_delivery_state(delivery or ""), read_card(stored or ""))
        except NotReadable:
            return None

    async def instance_at(self, channel: str, ts: str) -> str | None:
        """The id of the instance whose card stands there, also of one that has ended."""
        place = place_of(Card(channel=channel, ts=ts))
        found = await self._again(lambda: self._redis.hget(THREADS_KEY, place))
        if found is None and await self.adopt_old_notes(only_new=True):
            found = await self._again(lambda: self._redis.hget(THREADS_KEY, place))
        card = await self.card(found) if found is not None else None
        return found if card is not None and place_of(card) == place else None

    async def adopt_old_notes(self, *, only_new: bool = False) -> int:
        """Notes as facts of their own what earlier versions of this program kept in their notes: where cards stand, and
        how far each notifier has come. Returns how many cards those were.

        `only_new`: only of instances of which no card is known. Else also where such a version has been at work since.
        """
        live, ended, cards = await self._together(
            lambda pipe: (
                pipe.zrange(key_of("live"), 0, -1),
                pipe.zrange(key_of("ended"), 0, -1),
                pipe.hgetall(CARDS_KEY),
            )
        )
        ids = [id_ for id_ in (*live, *ended) if not only_new or id_ not in cards]
        notes = await self._of_each(ids, lambda pipe, id_: pipe.get(key_of("delivery", id_)), None)
        known = {id_: read_delivery_state(note) for id_, note in zip(ids, notes, strict=True) if note}
        return sum([await self._adopt(id_, note, cards.get(id_, "")) for id_, note in known.items()])

    async def _adopt(self, instance_id: str, delivery: DeliveryState, stored: str) -> bool:
        try:
            before = read_card(stored)
        except NotReadable:
            return False
        card = _card_in(delivery, before)
        if card is None or card == before:
            return False
        heard = [each for name, state in delivery.by.items() for each in (name, state.cursor)]
        arguments = [instance_id, stored, *card_arguments(card), *heard]
        keys = [key_of("instance", instance_id), CARDS_KEY, THREADS_KEY]
        await self._run(ADOPT_NOTE, keys, arguments, even_when_full=True)
        return True


def read_card(text: str) -> Card | None:
    """The card as the store holds it: its place, and all of it as JSON.

    None for what is no card, which is made anew. Raises NotReadable for one of a newer version of this program.
    """
    try:
        return read_value(Kind.CARD, Card, text.partition(" ")[2]) if text else None
    except NotReadable as error:
        log.error("card_not_readable", why=str(error))
        if error.newer is not None:
            raise
        return None


def card_arguments(card: Card | None) -> Sequence[str]:
    """What the scripts take of a card: its place, and all of it as JSON; two empty texts where it stays as it is."""
    return (place_of(card), stamped(Kind.CARD, card.model_dump_json())) if card is not None else ("", "")


def place_of(card: Card) -> str:
    """The place as one word, by which its instance is found."""
    return f"{card.channel}:{card.ts}" if card.stands else NOWHERE


def _card_in(delivery: DeliveryState, stored: Card | None) -> Card | None:
    memo = next((state.memo for state in delivery.by.values() if "ts" in state.memo), {})
    return card_of(memo, stored)
