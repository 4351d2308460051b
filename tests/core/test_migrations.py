"""What earlier versions of this program wrote is read: documents as they stood in Redis before orders had a cause."""

from __future__ import annotations

import json
from typing import Any

import pytest
from redis.asyncio import Redis

from core.adapters.redis.documents import Kind, NotReadable, stamped
from core.adapters.redis.migrations import read_news, read_record
from core.domain.base import PROGRAM, Actor, Cause
from core.domain.events import read_event
from core.domain.instance import Instance
from core.domain.order import Order, Verb
from core.domain.policy import Policy
from tests.core.documents import assert_within, flat, stored
from tests.core.processes import Process
from tests.core.samples import NOON, TurnedClock, instance

OLD: dict[str, Any] = stored("before_causes")
ADMIN = Actor(user="U0ADMIN001", team="T0HOME0001")
WANTED = {
    "lease": (Cause.LEASE, None),
    "lease_deletes": (Cause.LEASE, None),
    "person": (Cause.PERSON, ADMIN),
    "person_deletes": (Cause.PERSON, ADMIN),
    "program": (Cause.PROGRAM, PROGRAM),
    "hung": (Cause.HUNG, None),
    "hung_deleted": (Cause.HUNG, None),
}
ORDERED = ["lease", "person", "program", "hung"]


def record(name: str, moment: str) -> Instance:
    return read_record(json.dumps(OLD[name][moment]))


@pytest.mark.parametrize("name", ORDERED)
def test_an_order_under_way_has_its_cause(name: str) -> None:
    order = record(name, "ordered").order
    assert order is not None
    assert (order.cause, order.actor) == WANTED[name]


@pytest.mark.parametrize("name", WANTED)
def test_an_order_that_is_over_has_its_cause(name: str) -> None:
    done = record(name, "done")
    assert done.last_order is not None
    assert (done.last_order.cause, done.last_order.actor) == WANTED[name]
    if done.at_end is not None:
        assert done.at_end.order is not None
        assert (done.at_end.order.cause, done.at_end.order.actor) == WANTED[name]


@pytest.mark.parametrize("name", WANTED)
@pytest.mark.parametrize("moment", ["ordered", "done"])
def test_nothing_else_of_a_record_is_lost_or_changed(name: str, moment: str) -> None:
    if moment not in OLD[name]:
        return
    old, written = OLD[name][moment], json.loads(record(name, moment).model_dump_json())
    assert_within(old, flat(written))


@pytest.mark.parametrize("name", WANTED)
def test_news_about_an_order_have_its_cause(name: str) -> None:
    done, news = record(name, "done"), OLD[name]["events"]
    assert len(news) == 4
    for document in news:
        event = read_news(json.dumps(document), done)
        assert (getattr(event, "cause", None), getattr(event, "actor", None)) == WANTED[name]
        again = json.loads(event.model_dump_json())
        assert again.pop("cause") == WANTED[name][0]
        assert again == document


@pytest.mark.parametrize("name", ["elsewhere", "deleted_elsewhere"])
def test_what_was_not_the_bots_doing_has_no_cause(name: str) -> None:
    assert record(name, "done").last_order is None
    [document] = OLD[name]["events"]
    event = read_news(json.dumps(document), record(name, "done"))
    assert (getattr(event, "cause", ""), getattr(event, "actor", "")) == (None, None)


def test_the_lease_that_ended_an_earlier_run_is_told_apart_from_a_start_that_hangs_now() -> None:
    hangs = OLD["hung"]["ordered"] | {"last_order": OLD["lease"]["done"]["last_order"]}
    read = read_record(json.dumps(hangs))
    assert read.order is not None
    assert read.last_order is not None
    assert (read.order.cause, read.last_order.cause) == (Cause.HUNG, Cause.LEASE)


def test_what_this_version_writes_is_read_as_it_is() -> None:
    order = Order(verb=Verb.STOP, cause=Cause.HUNG, at=NOON)
    assert read_record(stamped(Kind.RECORD, instance(order=order).model_dump_json())).order == order
    line = read_news(json.dumps(OLD["person"]["events"][0])).model_dump_json()
    assert read_news(stamped(Kind.EVENT, line)) == read_event(line)


@pytest.mark.parametrize("text", ["", "{", "[]", "null", "{}", '{"order": {"verb": "fly", "actor": null}}'])
def test_what_nobody_wrote_is_still_refused(text: str) -> None:
    with pytest.raises(NotReadable):
        read_record(text)
    with pytest.raises(NotReadable):
        read_news(text)


@pytest.mark.parametrize("by", [7, "api", [], {"team": "T"}])
def test_an_actor_that_cannot_be_read_is_refused(by: object) -> None:
    ordered = OLD["person"]["ordered"]
    with pytest.raises(NotReadable):
        read_record(json.dumps(ordered | {"order": ordered["order"] | {"actor": by}}))


async def test_they_are_read_from_redis_in_every_way_and_carried_on(
    redis_url: str, web: Process, clock: TurnedClock
) -> None:
    begun = await web.store.begin(instance(), [], clock.now())
    old = OLD["hung"]["ordered"] | {"id": begun.instance.id, "version": 1}
    lines = [json.dumps(event) for event in OLD["hung"]["events"][:1]]
    async with Redis.from_url(redis_url) as redis:
        await redis.hset(f"{{gpu}}:instance:{begun.instance.id}", "json", json.dumps(old))
        await redis.rpush(f"{{gpu}}:timeline:{begun.instance.id}", *lines)
        await redis.zadd("{gpu}:outbox", {begun.instance.id: 1})

    assert await web.store.unreadable() == {}
    [live] = await web.store.live()
    assert live.order is not None
    assert live.order.cause is Cause.HUNG
    telling = await web.store.claim(begun.instance.id, clock.now())
    assert telling is not None
    assert [(event.type, getattr(event, "cause", None)) for event in telling.events] == [("order_given", Cause.HUNG)]

    policy = Policy(home_team=live.owner.team)
    superseded = await web.lifecycle.order(Verb.DELETE, live.id, live.owner, policy)
    assert superseded.instance.last_order is not None
    assert superseded.instance.last_order.cause is Cause.HUNG
    assert superseded.instance.order is not None
    assert superseded.instance.order.cause is Cause.PERSON
