"""A record that this program cannot read: its instance stays in sight, ends with its lease, and is not written over."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from redis.asyncio import Redis

from bot.sandbox.novita import SandboxNovita
from core.adapters.redis.documents import NotReadable
from core.adapters.redis.migrations import read_record
from core.adapters.redis.salvage import stand_in
from core.domain.base import NOBODY
from core.domain.errors import InvalidRequest, NoSuchInstance, RecordNotReadable, StoreWrongKind
from core.domain.events import PhaseChanged
from core.domain.instance import Instance, Status
from core.domain.leases import end_as_read
from core.domain.order import Verb
from core.domain.request import LeaseEnd
from core.services.alarms import AlarmKind
from core.services.lifecycle import can_connect, can_extend, possible
from tests.core.documents import LIVES, stored
from tests.core.processes import Process
from tests.core.samples import ADA, NOON, POLICY, TurnedClock, instance, record_with, request

HOUR = timedelta(hours=1)


@pytest.fixture
def boot_seconds() -> float:
    return 20


def newer(text: str) -> str:
    return json.dumps(json.loads(text) | {"schema": 99, "from_the_future": {"budget": 7}})


def of_an_unknown_state(text: str) -> str:
    return json.dumps(json.loads(text) | {"status": "hibernating"})


def without_its_owner(text: str) -> str:
    return json.dumps({name: value for name, value in json.loads(text).items() if name != "owner"})


def cut_off(text: str) -> str:
    return text[: len(text) // 2]


WAYS: list[Callable[[str], str]] = [newer, of_an_unknown_state, without_its_owner, cut_off]
READABLE_ENDS = WAYS[:3]


async def running(web: Process, clock: TurnedClock, **changes: Any) -> Instance:
    await web.made(**changes)
    await web.works(clock, 30)
    [record] = await web.store.live()
    assert record.status is Status.RUNNING
    return record


async def spoil(redis: Redis, record: Instance, how: Callable[[str], str]) -> str:
    """Puts another text in the place of the record, and returns it."""
    key = f"{{gpu}}:instance:{record.id}"
    text = how(str(await redis.hget(key, "json")))
    await redis.hset(key, "json", text)
    return text


async def text_of(redis: Redis, record: Instance) -> str:
    return str(await redis.hget(f"{{gpu}}:instance:{record.id}", "json"))


@pytest.mark.parametrize("how", WAYS)
async def test_it_is_listed_looked_past_and_never_written_over(
    web: Process, sandbox: SandboxNovita, redis: Redis, clock: TurnedClock, how: Callable[[str], str]
) -> None:
    record = await running(web, clock)
    text = await spoil(redis, record, how)
    sandbox.show_status(record.remote.id or "", "exited")
    await web.works(clock, 200)
    [listed] = await web.store.live()
    assert listed.unreadable is not None
    assert (listed.id, listed.request.name, listed.novita_name) == (record.id, record.request.name, record.novita_name)
    assert listed.created_at == record.created_at
    assert await text_of(redis, record) == text
    kinds = {alarm.kind for alarm in await web.alarms.standing()}
    assert AlarmKind.STRAY not in kinds, "whose it is was known, and nothing is adopted"
    assert AlarmKind.NOT_TENDED not in kinds
    assert set(await web.store.unreadable()) == {record.id}


@pytest.mark.parametrize("how", READABLE_ENDS)
async def test_at_the_end_of_its_lease_it_is_stopped_once_and_never_deleted(
    web: Process, sandbox: SandboxNovita, redis: Redis, clock: TurnedClock, how: Callable[[str], str]
) -> None:
    record = await running(web, clock, lease_end=LeaseEnd.DELETE)
    text = await spoil(redis, record, how)
    assert record.lease.ends_at is not None
    clock.instant = record.lease.ends_at - timedelta(seconds=1)
    await web.lifecycle.run_due()
    assert sandbox.calls_of("stop") == []
    clock.turn(seconds=1)
    await web.lifecycle.run_due()
    assert len(sandbox.calls_of("stop")) == 1
    await web.works(clock, 30)
    await redis.delete(f"{{gpu}}:once:stop as read {record.id}")  # As after a minute, by Redis's own clock.
    await web.works(clock, 30)
    assert len(sandbox.calls_of("stop")) == 1, "Novita shows that it has stopped"
    assert sandbox.calls_of("delete") == []
    assert sandbox.instances[record.remote.id or ""].status(clock.now().timestamp()) == "exited"
    assert await text_of(redis, record) == text


async def test_what_shape_it_had_once_makes_no_difference(
    web: Process, sandbox: SandboxNovita, redis: Redis, clock: TurnedClock
) -> None:
    """A record from before there were groups, and broken."""
    record = await running(web, clock)
    old = stored("running")["record"] | {"id": record.id, "novita_id": record.remote.id, "status": "of the future"}
    await redis.hset(f"{{gpu}}:instance:{record.id}", "json", json.dumps(old))
    [listed] = await web.store.live()
    assert listed.lease.ends_at == NOON + 9 * HOUR + timedelta(seconds=20)
    clock.instant = listed.lease.ends_at
    await web.lifecycle.run_due()
    assert len(sandbox.calls_of("stop")) == 1


async def test_a_lease_that_cannot_be_made_out_ends_nothing(
    web: Process, sandbox: SandboxNovita, redis: Redis, clock: TurnedClock
) -> None:
    record = await running(web, clock)
    await spoil(redis, record, cut_off)
    clock.turn(days=20)
    await web.lifecycle.run_due()
    assert sandbox.calls_of("stop") == []
    assert "lease" not in (await web.store.unreadable())[record.id]


@pytest.mark.parametrize("how", WAYS)
async def test_every_order_is_refused_with_a_sentence(
    web: Process, sandbox: SandboxNovita, redis: Redis, clock: TurnedClock, how: Callable[[str], str]
) -> None:
    record = await running(web, clock)
    text = await spoil(redis, record, how)
    [listed] = await web.store.live()
    policy = POLICY if listed.owner == ADA else POLICY.__class__(home_team="T0HOME", admins=(ADA.user,))
    sentence = "nothing can be changed here"
    for verb in Verb:
        with pytest.raises(RecordNotReadable) as refused:
            await web.lifecycle.order(verb, record.id, ADA, policy)
        assert sentence in refused.value.words
    for asked in (
        web.lifecycle.extend(record.id, HOUR, ADA, policy),
        web.lifecycle.extend_until(record.id, clock.now() + HOUR, ADA, policy),
        web.lifecycle.end_at(record.id, clock.now() + HOUR, ADA, policy),
        web.lifecycle.used(record.id, ADA, policy),
        web.lifecycle.connect(record.id, ADA, policy),
    ):
        with pytest.raises(RecordNotReadable):
            await asked
    assert (possible(listed), can_connect(listed), can_extend(listed)) == ((), False, False)
    assert await text_of(redis, record) == text
    assert [call for verb in Verb for call in sandbox.calls_of(verb.value)] == []


@pytest.mark.parametrize("how", WAYS)
async def test_its_key_makes_no_second_one_and_its_name_stays_taken(
    web: Process, sandbox: SandboxNovita, redis: Redis, clock: TurnedClock, how: Callable[[str], str]
) -> None:
    record = await running(web, clock)
    await spoil(redis, record, how)
    with pytest.raises(RecordNotReadable):
        await web.begin(request(), owner=ADA, key="view:V1")
    with pytest.raises(InvalidRequest, match="train-1"):
        await web.begin(request(), owner=ADA, key="view:V2")
    await web.store.index_names()
    assert await redis.hget("{gpu}:names", "train-1") == record.id
    assert len(sandbox.calls_of("create")) == 1


@pytest.mark.parametrize("how", WAYS)
async def test_it_cannot_be_written_by_any_way(
    web: Process, redis: Redis, clock: TurnedClock, how: Callable[[str], str]
) -> None:
    record = await running(web, clock)
    text = await spoil(redis, record, how)
    [listed] = await web.store.live()
    news = [PhaseChanged(at=clock.now(), novita_status="running")]
    with pytest.raises(RecordNotReadable):
        await web.unit_of_work.update(listed, lambda i: (i.replace(is_left_alone=True), news))
    with pytest.raises(RecordNotReadable):
        await web.store.commit(listed, news, clock.now())
    with pytest.raises(StoreWrongKind):
        stale = record.replace(version=record.version - 1)
        await web.unit_of_work.update(stale, lambda i: (i.replace(is_left_alone=True), news))
    assert await text_of(redis, record) == text


async def test_what_is_readable_again_is_an_ordinary_instance(web: Process, redis: Redis, clock: TurnedClock) -> None:
    record = await running(web, clock)
    whole = await text_of(redis, record)
    await spoil(redis, record, newer)
    await web.works(clock, 60)
    await spoil(redis, record, lambda _: whole)
    await web.works(clock, 60)
    assert await web.store.unreadable() == {}
    ordered = await web.lifecycle.order(Verb.STOP, record.id, ADA, POLICY)
    assert ordered.instance.order is not None


async def test_news_of_the_future_hide_no_other_news(web: Process, redis: Redis, clock: TurnedClock) -> None:
    record = await running(web, clock)
    before = await web.store.timeline(record.id)
    await redis.rpush(f"{{gpu}}:timeline:{record.id}", '{"schema":99,"type":"instance_running"}', "{")
    assert await web.store.timeline(record.id) == before


async def test_a_note_of_the_future_on_what_was_told_waits_for_who_can_read_it(
    web: Process, redis: Redis, clock: TurnedClock
) -> None:
    record = await running(web, clock)
    key = f"{{gpu}}:delivery:{record.id}"
    note = json.dumps(json.loads(str(await redis.get(key))) | {"schema": 99})
    await redis.set(key, note)
    heard = len(web.told.events)
    [live] = await web.store.live()
    await web.unit_of_work.update(
        live, lambda i: (i.replace(is_left_alone=True), [PhaseChanged(at=clock.now(), novita_status="x")])
    )
    await web.quiet()
    assert len(web.told.events) == heard
    assert await redis.get(key) == note


async def test_with_no_such_record_it_is_unknown_as_ever(web: Process) -> None:
    with pytest.raises(NoSuchInstance):
        await web.lifecycle.order(Verb.STOP, "0000000000", ADA, POLICY)


# What can be made out (pure).


def made_out(document: Any, **more: Any) -> Instance:
    text = document if isinstance(document, str) else json.dumps(document)
    return stand_in("0123456789", text, NotReadable("status: none"), made_at=NOON, **more)


def document(**changes: Any) -> dict[str, Any]:
    whole = record_with(
        instance(), novita_id="n-1", status=Status.RUNNING, lease_ends_at=NOON + HOUR, lease_set_at=NOON, endpoints=()
    )
    text: dict[str, Any] = json.loads(whole.model_dump_json())
    return text | changes


@pytest.mark.parametrize(
    ("changes", "field", "value"),
    [
        ({"status": "hibernating"}, "status", Status.UNKNOWN),
        ({"owner": 7}, "owner", NOBODY),
        ({"owner": {"team": "T"}}, "owner", NOBODY),
        ({"past_in_doubt": "perhaps"}, "past_in_doubt", True),
        ({"billed": [{"since": "yesterday"}]}, "billed", ()),
        ({"order": {"verb": "fly"}}, "order", None),
        ({"failure": "of the future"}, "failure", None),
        ({"running_at": {}}, "running_at", None),
    ],
)
def test_of_a_record_only_what_cannot_be_read_is_left_out(changes: dict[str, Any], field: str, value: object) -> None:
    found = made_out(document(**changes))
    assert getattr(found, field) == value
    assert (found.remote.id, found.lease.ends_at, found.request.name) == ("n-1", NOON + HOUR, "train-1")


def test_a_group_loses_no_more_than_what_cannot_be_read_in_it() -> None:
    found = made_out(document(lease={"ends_at": "2026-11-23T20:00:00Z", "set_at": "soon", "reminded": "often"}))
    assert (found.lease.ends_at, found.lease.set_at, found.lease.reminded) == (NOON + 8 * HOUR, None, ())
    found = made_out(document(launch={"offer": {"region": {"id": "r"}}, "attempts": [{}], "process": "web-1"}))
    assert (found.launch.offer, found.launch.attempts, found.launch.process) == (None, (), "web-1")


@pytest.mark.parametrize("text", ["", "{", "null", "[]", "7", "{}", '{"request": 7, "intent": [], "created_at": "x"}'])
def test_of_what_is_no_record_only_what_is_known_elsewhere_is_said(text: str) -> None:
    found = made_out(text, name="train-7")
    assert (found.id, found.request.name, found.created_at) == ("0123456789", "train-7", NOON)
    assert (found.status, found.owner, found.remote.id, found.lease.ends_at) == (Status.UNKNOWN, NOBODY, None, None)
    assert not found.is_stray
    assert not found.is_launching, "nobody gives up its launch"


@pytest.mark.parametrize("life", LIVES)
def test_a_whole_record_of_a_newer_shape_is_made_out_whole(life: str) -> None:
    known = read_record(json.dumps(stored(life)["record"]))
    text = json.dumps(json.loads(known.model_dump_json()) | {"schema": 3})
    with pytest.raises(NotReadable) as error:
        read_record(text)
    assert error.value.newer == 3
    found = stand_in(known.id, text, error.value, made_at=None)
    assert found.replace(unreadable=None) == known
    assert found.unreadable is not None
    assert "newer version" in found.unreadable.words
    assert "unreadable" not in json.loads(found.model_dump_json())


@pytest.mark.parametrize(
    ("facts", "ends_at"),
    [
        ({}, NOON),
        ({"past_in_doubt": True}, NOON + 24 * HOUR),
        ({"past_in_doubt": True, "asked_at": NOON - HOUR}, NOON),
        ({"lease_ends_at": None}, None),
        ({"status": Status.DELETED}, None),
    ],
)
def test_the_end_as_far_as_it_can_be_read(facts: dict[str, Any], ends_at: object) -> None:
    known = {"status": Status.RUNNING, "lease_ends_at": NOON, "novita_id": "n-1"}
    assert end_as_read(instance(**(known | facts))) == ends_at
