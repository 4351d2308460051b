"""Where cards stand: found by instance and by thread, as this version writes it and as earlier ones have."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from redis.asyncio import Redis

from core.adapters.redis import KEEP_ENDED, Store
from core.adapters.redis.cards import card_arguments, read_card
from core.adapters.redis.documents import SCHEMAS, Kind
from core.domain.card import Card
from core.domain.events import Event, InstanceRequested, PhaseChanged
from core.domain.instance import Instance, Status
from core.services.outbox import Dispatcher, Progress, RecordWriter, RetryLater
from tests.core.documents import LIVES, stored
from tests.core.samples import NOON, TurnedClock, instance

CHANNEL, TS = "C0GPU", "1795000000.000100"
HERE, THERE = Card(channel=CHANNEL, ts=TS, seen=1795000000), Card(channel="D0ADA", ts=TS, why="is_archived")
OLD_MEMO = {"channel": CHANNEL, "ts": TS, "seen": "1795000000", "stale": "yes"}

places = st.sampled_from([("", None), ("", ""), (CHANNEL, TS)])
seconds = st.sampled_from([0, 1, 1795000000])
marks = st.tuples(st.sampled_from(["", "is_archived"]), st.booleans(), st.booleans(), seconds)


class Poster:
    """A notifier with a card, which it makes where `place` says; it says what it knew each time."""

    name = "slack"
    state = Card

    def __init__(self, place: Card = HERE) -> None:
        self.place = place
        self.known: list[Card] = []

    async def deliver(self, instance: Instance, event: Event, state: Card, *, latest: bool) -> Card:
        self.known.append(state)
        return state if state.stands and self.place is HERE else self.place


async def begun(store: Store, card: Card | None = HERE, delivery: str = "") -> Instance:
    """A record whose news has been told, with its card."""
    record = (await store.begin(instance(), [InstanceRequested(at=NOON)], NOON)).instance
    await store.finish(record.id, Progress(delivery, 1, {"slack": 1}, card), 1)
    return record


def old_note(memo: dict[str, str], cursor: int = 1) -> str:
    """As the version before this one has written it."""
    told = {"cursor": cursor, "memo": memo, "tries": 0, "due": None, "ended": False, "stuck": False}
    hook = {"cursor": cursor, "memo": {"number": "4"}, "tries": 0, "due": None, "ended": False, "stuck": False}
    return json.dumps({"by": {"slack": told, "webhook": hook}})


@given(places, marks)
def test_a_card_is_read_as_it_was_written(place: tuple[str, str | None], mark: tuple[str, bool, bool, int]) -> None:
    why, twice, stale, seen = mark
    card = Card(channel=place[0], ts=place[1], why=why, twice=twice, stale=stale, seen=seen)
    assert read_card(" ".join(card_arguments(card))) == card


@pytest.mark.parametrize("text", ["", "-", "C1:2", "C1:2 {", 'C1:2 {"seen":"never"}', "nonsense"])
def test_a_card_that_cannot_be_read_is_none(text: str) -> None:
    assert read_card(text) is None


async def test_a_card_is_found_by_its_instance_and_by_its_thread(store: Store) -> None:
    record, other = await begun(store), await begun(store, None)
    assert await store.card(record.id) == HERE
    assert await store.instance_at(CHANNEL, TS) == record.id
    assert await store.instance_at("C0OTHER", TS) is None
    assert await store.card(other.id) is None
    assert await store.card("nobody") is None


async def test_a_card_that_has_moved_is_found_where_it_is_and_not_where_it_was(store: Store, redis: Redis) -> None:
    record = await begun(store)
    assert (await store.claim(record.id, NOON)) is not None
    assert await store.save_progress(record.id, Progress("", 1, card=THERE))
    assert await store.card(record.id) == THERE
    assert await store.instance_at(THERE.channel, TS) == record.id
    assert await store.instance_at(CHANNEL, TS) is None
    assert await store.save_progress(record.id, Progress("", 1)), "what says nothing of the card leaves it as it is"
    assert await store.card(record.id) == THERE
    assert await store.save_progress(record.id, Progress("", 1, card=Card(ts="")))
    assert await store.card(record.id) == Card(ts="")
    assert await redis.hgetall("{gpu}:threads") == {}


async def test_who_lost_the_right_to_tell_moves_no_card(store: Store, redis: Redis) -> None:
    record = await begun(store)
    assert await store.save_progress(record.id, Progress("", 1, {"slack": 9}, THERE)) is False
    assert await store.card(record.id) == HERE
    assert await store.instance_at(THERE.channel, TS) is None
    assert await redis.hget(f"{{gpu}}:instance:{record.id}", "t:slack") == "1"


async def test_what_a_newer_version_says_of_a_card_is_not_guessed_and_nothing_is_posted_anew(
    store: Store, redis: Redis
) -> None:
    record, poster = await begun(store), Poster()
    newer = f'{CHANNEL}:{TS} {{"schema":{SCHEMAS[Kind.CARD] + 1},"place":["{CHANNEL}","{TS}"]}}'
    await redis.hset("{gpu}:cards", record.id, newer)
    await happen(store, record, poster)
    assert await store.card(record.id) is None
    assert await store.adopt_old_notes() == 0
    assert await redis.hget("{gpu}:cards", record.id) == newer
    later = Dispatcher(store, [poster], TurnedClock(NOON + timedelta(days=1)))
    await later.sweep()
    await later.drain(timedelta(seconds=20))
    assert poster.known == []
    assert await store.has_untold(record.id)


async def test_whoever_tells_on_knows_the_card(store: Store) -> None:
    record = await begun(store)
    _, claim = await store.commit(record, [PhaseChanged(at=NOON, novita_status="pulling")], NOON)
    assert claim is not None
    assert claim.card == HERE
    await store.postpone(record.id, Progress("", 1), 2, NOON)
    claim = await store.claim(record.id, NOON)
    assert claim is not None
    assert claim.card == HERE
    more = await store.finish(record.id, Progress("", 1, card=THERE), 1)
    assert more is not None
    assert more.card == THERE


async def test_the_card_of_one_that_ended_is_forgotten_with_its_record_and_no_other(store: Store, redis: Redis) -> None:
    ended, living, again = await begun(store), await begun(store, THERE), await begun(store, Card(channel="C9", ts=TS))
    dead = {"status": Status.DELETED, "ended_at": NOON}
    await store.commit(ended.model_copy(update=dead), [], NOON)
    revived, _ = await store.commit(again.model_copy(update=dead), [], NOON)
    await store.commit(revived.model_copy(update={"status": Status.RUNNING, "ended_at": None}), [], NOON)
    assert await store.instance_at(CHANNEL, TS) == ended.id

    for passed, kept in ((KEEP_ENDED - timedelta(milliseconds=1), True), (KEEP_ENDED, False)):
        last = await begun(store, Card(channel="C8", ts=str(passed)))
        later = NOON + passed
        await store.commit(last.model_copy(update=dead | {"ended_at": later}), [], later)
        assert (await redis.hget("{gpu}:cards", ended.id) is not None) is kept
        assert (await redis.hget("{gpu}:threads", f"{CHANNEL}:{TS}") is not None) is kept
    for each in (living, again):
        card = await store.card(each.id)
        assert card is not None
        assert await store.instance_at(card.channel, TS) == each.id


@pytest.mark.parametrize("key", ["{gpu}:cards", "{gpu}:threads"])
async def test_with_something_else_for_the_cards_records_go_on_and_their_news_is_told_when_it_is_gone(
    store: Store, redis: Redis, key: str
) -> None:
    record, poster = await begun(store, None), Poster()
    await redis.delete(key)
    await redis.set(key, "what another program wrote")
    await happen(store, record, poster)
    ended = (await read(store, record)).model_copy(update={"status": Status.DELETED, "ended_at": NOON - KEEP_ENDED})
    written, _ = await store.commit(ended, [], NOON)
    assert await store.get(record.id) == written
    assert len(poster.known) == (1 if key == "{gpu}:threads" else 0)
    assert await redis.get(key) == "what another program wrote"
    await redis.delete(key)
    later = Dispatcher(store, [poster], TurnedClock())
    await later.sweep()
    await later.drain(timedelta(seconds=20))
    assert len(poster.known) == 1
    assert not await store.has_untold(record.id)


# As earlier versions have written it


async def as_before(redis: Redis, record: Instance, note: str) -> None:
    """What Redis holds when the version before this one has been at work on this record alone."""
    await redis.set(f"{{gpu}}:delivery:{record.id}", note)
    await redis.hdel(f"{{gpu}}:instance:{record.id}", "t:slack", "t:webhook")
    await redis.hdel("{gpu}:cards", record.id)


@pytest.mark.parametrize("life", LIVES)
async def test_the_card_in_an_old_note_is_found_in_every_way(store: Store, redis: Redis, life: str) -> None:
    note = stored(life)["delivery"]
    memo = note["by"]["slack"]["memo"]
    record = await begun(store, None)
    await as_before(redis, record, json.dumps(note))
    card = await store.card(record.id)
    assert card is not None
    assert (card.channel, card.ts) == (memo["channel"], memo["ts"])
    assert await store.instance_at(memo["channel"], memo["ts"]) == record.id
    assert await redis.hget("{gpu}:threads", f"{memo['channel']}:{memo['ts']}") == record.id, "the next need not search"
    assert await store.instance_at(memo["channel"], "1.2") is None
    assert int(await redis.hget(f"{{gpu}}:instance:{record.id}", "t:slack") or 0) == note["by"]["slack"]["cursor"]


async def test_old_notes_are_adopted_once_also_of_what_has_ended(store: Store, redis: Redis) -> None:
    ended, living, new = await begun(store, None), await begun(store, None), await begun(store, THERE)
    await store.commit(ended.model_copy(update={"status": Status.DELETED, "ended_at": NOON}), [], NOON)
    await as_before(redis, ended, old_note(OLD_MEMO))
    await as_before(redis, living, old_note({"channel": "", "ts": ""}))
    assert await store.adopt_old_notes() == 2
    assert await store.adopt_old_notes() == 0
    assert await redis.hgetall("{gpu}:threads") == {f"{CHANNEL}:{TS}": ended.id, f"{THERE.channel}:{TS}": new.id}
    assert await store.card(ended.id) == HERE.model_copy(update={"stale": True})
    assert await store.card(living.id) == Card(ts=""), "told nowhere, and known to be"


async def test_an_old_note_whose_record_is_gone_leaves_nothing_behind(store: Store, redis: Redis) -> None:
    await redis.zadd("{gpu}:live", {"lost": 1})
    await redis.set("{gpu}:delivery:lost", old_note(OLD_MEMO))
    await store.adopt_old_notes()
    assert await redis.exists("{gpu}:instance:lost", "{gpu}:cards", "{gpu}:threads") == 0


async def test_news_after_an_upgrade_is_told_under_the_card_that_is_there(store: Store, redis: Redis) -> None:
    record, poster = await begun(store, None), Poster()
    await as_before(redis, record, old_note(OLD_MEMO))
    await happen(store, record, poster)
    assert [(card.channel, card.ts, card.stale) for card in poster.known] == [(CHANNEL, TS, True)]
    assert await store.instance_at(CHANNEL, TS) == record.id


async def test_where_an_earlier_version_has_moved_a_card_since_it_is_found(store: Store, redis: Redis) -> None:
    record, poster = await begun(store, None), Poster()
    await happen(store, record, poster)
    note: dict[str, Any] = json.loads(await store.delivery(record.id))
    assert note["by"]["slack"]["memo"] == {}, "it stands in one place"
    note["by"]["slack"] |= {"memo": {"channel": "C0NEW", "ts": "2.2", "seen": "7", "twice": "yes"}}
    await redis.set(f"{{gpu}}:delivery:{record.id}", json.dumps(note))
    moved = Card(channel="C0NEW", ts="2.2", seen=7, twice=True)
    assert await store.card(record.id) == moved
    assert await store.instance_at(CHANNEL, TS) is None, "where it was"
    assert await store.adopt_old_notes() == 1, "at the next start"
    assert await store.instance_at("C0NEW", "2.2") == record.id
    await happen(store, await read(store, record), poster)
    assert poster.known[-1] == moved


async def test_a_card_is_written_down_before_anything_is_posted_under_it(store: Store) -> None:
    """The process may die between the two, and a second card would be made."""
    seen: list[Card | None] = []

    class Twofold(Poster):
        async def deliver(self, instance: Instance, event: Event, state: Card, *, latest: bool) -> Card:
            if not state.stands:
                raise RetryLater("the card comes first", timedelta(), HERE)
            seen.append(await store.card(instance.id))
            return state

    await happen(store, await begun(store, None), Twofold())
    assert seen == [HERE]


async def happen(store: Store, record: Instance, poster: Poster) -> None:
    """Something happens, and is told."""
    clock = TurnedClock()
    dispatcher = Dispatcher(store, [poster], clock)
    news = PhaseChanged(at=NOON, novita_status="pulling")
    await RecordWriter(store, dispatcher, clock).update(record, lambda newest: (newest, [news]))
    await dispatcher.drain(timedelta(seconds=20))


async def read(store: Store, record: Instance) -> Instance:
    found = await store.get(record.id)
    assert found is not None
    return found
