"""Strays: what runs at Novita and is on no record, and whose record an instance is."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import timedelta

import pytest
import redis.asyncio as aioredis

from bot.sandbox.novita import Fault, SandboxNovita
from bot.sandbox.novita.faults import Endpoint
from core.adapters.novita import parse
from core.domain import transitions
from core.domain.base import NOBODY, PROGRAM, Actor
from core.domain.errors import InvalidRequest, NoSuchInstance, NotAllowed
from core.domain.identity import id_from, token_in
from core.domain.instance import Instance, Origin, Status
from core.domain.novita import NovitaInstance
from core.domain.order import Verb
from core.domain.policy import Policy
from core.domain.request import LeaseEnd
from core.services.alarms import AlarmKind, Alarms
from core.services.continuity import Continuity
from core.services.strays import SHORT_LEASE, Sorted, Strays, own_id
from tests.core.processes import USUAL_LEASE, Process, process
from tests.core.samples import ADA, POLICY, TurnedClock, at_novita, instance, request

EVE, BO = Actor(user="U0EVE", team="T0HOME"), Actor(user="U0BO", team="T0HOME")
ADMINS = Policy(home_team="T0HOME", admins=("U0EVE",))


@pytest.fixture
def worker(web: Process) -> Process:
    return web


@pytest.fixture
async def server(redis_url: str) -> AsyncIterator[aioredis.Redis]:
    async with aioredis.Redis.from_url(redis_url) as client:
        yield client


async def _live(worker: Process) -> dict[str | None, Instance]:
    return {record.remote.id: record for record in await worker.store.live()}


async def _taken_on(strays: Strays, unknown: Sequence[NovitaInstance], taken: Sequence[str] = ()) -> Sorted:
    """Sorted out as a look does it, and every stray taken onto its record."""
    found = await strays.sort(unknown, taken)
    for record_id, (novita, origin) in found.strays.items():
        await strays.adopt(novita, record_id, origin)
    return found


def _alarms(worker: Process, clock: TurnedClock) -> Alarms:
    return Alarms(worker.store, clock)


async def _strays(worker: Process, clock: TurnedClock, kind: AlarmKind = AlarmKind.STRAY) -> dict[str, dict[str, str]]:
    return {each.subject: each.facts for each in await _alarms(worker, clock).standing() if each.kind is kind}


def _without_run(record: Instance) -> transitions.TransitionResult:
    """As an earlier version wrote an order, or where Novita does not say when an instance came up."""
    assert record.order is not None
    return record.model_copy(update={"order": record.order.replace(run=None)}), ()


def _runs(sandbox: SandboxNovita, clock: TurnedClock) -> dict[str, str]:
    return {machine.id: machine.status(clock.now().timestamp()) for machine in sandbox.instances.values()}


# Whose record it is.


async def test_a_clone_by_the_same_name_never_touches_the_record_of_the_first(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    made = await worker.made()
    await worker.looks(clock, 90)
    before = await worker.record(made.id)
    clone = sandbox.clone_instance(made.remote.id or "")
    sandbox.show_status(clone.id, "exited")
    await worker.looks(clock, 80)
    assert (await worker.record(made.id)) == before
    stray = (await _live(worker))[clone.id]
    assert (stray.id, stray.owner, stray.intent.origin) == (own_id(clone.id), NOBODY, Origin.SECOND)
    assert stray.novita_name == made.novita_name
    assert set(await _strays(worker, clock)) == {stray.id}
    assert worker.told.types.count("instance_running") == 1


async def test_the_lease_of_a_cloned_instance_ends_it_and_not_its_clone(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    made = await worker.made(lease=timedelta(minutes=10))
    await worker.looks(clock, 90)
    clone = sandbox.clone_instance(made.remote.id or "")
    await worker.works(clock, 700)
    assert _runs(sandbox, clock) == {made.remote.id: "exited", clone.id: "running"}
    assert (await worker.record(made.id)).status is Status.STOPPED


async def test_of_two_that_novita_made_of_one_create_one_is_on_the_record_and_the_other_a_stray(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    sandbox.fail_next("create", Fault.doubled())
    made = await worker.made()
    await worker.looks(clock, 90)
    assert len(sandbox.calls_of("create")) == 1
    live = await _live(worker)
    assert set(live) == set(sandbox.instances)
    assert live[made.remote.id].id == made.id
    assert [record.intent.origin for record in live.values() if record.id != made.id] == [Origin.SECOND]


async def test_when_the_answer_is_lost_the_oldest_of_the_name_is_the_one_that_was_made(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    sandbox.fail_next("create", Fault.reset(has_effect=True))
    launch = await worker.begin(request(), owner=ADA, key="view:V1")
    sandbox.fail_all(Fault.server_error(), "instances")
    finishing = asyncio.create_task(worker.launcher.finish(launch))
    await sandbox.wait_until(lambda: bool(sandbox.instances))
    (first,) = sandbox.instances
    clock.turn(seconds=5)
    second = sandbox.clone_instance(first)
    sandbox.clear_faults()
    await finishing
    await worker.looks(clock, 20)
    live = await _live(worker)
    assert live[first].id == launch.instance.id
    assert live[second.id].intent.origin is Origin.SECOND


async def test_of_two_that_appear_after_their_launch_was_given_up_the_first_has_the_record(
    worker: Process, clock: TurnedClock
) -> None:
    given_up = instance(status=Status.FAILED, ended_at=clock.now())
    await worker.store.begin(given_up, [], clock.now())
    both = [at_novita(given_up, "running", id=novita_id) for novita_id in ("n-1", "n-2")]
    found = await _taken_on(worker.strays, both, [])
    assert [(record.id, novita.id) for record, novita in found.pairs] == [(given_up.id, "n-1")]
    assert {record.id: record.intent.origin for record in await worker.store.live()} == {own_id("n-2"): Origin.SECOND}


async def test_one_of_a_name_whose_record_has_been_given_is_a_second_one(worker: Process, clock: TurnedClock) -> None:
    launching = instance()
    await worker.store.begin(launching, [], clock.now())
    found = await _taken_on(worker.strays, [at_novita(launching, "running", id="n-2")], [launching.id])
    assert found.pairs == []
    assert (await _live(worker))["n-2"].intent.origin is Origin.SECOND


@pytest.mark.parametrize(
    ("usual", "lease"), [(timedelta(hours=8), timedelta(hours=8)), (None, SHORT_LEASE), (timedelta(), SHORT_LEASE)]
)
async def test_a_stray_ends_some_day_also_where_leases_need_not(
    worker: Process, clock: TurnedClock, usual: timedelta | None, lease: timedelta
) -> None:
    strays = Strays(worker.novita, worker.store, worker.unit_of_work, worker.alarms, clock, lease=usual)
    await _taken_on(strays, [at_novita(instance(), "running")], [])
    [stray] = await worker.store.live()
    assert (stray.request.lease, stray.lease.ends_at) == (lease, clock.now() + lease)


async def test_a_clone_of_what_was_deleted_is_no_life_of_the_old_record(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    made = await worker.made()
    await worker.looks(clock, 90)
    clone = sandbox.clone_instance(made.remote.id or "")
    sandbox.delete_instance(made.remote.id or "")
    await worker.looks(clock, 60)
    assert (await worker.record(made.id)).status is Status.DELETED
    assert (await _live(worker))[clone.id].intent.origin is Origin.SECOND


def test_a_record_is_changed_by_its_own_instance_only() -> None:
    record = instance(novita_id="n-1", status=Status.STARTING)
    now = record.created_at
    assert transitions.observed(record, at_novita(record, "running", id="n-2"), now) is None
    assert transitions.observed(record, at_novita(record, "running", id="n-1"), now) is not None
    ended = record.model_copy(update={"status": Status.DELETED, "ended_at": now})
    assert transitions.observed(ended, at_novita(record, "running", id="n-2"), now) is None


# Redis has forgotten.


async def test_what_runs_after_redis_was_emptied_is_on_record_again_at_the_first_look(
    worker: Process, server: aioredis.Redis, clock: TurnedClock
) -> None:
    made = await worker.made()
    await worker.looks(clock, 90)
    await server.flushall()
    await worker.looks(clock, 10)
    stray = await worker.record(made.id)
    assert (stray.remote.id, stray.novita_name) == (made.remote.id, made.novita_name)
    assert (stray.owner, stray.intent.origin, stray.status) == (NOBODY, Origin.LOST, Status.RUNNING)
    assert stray.created_at.replace(microsecond=0) == made.created_at.replace(microsecond=0)
    assert stray.lease.ends_at == clock.now() + USUAL_LEASE
    assert (stray.request.name, stray.request.gpu_num, stray.request.rootfs_size) == (
        made.request.name,
        made.request.gpu_num,
        made.request.rootfs_size,
    )
    assert stray.hourly_price == made.hourly_price
    assert (stray.launch.offer and stray.launch.offer.region.name) == (
        made.launch.offer and made.launch.offer.region.name
    )
    facts = (await _strays(worker, clock))[made.id]
    assert facts["name"] == made.novita_name
    assert facts["price_per_hour"].startswith("$0.")


async def test_two_workers_that_find_it_at_once_put_it_on_one_record(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, redis_url: str, clock: TurnedClock
) -> None:
    made = await worker.made()
    sandbox.clone_instance(made.remote.id or "")
    other = process(sandbox, redis_url, clock)
    await server.flushall()
    clock.turn(seconds=90)
    await asyncio.gather(*(each.reconciler.run_once() for each in (worker, other, worker, other)))
    await worker.quiet()
    await other.close()
    live = await worker.store.live()
    assert sorted(record.remote.id or "" for record in live) == sorted(sandbox.instances)
    told = worker.told.types + other.told.types
    assert told.count("instance_adopted") == 2


async def test_an_instance_whose_record_is_past_its_time_is_a_stray(
    worker: Process, server: aioredis.Redis, clock: TurnedClock
) -> None:
    made = await worker.made()
    await worker.looks(clock, 90)
    await server.delete(*[key async for key in server.scan_iter(f"*:{made.id}")])
    await server.zrem("{gpu}:live", made.id)
    await worker.looks(clock, 10)
    assert (await _live(worker))[made.remote.id].intent.origin is Origin.LOST
    assert set(await _strays(worker, clock)) == {made.id}


async def test_a_stray_that_is_gone_and_comes_back_has_its_one_record_again(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    made = await worker.made()
    clone = sandbox.clone_instance(made.remote.id or "")
    await worker.looks(clock, 90)
    machine = sandbox.instances.pop(clone.id)
    await worker.looks(clock, 300)
    stray = await worker.record(own_id(clone.id))
    if stray.status is Status.DELETED:
        assert await _strays(worker, clock) == {}
    sandbox.instances[clone.id] = machine
    await worker.looks(clock, 20)
    assert (await _live(worker))[clone.id].id == stray.id


async def test_what_novita_is_removing_is_no_stray(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, clock: TurnedClock
) -> None:
    made = await worker.made()
    sandbox.show_status(made.remote.id or "", "removing")
    await server.flushall()
    await worker.looks(clock, 20)
    assert await worker.store.live() == []


@pytest.mark.parametrize("broken", [{"gpuNum": "many"}, {"rootfsSize": 10**9}, {"instancePrice": "free"}])
async def test_a_stray_is_taken_on_whatever_novita_says_of_it(
    worker: Process, clock: TurnedClock, broken: dict[str, object]
) -> None:
    row = {"id": "n-9", "name": "x" * 240 + "-0123456789", "status": "running", "gpuNum": "2", **broken}
    (novita,) = parse.instances({"instances": [row], "total": 1}).rows
    found = await _taken_on(worker.strays, [novita])
    assert (found.lost, found.outside, found.pairs) == (1, 0, [])
    record = await worker.record("0123456789")
    assert record.remote.id == "n-9"
    assert record.novita_name == row["name"]
    assert (await _strays(worker, clock)) == {}
    await worker.strays.settle_alarms()
    assert (await _strays(worker, clock))["0123456789"]["price_per_hour"] == "unknown"


async def test_one_record_that_is_none_hides_neither_the_others_nor_the_strays(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, clock: TurnedClock
) -> None:
    odd, timeless, made = [await worker.made(f"view:V{n}", name=f"n-{n}") for n in range(3)]
    clone = sandbox.clone_instance(made.remote.id or "")
    await server.delete(f"{{gpu}}:instance:{odd.id}", f"{{gpu}}:timeline:{timeless.id}")
    await server.set(f"{{gpu}}:instance:{odd.id}", "what is not ours")
    await server.set(f"{{gpu}}:timeline:{timeless.id}", "what is not ours")
    await worker.works(clock, 90)
    assert (await worker.record(made.id)).status is Status.RUNNING
    assert (await _live(worker))[clone.id].intent.origin is Origin.SECOND
    assert await worker.store.last_look() is not None, "the looks were complete"
    assert set(await worker.store.unreadable()) >= {odd.id}
    assert (await worker.record(timeless.id)).status is Status.RUNNING, "its lease ends, whatever became of its story"
    assert await server.get(f"{{gpu}}:instance:{odd.id}") == b"what is not ours"


async def test_a_second_one_whose_own_record_cannot_be_read_is_left_as_it_is(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, clock: TurnedClock
) -> None:
    made = await worker.made()
    clone = sandbox.clone_instance(made.remote.id or "")
    await server.hset(f"{{gpu}}:instance:{own_id(clone.id)}", mapping={"json": "{", "v": 4})
    await worker.looks(clock, 90)
    assert (await worker.record(made.id)).status is Status.RUNNING
    assert await server.hget(f"{{gpu}}:instance:{own_id(clone.id)}", "json") == b"{"
    assert await _strays(worker, clock, AlarmKind.NOT_TENDED) == {}


# The same key, before and after.


@pytest.mark.parametrize("looks_between", [0, 1])
async def test_a_key_that_had_made_an_instance_makes_no_second_one_after_redis_was_emptied(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, clock: TurnedClock, looks_between: int
) -> None:
    made = await worker.made()
    await server.flushall()
    await worker.looks(clock, 10 * looks_between)
    again = await worker.made()
    assert (again.id, again.remote.id) == (made.id, made.remote.id)
    assert len(sandbox.creates) == 1
    other = await worker.made(key="view:V2")
    assert other.remote.id != made.remote.id
    assert len(sandbox.creates) == 2


@pytest.mark.parametrize("looks_between", [0, 1])
async def test_a_key_makes_no_second_one_after_an_older_state_was_restored(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, clock: TurnedClock, looks_between: int
) -> None:
    await worker.looks(clock, 10)
    state = await _copied(server)
    made = await worker.made()
    await _restored(server, state)
    await worker.looks(clock, 10 * looks_between)
    again = await worker.made()
    assert (again.id, again.remote.id, len(sandbox.creates)) == (made.id, made.remote.id, 1)


async def test_with_no_worker_and_no_word_from_novita_nothing_is_sent(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, clock: TurnedClock
) -> None:
    made = await worker.made()
    await server.flushall()
    sandbox.fail_all(Fault.server_error(), "instances")
    again = await worker.made()
    assert (again.id, again.status, len(sandbox.creates)) == (made.id, Status.FAILED, 1)
    sandbox.clear_faults()
    await worker.looks(clock, 10)
    assert (await worker.record(made.id)).remote.id == made.remote.id
    assert (await worker.made()).remote.id == made.remote.id
    assert len(sandbox.creates) == 1


async def test_a_create_asks_novita_nothing_more_while_a_worker_looks(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis
) -> None:
    await worker.catalog.get_template("107672")
    seconds = int((await server.time())[0])
    for age, asked in ((0, 0), (58, 0), (62, 1), (-5, 1)):
        await server.hset("{gpu}:looked", "at", (seconds - age) * 1000)
        before = len(sandbox.calls_of("instances"))
        await worker.made(key=f"view:{age}")
        assert len(sandbox.calls_of("instances")) - before == asked, age
    assert len(sandbox.calls_of("create")) == 4


async def test_another_key_that_leads_to_a_taken_id_makes_its_own_instance(worker: Process, clock: TurnedClock) -> None:
    odd = instance(request=request(name="odd"), id=id_from("\nview:V1"), request_key="view:another")
    await worker.store.begin(odd, [], clock.now())
    made = await worker.made()
    assert made.id != odd.id
    assert await worker.store.id_for_request("view:V1") == made.id
    assert (await worker.made()).id == made.id


def test_an_id_from_a_text_is_always_the_same_and_reads_as_one_of_ours() -> None:
    ids = {id_from(f"view:{number}") for number in range(2000)}
    assert len(ids) == 2000
    assert all(token_in(f"box-{each}") == each for each in ids)
    assert id_from("view:V1") == id_from("view:V1")
    assert id_from("view:V1") == "ecw1fdmgan"


# What admins decide.


async def _stray(worker: Process, sandbox: SandboxNovita, clock: TurnedClock) -> Instance:
    made = await worker.made()
    clone = sandbox.clone_instance(made.remote.id or "")
    await worker.looks(clock, 90)
    return await worker.record(own_id(clone.id))


async def test_a_stray_with_an_owner_is_an_ordinary_instance(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    stray = await _stray(worker, sandbox, clock)
    with pytest.raises(NotAllowed):
        await worker.lifecycle.order(Verb.STOP, stray.id, BO, ADMINS)
    await worker.strays.assign(stray.id, BO, EVE, ADMINS)
    assert await _strays(worker, clock) == {}
    await worker.quiet()
    assert worker.told.types[-1] == "owner_assigned"
    with pytest.raises(InvalidRequest, match="owner already"):
        await worker.strays.assign(stray.id, ADA, EVE, ADMINS)
    ordered = await worker.lifecycle.order(Verb.STOP, stray.id, BO, ADMINS)
    await worker.lifecycle.carry_out(ordered.instance)
    await worker.looks(clock, 40)
    assert (await worker.record(stray.id)).status is Status.STOPPED


async def test_only_admins_decide_about_strays(worker: Process, sandbox: SandboxNovita, clock: TurnedClock) -> None:
    stray = await _stray(worker, sandbox, clock)
    for deed in (
        worker.strays.assign(stray.id, BO, BO, ADMINS),
        worker.strays.leave_alone(stray.id, BO, ADMINS),
        worker.strays.recorded(stray.id, BO, ADMINS),
    ):
        with pytest.raises(NotAllowed):
            await deed
    assert (await worker.record(stray.id)) == stray


async def test_a_stray_left_alone_is_no_alarm_and_runs_on(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    stray = await _stray(worker, sandbox, clock)
    await worker.strays.leave_alone(stray.id, EVE, ADMINS)
    await worker.looks(clock, 20)
    assert await _strays(worker, clock) == {}
    assert (await worker.record(stray.id)).is_stray


async def test_what_was_made_in_the_console_is_listed_and_taken_in_only_by_an_admin(
    worker: Process, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    made = await worker.made()
    foreign = sandbox.clone_instance(made.remote.id or "", "notebook")
    await worker.looks(clock, 90)
    assert [each.id for each in await worker.strays.outside()] == [foreign.id]
    assert await worker.store.made_outside() == 1
    assert await _strays(worker, clock) == {}
    with pytest.raises(NotAllowed):
        await worker.strays.assign(foreign.id, BO, BO, ADMINS)
    assert len(await worker.store.live()) == 1
    record = await worker.strays.assign(foreign.id, BO, EVE, ADMINS)
    assert (record.remote.id, record.intent.origin, record.owner) == (foreign.id, Origin.CONSOLE, BO)
    assert record.novita_name == "notebook"
    await worker.looks(clock, 20)
    assert await worker.strays.outside() == []
    assert await worker.store.made_outside() == 0
    with pytest.raises(NoSuchInstance):
        await worker.strays.recorded("n-unheard-of", EVE, ADMINS)


# Their leases.


async def test_a_strays_lease_asks_before_it_stops_and_never_deletes(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, clock: TurnedClock
) -> None:
    made = await worker.made()
    await server.flushall()
    await worker.works(clock, 90)
    clock.turn(seconds=USUAL_LEASE.total_seconds())
    await worker.works(clock, 20)
    asked = await worker.record(made.id)
    assert (asked.status, asked.order) == (Status.RUNNING, None)
    assert asked.lease.asked_at is not None
    assert asked.lease.ends_at == asked.lease.asked_at + timedelta(hours=24)
    assert worker.told.types.count("lease_questioned") == 1
    assert set(await _strays(worker, clock, AlarmKind.LEASE_IN_DOUBT)) == {made.id}
    clock.turn(hours=23, minutes=58)
    await worker.works(clock, 10)
    assert (await worker.record(made.id)).order is None
    await worker.works(clock, 200)
    assert _runs(sandbox, clock) == {made.remote.id: "exited"}
    assert await _strays(worker, clock, AlarmKind.LEASE_IN_DOUBT) == {}


async def test_who_keeps_it_is_not_asked_again(
    worker: Process, server: aioredis.Redis, sandbox: SandboxNovita, clock: TurnedClock
) -> None:
    made = await worker.made()
    await server.flushall()
    await worker.works(clock, 90)
    clock.turn(seconds=USUAL_LEASE.total_seconds())
    await worker.works(clock, 20)
    kept = await worker.lifecycle.extend(made.id, timedelta(hours=1), EVE, ADMINS)
    assert (kept.lease.asked_at, kept.past_in_doubt) == (None, False)
    clock.turn(hours=25, minutes=1)
    await worker.works(clock, 60)
    assert _runs(sandbox, clock) == {made.remote.id: "exited"}
    assert worker.told.types.count("lease_questioned") == 1


async def _copied(server: aioredis.Redis) -> dict[bytes, bytes | None]:
    return {key: await server.dump(key) async for key in server.scan_iter("*")}


async def _restored(server: aioredis.Redis, state: dict[bytes, bytes | None]) -> None:
    await server.flushall()
    for key, value in state.items():
        await server.restore(key, 0, value or b"")


async def test_after_a_restore_a_lease_that_was_extended_is_asked_about_and_not_cut_short(
    worker: Process, server: aioredis.Redis, clock: TurnedClock
) -> None:
    made = await worker.made(lease=timedelta(minutes=30))
    await worker.works(clock, 90)
    state = await _copied(server)
    await worker.lifecycle.extend(made.id, timedelta(hours=10), ADA, POLICY)
    await worker.works(clock, 10)
    await _restored(server, state)
    clock.turn(minutes=40)
    await worker.continuity.doubt_if_gone_back()
    await worker.lifecycle.run_due()
    await worker.works(clock, 30)
    record = await worker.record(made.id)
    assert record.past_in_doubt
    assert (record.status, record.order) == (Status.RUNNING, None)
    assert worker.told.types.count("lease_questioned") == 1
    await worker.lifecycle.extend(made.id, timedelta(hours=1), ADA, POLICY)
    assert not (await worker.record(made.id)).past_in_doubt


async def test_a_stop_under_way_on_a_restored_store_does_not_stop_what_was_started_since(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, clock: TurnedClock
) -> None:
    made = await worker.made()
    await worker.works(clock, 90)
    await worker.lifecycle.order(Verb.STOP, made.id, ADA, POLICY)
    await worker.quiet()
    state = await _copied(server)
    await worker.works(clock, 90)
    started = await worker.lifecycle.order(Verb.START, made.id, ADA, POLICY)
    await worker.lifecycle.carry_out(started.instance)
    await worker.works(clock, 90)
    assert _runs(sandbox, clock) == {made.remote.id: "running"}
    await _restored(server, state)
    await worker.works(clock, 120)
    assert _runs(sandbox, clock) == {made.remote.id: "running"}
    assert (await worker.record(made.id)).order is None
    assert len(sandbox.calls_of("stop")) == 1


@pytest.mark.parametrize("is_known", [True, False])
async def test_a_stop_under_way_on_a_restored_store_is_sent_if_its_run_goes_on_and_asked_about_if_that_is_unknown(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, clock: TurnedClock, *, is_known: bool
) -> None:
    made = await worker.made()
    await worker.works(clock, 90)
    await worker.lifecycle.order(Verb.STOP, made.id, ADA, POLICY)
    if not is_known:
        await worker.unit_of_work.update(await worker.record(made.id), _without_run)
    await worker.quiet()
    state = await _copied(server)
    other = await worker.made(key="view:V2")
    await _restored(server, state)
    await worker.works(clock, 120)
    record = await worker.record(made.id)
    assert _runs(sandbox, clock)[made.remote.id or ""] == ("exited" if is_known else "running")
    assert worker.told.types.count("lease_questioned") == (0 if is_known else 1)
    assert record.past_in_doubt
    assert record.order is None
    assert other.remote.id in _runs(sandbox, clock)


async def test_a_start_under_way_on_a_restored_store_is_given_up_aloud(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, clock: TurnedClock
) -> None:
    made = await worker.made()
    await worker.works(clock, 90)
    await worker.lifecycle.carry_out((await worker.lifecycle.order(Verb.STOP, made.id, ADA, POLICY)).instance)
    await worker.works(clock, 90)
    await worker.lifecycle.order(Verb.START, made.id, ADA, POLICY)
    await worker.quiet()
    state = await _copied(server)
    await worker.made(key="view:V2")
    await _restored(server, state)
    await worker.works(clock, 60)
    record = await worker.record(made.id)
    assert _runs(sandbox, clock)[made.remote.id or ""] == "exited"
    assert sandbox.calls_of("start") == []
    assert record.last_order is not None
    assert (record.order, record.last_order.reason) == (None, "OUTDATED")
    assert "order_failed" in worker.told.types


async def test_a_store_put_back_while_the_second_clock_is_asked_ends_no_lease(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, clock: TurnedClock
) -> None:
    """The lease is over by the old record, which is read before and after the clock was wrong."""
    made = await worker.made(lease=timedelta(minutes=30))
    await worker.works(clock, 90)
    state = await _copied(server)
    await worker.lifecycle.extend(made.id, timedelta(hours=10), ADA, POLICY)
    await worker.works(clock, 10)
    clock.turn(minutes=40)
    short = await worker.made(key="view:V2", lease=timedelta(minutes=1))
    await worker.looks(clock, 70)
    clock.turn(minutes=2)
    sandbox.fail_next("clusters", Fault.slow(0.3))
    tending = asyncio.create_task(worker.lifecycle.run_due())
    await sandbox.wait_until(lambda: not sandbox.faults.queued[Endpoint.CLUSTERS])
    await _restored(server, state)
    await tending
    await worker.works(clock, 30)
    record = await worker.record(made.id)
    assert record.past_in_doubt
    assert (record.status, record.order) == (Status.RUNNING, None)
    assert _runs(sandbox, clock)[made.remote.id or ""] == "running"
    assert short.remote.id in _runs(sandbox, clock)


async def test_a_worker_that_starts_on_a_restored_store_knows_it_by_what_is_missing_there(
    worker: Process, sandbox: SandboxNovita, server: aioredis.Redis, redis_url: str, clock: TurnedClock
) -> None:
    made = await worker.made(lease=timedelta(minutes=30))
    await worker.works(clock, 90)
    state = await _copied(server)
    later = await worker.made(key="view:V2")
    await _restored(server, state)
    other = process(sandbox, redis_url, clock)
    await other.works(clock, 10)
    assert (await other.record(made.id)).past_in_doubt
    assert (await other.record(later.id)).intent.origin is Origin.LOST
    await other.close()


async def test_a_night_without_workers_puts_no_lease_in_doubt(
    worker: Process, sandbox: SandboxNovita, redis_url: str, clock: TurnedClock
) -> None:
    made = await worker.made(lease=timedelta(hours=2))
    await worker.works(clock, 90)
    clock.turn(hours=12)
    other = process(sandbox, redis_url, clock)
    await other.works(clock, 60)
    assert _runs(sandbox, clock) == {made.remote.id: "exited"}
    assert "lease_questioned" not in other.told.types
    await other.close()


@pytest.mark.parametrize(
    ("minutes", "is_embedded", "is_in_doubt"), [(9.9, False, False), (10.1, False, True), (600, True, False)]
)
async def test_a_server_started_long_after_the_last_look_may_have_been_filled_from_a_backup(
    worker: Process, server: aioredis.Redis, minutes: float, is_embedded: bool, is_in_doubt: bool
) -> None:
    made = await worker.made(lease=timedelta(hours=2))
    up_since = await worker.store.up_since()
    assert up_since is not None
    await server.hset("{gpu}:looked", "at", int(up_since - minutes * 60_000))
    await Continuity(worker.store, worker.unit_of_work, is_embedded=is_embedded).doubt_if_gone_back()
    assert (await worker.record(made.id)).past_in_doubt is is_in_doubt


async def test_a_lease_that_a_program_asked_for_is_asked_about_to_the_admins(
    worker: Process, clock: TurnedClock
) -> None:
    launch = await worker.begin(request(), owner=PROGRAM, key="api:1")
    made = await worker.launcher.finish(launch)
    await worker.works(clock, 90)
    record = await worker.record(made.instance_id)
    await worker.unit_of_work.update(record, transitions.doubted)
    clock.turn(seconds=USUAL_LEASE.total_seconds())
    await worker.works(clock, 20)
    assert set(await _strays(worker, clock, AlarmKind.LEASE_IN_DOUBT)) == {made.instance_id}


@pytest.mark.parametrize(
    ("status", "owner", "is_alarm"),
    [
        (Status.RUNNING, PROGRAM, True),
        (Status.STOPPED, PROGRAM, False),
        (Status.STOPPING, PROGRAM, False),
        (Status.RUNNING, ADA, False),
    ],
)
async def test_a_question_about_a_lease_stands_while_it_runs_and_no_person_can_be_asked(
    worker: Process, clock: TurnedClock, status: Status, owner: Actor, *, is_alarm: bool
) -> None:
    record = instance(owner=owner, status=status, novita_id="n-1", asked_at=clock.now())
    await worker.store.begin(record, [], clock.now())
    await worker.strays.settle_alarms()
    assert bool(await _strays(worker, clock, AlarmKind.LEASE_IN_DOUBT)) is is_alarm


def test_what_was_to_be_deleted_at_its_end_is_only_stopped_when_its_past_is_in_doubt(clock: TurnedClock) -> None:
    record = instance(
        request=request(lease_end=LeaseEnd.DELETE), status=Status.RUNNING, novita_id="n-1", past_in_doubt=True
    )
    asked = transitions.asked_or_stopped(record, clock.now())
    assert asked is not None
    assert asked[0].order is None
    stopped = transitions.asked_or_stopped(asked[0], clock.now())
    assert stopped is not None
    assert stopped[0].order is not None
    assert stopped[0].order.verb is Verb.STOP
